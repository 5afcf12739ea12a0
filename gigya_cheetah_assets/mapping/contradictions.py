"""What single fields can't know: whether all fields and filters of a table fit together and can be carried out.

Every finding here would otherwise show as a column that is silently empty, or as a failure in the middle of a run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.config import FieldConfig
from gigya_cheetah_assets.config.forms import form_of

if TYPE_CHECKING:
    from gigya_cheetah_assets.mapping.field_table import FieldTable

# What strftime writes alike on every machine.
DIRECTIVES = frozenset("YymdHIMSpbBaAjFTDe%")
_NO_TEXTS = pa.array([""], pa.string())


def contradictions(table: FieldTable) -> Iterator[str]:
    """Each contradiction in words: where, and what was expected."""
    yield from _of_paths(table)
    yield from _of_subscriptions(table)
    if not table.email.paths or table.email.join is not None:
        yield f"fields: {table.email.cheetahmail}: expected type email on a path, without join"
    for field in table.fields:
        yield from (f"fields: {field.cheetahmail}: {problem}" for problem in _of_rules(field))
    for number, condition in enumerate(table.record_filter, start=1):
        if condition.matches is not None:
            yield from (f"record_filter {number}: {problem}" for problem in _of_pattern(condition.matches, ""))


def _of_paths(table: FieldTable) -> Iterator[str]:
    scalars = {path for f in table.fields if f.join is None for path in f.paths}
    for path in sorted(scalars & table.list_paths):
        yield f"fields: {path}: expected join on all fields of one path, or on none"
    for path in table.paths:
        inner = [other for other in table.paths if other.startswith(f"{path}.")]
        if inner and path not in table.dated_paths:
            yield f"fields: {path} is an object that holds {inner[0]}: expected the path of a value in it"


def _of_subscriptions(table: FieldTable) -> Iterator[str]:
    for path in table.paths:
        if form_of(path) == "communication" and path not in table.communication_paths:
            yield f"{path}: communications are read by fields of type subscription only"
    for path in table.subscription_parts:
        if path.endswith(".email"):
            yield f"{path} is a subscription: expected a field of type subscription that reads it, or a part of it"
    for field in table.subscriptions:
        if field.join is not None:
            yield f"fields: {field.cheetahmail}: a subscription is no array, expected no join"
        other = table.dated_paths.get(field.paths[0], field)
        for rule in ("double_opt_in", "min_version", "min_date", "topic_channel_id"):
            if getattr(field, rule) != getattr(other, rule):
                yield f"fields: {field.paths[0]}: expected the same {rule} on all fields that read it"


def _of_rules(field: FieldConfig) -> Iterator[str]:
    for rule in field.replace:
        yield from _of_pattern(rule.pattern, rule.with_)
    if field.type in ("date", "datetime") and field.format is not None:
        unknown = [mark for mark in re.findall("%(.?)", field.format) if mark not in DIRECTIVES or not mark]
        if unknown:
            yield f"format {field.format}: %{unknown[0]} is unknown, expected some of %{' %'.join(sorted(DIRECTIVES))}"
    if field.input_format is not None:
        try:
            pd.to_datetime(pd.Series(["?"]), format=field.input_format, errors="coerce")
        except ValueError as error:
            yield f"input_format {field.input_format}: {error}"


def _of_pattern(pattern: str, replacement: str) -> Iterator[str]:
    """Patterns are RE2's: it knows neither look-around nor back-references in a pattern, and never runs away."""
    try:
        pc.replace_substring_regex(_NO_TEXTS, pattern, replacement)
    except pa.ArrowInvalid as error:
        yield f"pattern {pattern}: expected RE2 syntax ({error})"
