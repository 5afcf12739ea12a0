"""The record filter: which profiles go on. The others are counted as filtered, not as rejected."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.config import RecordFilter
from gigya_cheetah_assets.mapping.functions import mask_by
from gigya_cheetah_assets.mapping.text import clean


def kept(profiles: pa.Table, conditions: Sequence[RecordFilter]) -> pa.Array:
    """A mask over the profiles: all conditions hold. An absent value fulfils only `present: false` and `not_in`."""
    mask = pa.repeat(pa.scalar(True), len(profiles))
    for condition in conditions:
        mask = pc.and_(mask, pc.fill_null(_holds(profiles, condition), False))
    return mask


def _holds(profiles: pa.Table, condition: RecordFilter) -> pa.Array:
    if condition.function is not None:
        return mask_by(condition.function, profiles.to_pandas())
    column = profiles[str(condition.gigya)].combine_chunks()
    if pa.types.is_list(column.type):
        column = pc.binary_join(column, "|")
    texts = clean(column)
    texts = pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
    if condition.present is not None:
        return pc.equal(pc.is_valid(texts), condition.present)
    if condition.equals is not None:
        return pc.equal(texts, condition.equals)
    if condition.in_ is not None:
        return pc.is_in(texts, value_set=pa.array(condition.in_))
    if condition.not_in is not None:
        return pc.invert(pc.is_in(texts, value_set=pa.array(condition.not_in)))
    return pc.match_substring_regex(texts, f"^(?:{condition.matches})$")
