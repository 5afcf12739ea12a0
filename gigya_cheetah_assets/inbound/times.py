"""Times of the files: 14 digits without a zone, read in the feed's.

CheetahMail writes `YYYYMMDDHH24MISS`, sometimes with more behind it (exports of several customers). An hour that the
clock shows twice, or never, is read so that consent errs on the safe side: the earlier moment for an opt-in and for
everything that may lose, the later one for an opt-out. So is a day without a time, and so is a second, since Gigya
tells milliseconds: an opt-out of the same second as an opt-in is not provably earlier.
"""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.mapping.values import each

_DIGITS = "^[0-9]{14}"
_DAY = re.compile(r"(\d{4})(-?)(\d{2})\2(\d{2})(?:[T ](\d{2}):(\d{2}):(\d{2}))?\Z", re.ASCII)
_ENGLISH = re.compile(r"(\d{2})-([A-Za-z]{3})-(\d{4})(?: (\d{2}):(\d{2}):(\d{2}))?\Z", re.ASCII)
_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_REST_OF_A_SECOND = 999
_MONTHS = {name: f"{number:02d}" for number, name in enumerate(_NAMES, 1)}


def moments(texts: pa.Array, time_zone: str, *, late: bool) -> tuple[pa.Array, pa.Array]:
    """Epoch milliseconds, null where there is none, and which present texts are no time.

    Args:
        texts: 14 digits and whatever follows, 8 digits, ISO without a zone, or `01-Jan-2026` with or without a time.
        time_zone: Of these times.
        late: Which moment counts where several could: the later one (of an opt-out) or the earlier one.
    """
    none = pa.scalar(None, pa.string())
    full = pc.fill_null(pc.match_substring_regex(texts, _DIGITS), False)
    digits = pc.utf8_slice_codeunits(pc.if_else(full, texts, none), 0, 14)
    there = pc.fill_null(pc.not_equal(texts, ""), False)
    other = pc.and_(there, pc.invert(full))
    whole_day = "235959" if late else "000000"
    if pc.any(other).as_py():
        digits = pc.replace_with_mask(digits, other, each(texts.filter(other), lambda text: _digits(text, whole_day)))
    local = pc.strptime(digits, format="%Y%m%d%H%M%S", unit="ms", error_is_null=True)
    # strptime carries 30 February over to March.
    day = pc.utf8_lpad(pc.day(local).cast(pa.string()), 2, "0")
    same_day = pc.equal(day, pc.utf8_slice_codeunits(digits, 6, 8))
    local = pc.if_else(pc.fill_null(same_day, False), local, pa.scalar(None, pa.timestamp("ms")))
    which = "latest" if late else "earliest"
    at = pc.assume_timezone(local, time_zone, ambiguous=which, nonexistent=which).cast(pa.int64())
    at = pc.if_else(pc.fill_null(pc.greater_equal(at, 0), False), at, pa.scalar(None, pa.int64()))
    at = pc.add(at, _REST_OF_A_SECOND) if late else at
    return at, pc.and_(there, pc.is_null(at))


def _digits(text: str, whole_day: str) -> str:
    found = _DAY.match(text)
    if found:
        return found[1] + found[3] + found[4] + ("".join(found.group(5, 6, 7)) if found[5] else whole_day)
    found = _ENGLISH.match(text)
    if found is None or found[2].lower() not in _MONTHS:
        return ""
    time = "".join(found.groups()[3:]) if found[4] else whole_day
    return found[3] + _MONTHS[found[2].lower()] + found[1] + time
