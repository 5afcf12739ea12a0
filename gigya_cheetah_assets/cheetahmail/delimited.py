"""Tables of strings -> bytes of a delimited file. Files, compression and names are in `import_file`.

A cell is quoted by the rules of RFC 4180, or wherever it holds a delimiter, a quote or a line break of any kind; a
quote inside is doubled. pyarrow's own CSV writer is not used: its quoting is either all strings or none.
Lines are joined by pyarrow's kernels instead, a column at a time, which costs no more.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.config.files import ImportFileDefaults
from gigya_cheetah_assets.errors import ConfigError, RefuseFile

# Bounds the memory of the joined lines and keeps them in the cache.
_ROWS = 16_384
_LINE_ENDS = {"lf": "\n", "crlf": "\r\n"}


class DelimitedText:
    """Writes lines in one layout; its encoder remembers whether a byte order mark was written.

    Raises:
        ConfigError: The delimiter is a quote or a line break.
    """

    def __init__(self, layout: ImportFileDefaults) -> None:
        if layout.delimiter in '"\r\n':
            raise ConfigError(
                [f"import file: expected a delimiter that is no quote and no line break, found {layout.delimiter!r}"],
                next_step="set import_files.defaults.delimiter to , or ; or | or a tab",
            )
        self._layout = layout
        self._end = _LINE_ENDS[layout.line_end]
        self._special = tuple(text.encode() for text in (layout.delimiter, '"', "\r", "\n"))
        self._pattern = f'[{re.escape(layout.delimiter)}"\r\n]'
        self._utf8 = codecs.lookup(layout.encoding).name == "utf-8"
        self._encoder = codecs.getincrementalencoder(layout.encoding)()

    def header(self, columns: Sequence[str]) -> bytes:
        """The header line, quoted by the same rules as the cells; nothing when the layout has none."""
        if not self._layout.header:
            return b""
        names = pa.table([pa.array([name], pa.string()) for name in columns], names=list(columns))
        return b"".join(self.lines(names))

    def lines(self, table: pa.Table) -> Iterator[bytes]:
        """The table's rows as lines, in pieces of bounded size; null and "" are empty cells.

        Raises:
            RefuseFile: A cell holds a character that the encoding lacks.
        """
        for start in range(0, len(table), _ROWS):
            piece = table.slice(start, _ROWS)
            cells = [self._quoted(column.combine_chunks(), piece.num_columns == 1) for column in piece.columns]
            joined = pc.binary_join_element_wise(*cells, self._layout.delimiter)
            yield self._encoded(cell_bytes(pc.binary_join_element_wise(joined, "", self._end)))

    def _quoted(self, cells: pa.Array, alone: bool) -> pa.Array:
        cells = pc.fill_null(cells.cast(pa.string()), "")
        if self._layout.quoting == "all":
            wanted = pa.scalar(value=True)
        elif alone:
            # The line of one empty cell would be blank, which readers skip.
            wanted = pc.or_(pc.match_substring_regex(cells, self._pattern), pc.equal(cells, ""))
        else:
            # Most columns hold nothing special: one look at their bytes is far quicker than one at each cell.
            data = bytes(cell_bytes(cells))
            if not any(special in data for special in self._special):
                return cells
            wanted = pc.match_substring_regex(cells, self._pattern)
        doubled = pc.replace_substring(cells, '"', '""')
        return pc.if_else(wanted, pc.binary_join_element_wise('"', doubled, '"', ""), cells)

    def _encoded(self, data: memoryview) -> bytes:
        if self._utf8:
            return bytes(data)
        try:
            return self._encoder.encode(str(data, "utf-8"))
        except UnicodeEncodeError as error:
            raise RefuseFile(
                f"expected texts that {self._layout.encoding} can hold, found U+{ord(error.object[error.start]):04X}",
                next_step="set encoding: utf-8 for this file, or let the mapping blank what does not fit",
            ) from None


def cell_bytes(cells: pa.Array) -> memoryview:
    """The bytes of an array's texts, one after another."""
    _, offsets, data = cells.buffers()
    if data is None or not len(cells):
        return memoryview(b"")
    ends = memoryview(offsets).cast("i")
    return memoryview(data)[ends[cells.offset] : ends[cells.offset + len(cells)]]
