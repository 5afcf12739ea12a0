"""Tables of strings -> bytes of a JSON lines file: one object a row, all its columns in their order, as texts.

An absent value is "", as it is an empty cell in a delimited file. The bytes are those of Python's `json.dumps` without
spaces and with letters of any script as they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.cheetahmail.delimited import cell_bytes
from gigya_cheetah_assets.config.files import ImportFileDefaults

_ROWS = 16_384
_SPECIAL = '[\\x00-\\x1f"\\\\]'
_LINE_ENDS = {"lf": "\n", "crlf": "\r\n"}


class JsonLines:
    """Writes lines in one layout; only its line end counts."""

    def __init__(self, layout: ImportFileDefaults) -> None:
        self._end = _LINE_ENDS[layout.line_end]

    def header(self, columns: Sequence[str]) -> bytes:  # noqa: ARG002 - one signature for both formats
        """Nothing: every line names its columns."""
        return b""

    def lines(self, table: pa.Table) -> Iterator[bytes]:
        """The table's rows as lines, in pieces of bounded size."""
        names = [json.dumps(name, ensure_ascii=False) for name in table.column_names]
        starts = [f"{'{' if number == 0 else ','}{name}:" for number, name in enumerate(names)]
        for start in range(0, len(table), _ROWS):
            parts: list[object] = []
            for begin, column in zip(starts, table.slice(start, _ROWS).columns, strict=True):
                parts += [begin + '"', _escaped(column.combine_chunks()), '"']
            yield bytes(cell_bytes(pc.binary_join_element_wise(*parts, "}" + self._end, "")))


def _escaped(cells: pa.Array) -> pa.Array:
    cells = pc.fill_null(cells.cast(pa.string()), "")
    special = pc.match_substring_regex(cells, _SPECIAL)
    if not pc.any(special).as_py():
        return cells
    texts = [json.dumps(text, ensure_ascii=False)[1:-1] for text in cells.filter(special).to_pylist()]
    return pc.replace_with_mask(cells, special, pa.array(texts, pa.string()))
