"""A filter held against the site's schema, before the site is asked: every finding with what to do about it.

What each operator does with each type: Gigya, accounts.search; encrypted fields know only equality.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches

from gigya_cheetah_assets.errors import ConfigError
from gigya_cheetah_assets.gigya.schema import Kind, SiteField, SiteSchema
from gigya_cheetah_assets.grammar import Condition
from gigya_cheetah_assets.grammar.logic import singles
from gigya_cheetah_assets.grammar.nodes import Compare, Contains, In, IsNull, Regex, Single, Value

_COMMUNICATIONS = ("communications.", "identities.", "groups.", "internal.")
_WORDS: dict[Kind, str] = {"text": "a text", "number": "a number", "date": "a date", "flag": "true or false"}
_SPELLED: dict[Kind, str] = {
    "text": 'put the value in quotes: = "gold"',
    "number": "write the number without quotes, or a date as {now-90d:ms}",
    "date": 'write ISO text in quotes, "2026-01-31", or a date such as {now-90d}',
    "flag": "compare with true or false, without quotes",
}
_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ].*)?")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def refuse_unfit(sync: str, segment: str, condition: Condition, schema: SiteSchema) -> None:
    """Stops when the site cannot answer the filter.

    Raises:
        ConfigError: Names every condition that it cannot, the cause and the next step.
    """
    found = list(problems(condition, schema))
    if found:
        raise ConfigError(
            [f"{sync}: segments, {segment}: where: {problem}" for problem in found],
            next_step="mend the filter in the sync file; the fields are those of the site's schema in Gigya's console",
        )


def problems(condition: Condition, schema: SiteSchema) -> Iterator[str]:
    """What of a filter the site cannot answer, a line each; no value of the filter is in it."""
    for single in singles(condition):
        field = schema.fields.get(single.path)
        if field is None:
            yield _unknown(single.path, schema)
        elif field.search == "never":
            yield (
                f"{single.path} is encrypted so that Gigya cannot search it at all. Use another field, or copy "
                "what the segment needs into a field of its own"
            )
        else:
            yield from _encrypted(single) if field.search == "encrypted" else ()
            yield from _types(single, field)


def _unknown(path: str, schema: SiteSchema) -> str:
    if path.startswith(_COMMUNICATIONS):
        return (
            f"{path}: accounts cannot be searched by {path.partition('.')[0]}. Use preferences, subscriptions "
            "or a data field that holds the same"
        )
    if schema.is_object(path):
        return f"{path} is an object that holds fields. Name one of them, such as {_first_below(path, schema)}"
    near = get_close_matches(path, schema.fields, n=2, cutoff=0.75)
    hint = f"did you mean {' or '.join(near)}? Letter case counts" if near else "look at the site's schema"
    return f"{path}: the site has no such field; {hint}"


def _first_below(path: str, schema: SiteSchema) -> str:
    return next(name for name in schema.fields if name.startswith(f"{path}."))


def _encrypted(single: Single) -> Iterator[str]:
    """Only =, != and contains with the full value; whether there is a value may be asked of any field."""
    if isinstance(single, IsNull | Contains) or (isinstance(single, Compare) and single.operator in ("=", "!=")):
        return
    if isinstance(single, In):
        yield f"{single.path} is encrypted and knows no `in`. Write one = for each value, joined by OR"
    elif isinstance(single, Regex):
        yield f"{single.path} is encrypted and knows no regex. Use = or contains with the full value"
    else:
        yield f"{single.path} is encrypted and knows no {single.operator}. Use =, != or contains with the full value"


def _types(single: Single, field: SiteField) -> Iterator[str]:
    if isinstance(single, IsNull):
        return
    if isinstance(single, Regex):
        if field.kind != "text":
            yield f"{single.path} is {_WORDS[field.kind]}, and regex is for text. Compare with =, < or >"
        return
    if isinstance(single, Compare) and field.kind == "flag" and single.operator not in ("=", "!="):
        yield f"{single.path} is true or false and has no order. Use = or !="
        return
    values = single.values if isinstance(single, In) else (single.value,)
    if not all(_fits(value, field.kind) for value in values):
        yield f"{single.path} is {_WORDS[field.kind]}, and is compared with something else: {_SPELLED[field.kind]}"


def _fits(value: Value, kind: Kind) -> bool:
    if kind == "flag":
        return isinstance(value, bool)
    if kind == "number":
        return not isinstance(value, bool) and (not isinstance(value, str) or _NUMBER.fullmatch(value) is not None)
    if kind == "date":
        return isinstance(value, str) and _DATE.fullmatch(value) is not None
    return isinstance(value, str)
