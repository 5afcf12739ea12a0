"""The columns of the field table in a file: each cell checked by its field's type and brought into one form.

A cell stays a text of CheetahMail's, as the merge compares it; a subscription becomes its state. Null says nothing,
an empty text is a blank cell. What breaks a rule is emptied to null and counted, or rejects the row (`on_error`).
"""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.config import FieldConfig
from gigya_cheetah_assets.inbound.cells import cleaned, present, without_words
from gigya_cheetah_assets.inbound.verdicts import Verdicts
from gigya_cheetah_assets.mapping import FieldTable, consent, dates, values

UNMAPPED = "unmapped"
TOO_LONG = "too_long"
_NONE = pa.scalar(None, pa.string())
# Up to this share of different texts each of them is looked at once instead of every cell.
_FEW = 0.3
# How exports show a date whose time is left on it.
_EXPORTED_DAY = r"^[0-9]{2}-[A-Za-z]{3}-[0-9]{4} "


def readable(table: FieldTable) -> tuple[FieldConfig, ...]:
    """The fields whose cells can be read back: neither the key nor what is made by a constant, hash or function."""
    return tuple(f for f in table.fields if not f.key and f.constant is None and f.hash is None and f.function is None)


def typed(field: FieldConfig, texts: pa.Array, null_words: tuple[str, ...], verdicts: Verdicts) -> pa.Array:
    """The column as texts of one form, or as states."""
    texts = without_words(texts if field.raw else cleaned(texts), null_words)
    there = present(texts)
    found, reasons = _checked(field, pc.if_else(there, texts, _NONE))
    for reason, wrong in reasons.items():
        if field.on_error == "reject":
            verdicts.reject(wrong, field.cheetahmail, reason)
        else:
            verdicts.value_error(wrong, field.cheetahmail, reason)
    if field.type == "subscription":
        return found
    return pc.if_else(there, found, texts)


def _checked(field: FieldConfig, texts: pa.Array) -> tuple[pa.Array, dict[str, pa.Array]]:
    """Texts of one form, null where wrong, and what is wrong by reason; null comes in where there is none."""
    if field.type == "subscription":
        found, wrong = by_distinct(texts, lambda some: _states(field, some))
        return found, {UNMAPPED: wrong}
    if field.values is not None and field.type != "boolean":
        if field.join is not None:
            return texts, {}
        wrong = values.wrong(texts, pc.is_in(texts, value_set=_written(field)))
        return pc.if_else(wrong, _NONE, texts), {UNMAPPED: wrong}
    rule = _RULES.get(field.type)
    found, wrong = texts, values.none_of(texts)
    if rule is not None:
        found, wrong = by_distinct(texts, lambda some: rule(field, some))
        found = pc.if_else(wrong, _NONE, found)
    reasons = {f"not_{field.type}": wrong}
    if field.max_length is not None:
        long = pc.fill_null(pc.greater(pc.utf8_length(found), field.max_length), False)
        found, reasons[TOO_LONG] = pc.if_else(long, _NONE, found), long
    return found, reasons


def by_distinct(texts: pa.Array, rule: Callable[[pa.Array], values.Checked]) -> values.Checked:
    """Applies a rule to each different text once, where there are few of them."""
    encoded = pc.dictionary_encode(texts)
    if len(encoded.dictionary) > _FEW * len(texts):
        return rule(texts)
    found, wrong = rule(encoded.dictionary)
    return found.take(encoded.indices), pc.fill_null(wrong.take(encoded.indices), False)


def _written(field: FieldConfig) -> pa.Array:
    """What the outbound direction can have written into the column."""
    default = [field.default] if field.default is not None else []
    return pa.array([*(field.values or {}).values(), *default], pa.string())


def _states(field: FieldConfig, texts: pa.Array) -> values.Checked:
    states, _ = consent.from_text(texts)
    for state, text in (field.values or {}).items():
        states = pc.if_else(pc.fill_null(pc.equal(texts, text), False), pa.scalar(state), states)
    return states, values.wrong(texts, pc.is_valid(states))


def _boolean(field: FieldConfig, texts: pa.Array) -> values.Checked:
    found, wrong = values.boolean(texts, field.values)
    as_it_is = pc.is_in(texts, value_set=_written(field))
    return pc.if_else(as_it_is, texts, found), pc.and_(wrong, pc.invert(as_it_is))


def _day(field: FieldConfig, texts: pa.Array) -> values.Checked:
    exported = pc.fill_null(pc.match_substring_regex(texts, _EXPORTED_DAY), False)
    texts = pc.if_else(exported, pc.utf8_slice_codeunits(texts, 0, 11), texts)
    return _moment(dates.date, texts, field.format, dates.DATE_FORMAT)


def _moment(
    read: Callable[[pa.Array, str | None, str | None], values.Checked],
    texts: pa.Array,
    written: str | None,
    exported: str,
) -> values.Checked:
    """As we write it, as CheetahMail exports it, or ISO."""
    found, wrong = read(texts, written or exported, written)
    for other in (exported, None):
        if not pc.any(wrong).as_py():
            break
        more, still = read(pc.if_else(wrong, texts, _NONE), other, written)
        found, wrong = pc.if_else(wrong, more, found), pc.and_(wrong, still)
    return found, wrong


_RULES: dict[str, Callable[[FieldConfig, pa.Array], values.Checked]] = {
    "integer": lambda field, texts: values.integer(texts, field.format),
    "decimal": lambda field, texts: values.decimal(texts, field.format),
    "boolean": _boolean,
    "date": _day,
    "datetime": lambda field, texts: _moment(dates.datetime, texts, field.format, dates.DATETIME_FORMAT),
    "email": lambda _, texts: values.email(texts),
}
