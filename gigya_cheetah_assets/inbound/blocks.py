"""The fast way: a block of text cut into records by NumPy, the clean ones read by Arrow, the odd ones one by one.

The same rules as in `scan`, for whole blocks. Quotes that open at the start of a cell and close at its end turn "inside
or outside" with every one of them, so counting quotes tells which line ends and delimiters count. A block in which a
quote stands elsewhere, or with a record beyond the limit, goes the exact way as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pa_csv

from gigya_cheetah_assets.inbound.scan import REPLACEMENT

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]
_LF, _CR, _TAB, _QUOTE, _DEL, _EOF = 10, 13, 9, 34, 127, 26
_TRAILING = "\x00trailing"


@dataclass(frozen=True)
class Cut:
    """The complete records of a block.

    Attributes:
        starts: Where each begins.
        stops: Where the text of each ends.
        ends: Where the line end of each ends; the next record begins there.
        lines: Line of each, counted from 0 at the begin of the block.
        line_ends: Line ends in all of them.
        odd: Which of them need the exact way.
        trailing: Whether the others have one empty cell too many, behind a trailing delimiter.
    """

    starts: Places
    stops: Places
    ends: Places
    lines: Places
    line_ends: int
    odd: npt.NDArray[np.bool_]
    trailing: bool


def cut(data: bytes, delimiter: bytes, *, width: int, longest: int, longest_record: int, final: bool) -> Cut | None:
    """The records of a block that are complete in it, and which of them are odd.

    Args:
        data: UTF-8, valid or not, from the start of a record on.
        delimiter: One byte.
        width: Cells of a record.
        longest: Characters of a cell.
        longest_record: Bytes of a record.
        final: Whether nothing follows; the data ends with a line end then.

    Returns:
        None when only the exact way can tell.
    """
    buf = np.frombuffer(data, np.uint8)
    quotes = np.flatnonzero(buf == _QUOTE)
    if not _quotes_are_plain(buf, quotes, delimiter[0]):
        return None
    breaks = _line_ends(buf, final=final)
    closing = _outside(breaks, quotes)
    if not len(closing):
        return None
    ends = closing + 1
    starts = np.concatenate((np.zeros(1, np.int64), ends[:-1]))
    stops = closing - ((buf[closing] == _LF) & (closing > starts) & (buf[closing - 1] == _CR))
    lengths = stops - starts
    if lengths.max() > longest_record:
        return None
    buf = buf[: ends[-1]]
    marks = _outside(np.flatnonzero(buf == delimiter[0]), quotes)
    counts = np.diff(np.searchsorted(marks, ends), prepend=0)
    behind = (counts == width) & (lengths > 0) & (buf[np.maximum(stops - 1, 0)] == delimiter[0])
    trailing = bool(behind.sum() > (counts == width - 1).sum())
    odd = ~behind if trailing else counts != width - 1
    odd |= lengths > longest
    for places in _odd_bytes(data, buf, ends):
        odd[places] = True
    lines = np.searchsorted(breaks, starts)
    return Cut(starts, stops, ends, lines, int(np.searchsorted(breaks, ends[-1])), odd, trailing)


def clean_table(data: bytes, records: Cut, names: tuple[str, ...], delimiter: str, columns: list[str]) -> pa.Table:
    """The texts of the records that are not odd."""
    if not records.odd.any():
        clean: bytes | memoryview = memoryview(data)[: records.ends[-1]]
    else:
        clean = _without_odd(data, records)
    schema = {name: pa.string() for name in columns}
    if not len(clean):
        return pa.table({name: pa.array([], pa.string()) for name in columns})
    return pa_csv.read_csv(
        pa.BufferReader(pa.py_buffer(clean)),
        read_options=pa_csv.ReadOptions(
            use_threads=False,
            block_size=len(clean) + 1,
            column_names=[*names, *([_TRAILING] if records.trailing else [])],
        ),
        parse_options=pa_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        # Encoding was looked at before; an empty cell is an empty text and never null.
        convert_options=pa_csv.ConvertOptions(
            check_utf8=False, column_types=schema, include_columns=columns, null_values=[], strings_can_be_null=False
        ),
    )


def _without_odd(data: bytes, records: Cut) -> bytes:
    """The records between the odd ones."""
    odd = np.flatnonzero(records.odd)
    begins = np.concatenate((np.zeros(1, np.int64), records.ends[odd]))
    stops = np.concatenate((records.starts[odd], records.ends[-1:]))
    return b"".join([data[a:b] for a, b in zip(begins.tolist(), stops.tolist(), strict=True)])


def _quotes_are_plain(buf: Bytes, quotes: Places, delimiter: int) -> bool:
    """Whether each quote opens a cell at its start, closes it at its end, or is one of a doubled pair."""
    if not len(quotes):
        return True
    edges = np.zeros(256, np.bool_)
    edges[[delimiter, _LF, _CR, _QUOTE]] = True
    before = edges[buf[np.maximum(quotes - 1, 0)]] | (quotes == 0)
    after = edges[buf[np.minimum(quotes + 1, len(buf) - 1)]] | (quotes == len(buf) - 1)
    # A quote before an opening one must be the closing half of a pair, so it is a neighbour in the list.
    return bool(before[0::2].all() and after[1::2].all())


def _line_ends(buf: Bytes, *, final: bool) -> Places:
    """The last byte of each LF, CRLF and CR; a CR at the very end may be half of one."""
    feeds = np.flatnonzero(buf == _LF)
    returns = np.flatnonzero(buf == _CR)
    if not len(returns):
        return feeds
    if returns[-1] == len(buf) - 1 and not final:
        returns = returns[:-1]
    alone = buf[np.minimum(returns + 1, len(buf) - 1)] != _LF
    alone[returns == len(buf) - 1] = True
    lone = returns[alone]
    return np.sort(np.concatenate((feeds, lone))) if len(lone) else feeds


def _outside(places: Places, quotes: Places) -> Places:
    """Those that are not inside quotes."""
    return places[np.searchsorted(quotes, places) % 2 == 0] if len(quotes) else places


def _odd_bytes(data: bytes, buf: Bytes, ends: Places) -> list[Places]:
    """Numbers of the records with control characters, bytes that are no UTF-8, or the replacement character."""
    found = []
    low = buf < 32
    fine = np.count_nonzero(buf == _LF) + np.count_nonzero(buf == _CR) + np.count_nonzero(buf == _TAB)
    if np.count_nonzero(low) != fine:
        found.append(low & (buf != _LF) & (buf != _CR) & (buf != _TAB))
    if data.find(b"\x7f") >= 0:
        found.append(buf == _DEL)
    odd = [np.searchsorted(ends, np.flatnonzero(mask), side="right") for mask in found]
    if not data.isascii():
        odd.append(_undecodable(data, buf, ends))
    return odd


def _undecodable(data: bytes, buf: Bytes, ends: Places) -> Places:
    try:
        whole = data[: ends[-1]].decode()
    except UnicodeDecodeError:
        pass
    else:
        if REPLACEMENT.decode() not in whole:
            return np.zeros(0, np.int64)
    # Without a byte order mark U+FFFD and all that is invalid have bytes from 0x80 on.
    return np.unique(np.searchsorted(ends, np.flatnonzero(buf >= 128), side="right"))
