"""Dates and times: what Gigya and people write, and how CheetahMail wants it.

Gigya writes ISO with any number of fraction digits, epoch milliseconds, and the year 0001 for never; a time without
a zone is UTC (Gigya, date fields). Month names are English whatever the machine's locale.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.mapping.values import Checked, integer, wrong

# How CheetahMail writes its own: a DATE field as 01-Jan-2011, a time in exports as 14 digits.
DATE_FORMAT = "%d-%b-%Y"
DATETIME_FORMAT = "%Y%m%d%H%M%S"
_ISO = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:.,]+([zZ]|[+-][0-9:]+)?)?$"
_ISO_UTC = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z$"
_EPOCH = r"^-?[0-9]{9,14}$"
_NEVER = "0001-01-01"


def date(texts: pa.Array, input_format: str | None, output_format: str | None) -> Checked:
    """Days; the time of day is dropped."""
    return _moments(texts, input_format, output_format or DATE_FORMAT)


def datetime(texts: pa.Array, input_format: str | None, output_format: str | None) -> Checked:
    """Moments in UTC."""
    return _moments(texts, input_format, output_format or DATETIME_FORMAT)


def from_parts(year: pa.Array, month: pa.Array, day: pa.Array, output_format: str | None) -> Checked:
    """A day from its three numbers: absent when all are, wrong when only some are or there is no such day."""
    absent = pc.and_(pc.and_(pc.is_null(year), pc.is_null(month)), pc.is_null(day))
    texts = [pc.utf8_lpad(integer(part, None)[0], width, "0") for part, width in ((year, 4), (month, 2), (day, 2))]
    days = _strict(pc.binary_join_element_wise(*texts, "-"), "%Y-%m-%d")
    return _written(days, output_format or DATE_FORMAT), pc.invert(pc.or_(absent, pc.is_valid(days)))


def _moments(texts: pa.Array, input_format: str | None, output_format: str) -> Checked:
    texts = pc.if_else(pc.starts_with(texts, _NEVER), pa.scalar(None, pa.string()), texts)
    if input_format is not None:
        moments = _seconds(pd.to_datetime(texts.to_pandas(), format=input_format, errors="coerce", utc=True))
    else:
        moments = _iso_in_utc(texts)
        other = pc.and_(pc.is_valid(texts), pc.is_null(moments))
        if pc.any(other).as_py():
            moments = pc.replace_with_mask(moments, other, _read_leniently(texts.filter(other)))
    return _written(moments, output_format), wrong(texts, pc.is_valid(moments))


def _iso_in_utc(texts: pa.Array) -> pa.Array:
    """What nearly all times look like, `2021-03-04T09:15:22.1Z`, in Arrow's kernels; null for all others."""
    plain = pc.if_else(pc.match_substring_regex(texts, _ISO_UTC), texts, pa.scalar(None, pa.string()))
    return _strict(pc.utf8_slice_codeunits(plain, 0, 19), "%Y-%m-%dT%H:%M:%S")


def _strict(texts: pa.Array, shape: str) -> pa.Array:
    """Moments (seconds) of texts of one shape; null for what is no such day: strptime would carry 31 February over."""
    moments = pc.strptime(texts, format=shape, unit="s", error_is_null=True)
    same_day = pc.equal(_number(pc.day(moments), 2), pc.utf8_slice_codeunits(texts, 8, 10))
    return pc.if_else(pc.fill_null(same_day, False), moments, pa.scalar(None, pa.timestamp("s")))


def _read_leniently(texts: pa.Array) -> pa.Array:
    """ISO with or without time, fraction and zone, or epoch milliseconds."""
    series = texts.to_pandas()
    iso = series.where(pc.match_substring_regex(texts, _ISO).to_pandas())
    moments = _seconds(pd.to_datetime(iso, format="ISO8601", errors="coerce", utc=True))
    numbers = pd.to_numeric(series.where(pc.match_substring_regex(texts, _EPOCH).to_pandas()), errors="coerce")
    return pc.coalesce(moments, _seconds(pd.to_datetime(numbers, unit="ms", errors="coerce", utc=True)))


def _seconds(moments: pd.Series) -> pa.Array:
    return pa.array(moments.dt.tz_localize(None)).cast(pa.timestamp("s"), safe=False)


def _written(moments: pa.Array, output_format: str) -> pa.Array:
    """As strftime would, with English month names; put together from pieces, a twentieth of strftime's time."""
    tokens = re.findall("%.|[^%]+", output_format)
    if any(token.startswith("%") and token not in _PIECES for token in tokens):
        return pc.strftime(moments, format=output_format, locale="C")
    pieces = [_PIECES[token](moments) if token in _PIECES else token for token in tokens]
    return pc.binary_join_element_wise(*pieces, "")


def _number(values: pa.Array, width: int) -> pa.Array:
    return pc.utf8_lpad(values.cast(pa.string()), width, "0")


def _month_name(moments: pa.Array) -> pa.Array:
    return pa.array(["", *_MONTHS]).take(pc.month(moments))


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_PIECES: dict[str, Callable[[pa.Array], pa.Array]] = {
    "%Y": lambda moments: _number(pc.year(moments), 4),
    "%m": lambda moments: _number(pc.month(moments), 2),
    "%d": lambda moments: _number(pc.day(moments), 2),
    "%H": lambda moments: _number(pc.hour(moments), 2),
    "%M": lambda moments: _number(pc.minute(moments), 2),
    "%S": lambda moments: _number(pc.second(moments), 2),
    "%b": _month_name,
}
