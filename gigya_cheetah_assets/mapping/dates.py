"""Dates and times as rules: what Gigya and people write, and how CheetahMail wants it. Reading ISO is in `moments`.

Month names are English whatever the machine's locale.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.mapping import moments
from gigya_cheetah_assets.mapping.moments import MOMENT
from gigya_cheetah_assets.mapping.text import once_each
from gigya_cheetah_assets.mapping.values import Checked, integer, wrong

# How CheetahMail writes its own: a DATE field as 01-Jan-2011, a time in exports as 14 digits.
DATE_FORMAT = "%d-%b-%Y"
DATETIME_FORMAT = "%Y%m%d%H%M%S"
_OFFSET = r"[T ].*[+-][0-9]{2}(:?[0-9]{2})?$"
_EPOCH = r"^-?[0-9]{9,14}$"
# Nobody with a Gigya account was born before: a year of two digits is no year.
_YEAR, _MONTH, _DAY = "^(19|[2-9][0-9])[0-9]{2}$", "^([1-9]|1[0-2])$", "^([1-9]|[12][0-9]|3[01])$"
_NO_TEXT = pa.scalar(None, pa.string())
_NO_MOMENT = pa.scalar(None, MOMENT)


def date(texts: pa.Array, input_format: str | None, output_format: str | None) -> Checked:
    """Days, as they are written: the time of day is dropped, and an offset does not move the day."""
    if input_format is None:
        texts = _day_as_written(texts)
    return _converted(texts, input_format, output_format or DATE_FORMAT)


def datetime(texts: pa.Array, input_format: str | None, output_format: str | None) -> Checked:
    """Moments in UTC."""
    return _converted(texts, input_format, output_format or DATETIME_FORMAT)


def from_parts(year: pa.Array, month: pa.Array, day: pa.Array, output_format: str | None) -> Checked:
    """A day from its three numbers: absent when all are, wrong when only some are or there is no such day."""
    absent = pc.and_(pc.and_(pc.is_null(year), pc.is_null(month)), pc.is_null(day))
    parts = (_padded(year, _YEAR, 4), _padded(month, _MONTH, 2), _padded(day, _DAY, 2))
    days = pc.binary_join_element_wise(*parts, "-")
    written = once_each(days, lambda some: written_as(_real_days(some), output_format or DATE_FORMAT))
    return written, pc.invert(pc.or_(absent, pc.is_valid(written)))


def _padded(numbers: pa.Array, pattern: str, width: int) -> pa.Array:
    """The whole numbers that fit the pattern, with leading zeros; null for all others."""
    return once_each(numbers, lambda some: pc.utf8_lpad(_within(integer(some, None)[0], pattern), width, "0"))


def _converted(texts: pa.Array, input_format: str | None, output_format: str) -> Checked:
    """The texts as moments in the output format; Gigya's "never" is absent."""
    if input_format is None:
        found = moments.from_iso(texts)
        left = pc.and_(pc.is_valid(texts), pc.is_null(found))
        if pc.any(left).as_py():
            found = pc.coalesce(found, _from_epoch(pc.if_else(left, texts, _NO_TEXT)))
            # The time of a login that never was (Gigya: lastLoginTimestamp).
            texts = pc.if_else(pc.equal(texts, "0"), _NO_TEXT, texts)
    else:
        parsed = pd.to_datetime(texts.to_pandas(), format=input_format, errors="coerce", utc=True)
        found = moments.from_pandas(parsed)
    bad = wrong(texts, pc.is_valid(found))
    return written_as(pc.if_else(moments.never(found), _NO_MOMENT, found), output_format), bad


def _day_as_written(texts: pa.Array) -> pa.Array:
    """Of real moments with an offset only the day; all else as it is."""
    offset = pc.fill_null(pc.match_substring_regex(texts, _OFFSET), False)
    if not pc.any(offset).as_py():
        return texts
    real = pc.and_(offset, pc.is_valid(moments.from_iso(texts)))
    return pc.if_else(real, pc.utf8_slice_codeunits(texts, 0, 10), texts)


def _from_epoch(texts: pa.Array) -> pa.Array:
    """Moments of epoch milliseconds."""
    numbers = _within(texts, _EPOCH).cast(pa.int64())
    return numbers.cast(pa.timestamp("ms")).cast(MOMENT)


def _within(texts: pa.Array, pattern: str) -> pa.Array:
    return pc.if_else(pc.match_substring_regex(texts, pattern), texts, _NO_TEXT)


def _real_days(texts: pa.Array) -> pa.Array:
    """Moments of `YYYY-MM-DD`; null for what is no such day: strptime would carry 31 February over."""
    days = pc.strptime(texts, format="%Y-%m-%d", unit="us", error_is_null=True)
    same = pc.equal(_number(pc.day(days), 2), pc.utf8_slice_codeunits(texts, 8, 10))
    return pc.if_else(pc.fill_null(same, False), days, _NO_MOMENT)


def written_as(found: pa.Array, output_format: str) -> pa.Array:
    """Moments as strftime would write them, with English month names; from pieces, a twentieth of strftime's time."""
    found = found.cast(pa.timestamp("s"), safe=False)
    tokens = re.findall("%.|[^%]+", output_format)
    if any(token.startswith("%") and token not in _PIECES for token in tokens):
        return pc.strftime(found, format=output_format, locale="C")
    pieces = [_PIECES[token](found) if token in _PIECES else token for token in tokens]
    return pc.binary_join_element_wise(*pieces, "")


def _number(values: pa.Array, width: int) -> pa.Array:
    return pc.utf8_lpad(values.cast(pa.string()), width, "0")


def _names_of(number: Callable[[pa.Array], pa.Array], width: int) -> Callable[[pa.Array], pa.Array]:
    """Small numbers as texts of a fixed width, from a table: a fifth of the time of writing each."""
    texts = pa.array([str(value).zfill(width) for value in range(10**width)], pa.string())
    return lambda found: texts.take(number(found))


_MONTHS = pa.array(["", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"])
_PIECES: dict[str, Callable[[pa.Array], pa.Array]] = {
    "%Y": _names_of(pc.year, 4),
    "%m": _names_of(pc.month, 2),
    "%d": _names_of(pc.day, 2),
    "%H": _names_of(pc.hour, 2),
    "%M": _names_of(pc.minute, 2),
    "%S": _names_of(pc.second, 2),
    "%b": lambda found: _MONTHS.take(pc.month(found)),
}
