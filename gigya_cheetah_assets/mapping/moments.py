"""Reading ISO times, as Gigya writes them: any number of fraction digits, with or without time and zone.

A time without a zone is UTC (Gigya, date fields). The year 0001 is Gigya's "never" and counts as absent.
"""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

MOMENT = pa.timestamp("us")
_ISO = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]*)?)?([zZ]|[+-][0-9]{2}(:?[0-9]{2})?)?)?$"


def is_iso(texts: pa.Array) -> pa.Array:
    """Which texts look like ISO dates or times, whether or not there is such a day."""
    return pc.match_substring_regex(texts, _ISO)


def from_iso(texts: pa.Array) -> pa.Array:
    """Moments in UTC without a zone; null for what is no ISO time and for days that do not exist."""
    for kind in (pa.timestamp("us", "UTC"), pa.date32()):
        try:
            # All alike, as they nearly always are: Arrow reads them ten times faster than pandas.
            return pc.cast(pc.cast(texts, kind), MOMENT)
        except pa.ArrowInvalid:
            continue
    iso = pc.if_else(is_iso(texts), texts, pa.scalar(None, pa.string()))
    return from_pandas(pd.to_datetime(iso.to_pandas(), format="ISO8601", errors="coerce", utc=True))


def from_pandas(moments: pd.Series) -> pa.Array:
    """Moments of a Series in UTC."""
    return pa.array(moments.dt.tz_localize(None).astype("datetime64[us]")).cast(MOMENT)


def never(moments: pa.Array) -> pa.Array:
    """Which moments are Gigya's "never"."""
    return pc.fill_null(pc.equal(pc.year(moments), 1), False)


def milliseconds(texts: list[str | None]) -> pa.Array:
    """Epoch milliseconds of ISO times; null where there is none, or never, or none that can be read."""
    if not any(texts):
        return pa.nulls(len(texts), pa.int64())
    moments = from_iso(pa.array(texts, pa.string()))
    known = pc.if_else(never(moments), pa.scalar(None, MOMENT), moments)
    return known.cast(pa.timestamp("ms"), safe=False).cast(pa.int64())
