"""From CheetahMail's cells back to Gigya's JSON: the smallest update that makes an account say so.

Only rules that can be turned round are: what a constant, a hash, a function or a replacement made is not written. The
type of a value is that of the value which stands there now, since Gigya refuses a text where its schema has a number
(Gigya: 400023). Consent is in `consent_write`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from gigya_cheetah_assets.config import FieldConfig
from gigya_cheetah_assets.mapping.consent_write import consent_update
from gigya_cheetah_assets.mapping.dates import DATE_FORMAT, DATETIME_FORMAT

Document = Mapping[str, Any]
_YES, _NO = ("true", "1", "yes", "y"), ("false", "0", "no", "n")


class NotWritable(ValueError):
    """A column cannot be written back; the text says which and why, never a value."""


def update_of(fields: Mapping[str, FieldConfig], values: Mapping[str, str | None], current: Document) -> dict[str, Any]:
    """The parameters of an update: nested JSON with only what changes.

    Args:
        fields: The fields by CheetahMail column.
        values: New cells by column; for a subscription its state. None or an empty text empties the value.
        current: The account as it was read.

    Raises:
        NotWritable: A rule cannot be turned round, or the text is none of what its type allows.
    """
    update: dict[str, Any] = {}
    for column, text in values.items():
        field = fields[column]
        if field.type == "subscription":
            _merge(update, consent_update(field, text, current))
            continue
        for path, value in _values(field, text or None, current).items():
            _merge(update, nested(path, value))
    return update


def is_writable(field: FieldConfig) -> bool:
    """Whether a field's cells can be written back at all."""
    made = (field.constant, field.hash, field.function, field.truncate)
    return not field.key and not field.replace and all(rule is None for rule in made)


def nested(path: str, value: Any) -> dict[str, Any]:
    """A dotted path as nested objects around a value."""
    for name in reversed(path.split(".")):
        value = {name: value}
    return dict(value)


def at(document: Document, path: str) -> Any:
    """What stands at a dotted path; None where nothing does."""
    found: Any = document
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _values(field: FieldConfig, text: str | None, current: Document) -> dict[str, Any]:
    if not is_writable(field):
        raise NotWritable(f"{field.cheetahmail} is made by a rule that cannot be turned round")
    if field.is_date_parts:
        return _date_parts(field, text)
    path = field.paths[0]
    if text is None:
        return {path: None}
    if field.values is not None and field.type != "boolean":
        text = _unmapped(field, text)
    return {path: _typed(field, text, at(current, path))}


def _unmapped(field: FieldConfig, text: str) -> str:
    keys = [key for key, cell in (field.values or {}).items() if cell == text]
    if len(keys) != 1:
        found = "several values" if keys else "no value"
        raise NotWritable(f"{field.cheetahmail}: {found} of its map is written so")
    return keys[0]


def _typed(field: FieldConfig, text: str, now: Any) -> Any:
    if field.join is not None:
        return [part for part in text.split(field.join) if part]
    rule = _RULES.get(field.type)
    if rule is None:
        return _like(text, now)
    try:
        return rule(field, text, now)
    except (ValueError, InvalidOperation) as error:
        raise NotWritable(f"{field.cheetahmail}: expected {field.type}") from error


def _integer(_: FieldConfig, text: str, now: Any) -> Any:
    number = int(Decimal(text))
    return str(number) if isinstance(now, str) else number


def _decimal(_: FieldConfig, text: str, now: Any) -> Any:
    return text if isinstance(now, str) else float(text)


def _date(field: FieldConfig, text: str, _: Any) -> str:
    return _moment(text, field.format or DATE_FORMAT).strftime(field.input_format or "%Y-%m-%d")


def _datetime(field: FieldConfig, text: str, _: Any) -> str:
    return _moment(text, field.format or DATETIME_FORMAT).strftime(field.input_format or "%Y-%m-%dT%H:%M:%SZ")


def _like(text: str, now: Any) -> Any:
    """A text field whose value in Gigya is a number or a boolean stays one, where the text is one."""
    if isinstance(now, bool) and text in ("true", "false"):
        return text == "true"
    if isinstance(now, int) and not isinstance(now, bool) and text.lstrip("-").isdigit():
        return int(text)
    return text


def _boolean(field: FieldConfig, text: str, now: Any) -> Any:
    spelled = {cell: key for key, cell in (field.values or {}).items()}
    word = spelled.get(text, text).lower()
    if word not in (*_YES, *_NO):
        raise ValueError
    value = word in _YES
    return ("true" if value else "false") if isinstance(now, str) else value


def _date_parts(field: FieldConfig, text: str | None) -> dict[str, Any]:
    if text is None:
        return dict.fromkeys(field.paths)
    try:
        day = _moment(text, field.format or DATE_FORMAT)
    except ValueError as error:
        raise NotWritable(f"{field.cheetahmail}: expected a date") from error
    return dict(zip(field.paths, (day.year, day.month, day.day), strict=True))


def _moment(text: str, layout: str) -> datetime:
    return datetime.strptime(text, layout).replace(tzinfo=UTC)


def _merge(into: dict[str, Any], more: Mapping[str, Any]) -> None:
    for name, value in more.items():
        if isinstance(value, Mapping) and isinstance(into.get(name), dict):
            _merge(into[name], value)
        else:
            into[name] = value


_RULES: dict[str, Callable[[FieldConfig, str, Any], Any]] = {
    "integer": _integer,
    "decimal": _decimal,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
}
