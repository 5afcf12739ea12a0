"""Dates and times: what Gigya and people write, and how CheetahMail wants it.

Gigya writes ISO with any number of fraction digits, epoch milliseconds, and the year 0001 for never; a time without
a zone is UTC (Gigya, date fields). Month names are English whatever the machine's locale.
"""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.mapping.values import Checked, wrong

# How CheetahMail writes its own: a DATE field as 01-Jan-2011, a time in exports as 14 digits.
DATE_FORMAT = "%d-%b-%Y"
DATETIME_FORMAT = "%Y%m%d%H%M%S"
_ISO = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:.,]+([zZ]|[+-][0-9:]+)?)?$"
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
    parts = pd.DataFrame({"year": _number(year), "month": _number(month), "day": _number(day)})
    absent = pa.array([year, month, day][0].is_null())
    for part in (month, day):
        absent = pc.and_(absent, part.is_null())
    parsed = pd.to_datetime(parts, errors="coerce")
    return _written(parsed, output_format or DATE_FORMAT), pc.invert(pc.or_(absent, pa.array(parsed.notna())))


def _moments(texts: pa.Array, input_format: str | None, output_format: str) -> Checked:
    texts = pc.if_else(pc.starts_with(texts, _NEVER), pa.scalar(None, pa.string()), texts)
    series = texts.to_pandas()
    if input_format is not None:
        parsed = pd.to_datetime(series, format=input_format, errors="coerce", utc=True)
    else:
        iso = series.where(pc.fill_null(pc.match_substring_regex(texts, _ISO), False).to_pandas())
        parsed = pd.to_datetime(iso, format="ISO8601", errors="coerce", utc=True)
        epoch = pc.fill_null(pc.match_substring_regex(texts, _EPOCH), False)
        if pc.any(epoch).as_py():
            numbers = pd.to_numeric(series.where(epoch.to_pandas()), errors="coerce")
            moments = pd.to_datetime(numbers, unit="ms", errors="coerce", utc=True)
            # pandas picks a unit by what it reads; only equal units may be combined.
            parsed = parsed.dt.as_unit("ms").fillna(moments.dt.as_unit("ms"))
    fine = pa.array(parsed.notna())
    return _written(parsed.dt.tz_localize(None), output_format), wrong(texts, fine)


def _written(moments: pd.Series, output_format: str) -> pa.Array:
    return pc.strftime(pa.array(moments).cast(pa.timestamp("s"), safe=False), format=output_format, locale="C")


def _number(texts: pa.Array) -> pd.Series:
    return pd.to_numeric(texts.to_pandas(), errors="coerce")
