"""The forms in which Gigya keeps a consent, told by the path, and what a line of `fields` may say of each.

How a form is read is in `mapping.consent` and `mapping.communications`, how it is written in `mapping.consent_write`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from gigya_cheetah_assets.config.fields import FieldConfig

Form = Literal["field", "subscription", "communication", "preference"]
"""A plain field; a subscription of the e-mail account; a Communication Preference; a consent statement."""

_FORMS: dict[str, Form] = {
    "subscriptions": "subscription",
    "communications": "communication",
    "preferences": "preference",
}


def form_of(path: str) -> Form:
    """The form of the consent at a path."""
    return _FORMS.get(path.split(".", 1)[0], "field")


def problems_of(field: FieldConfig) -> Iterator[tuple[bool, str]]:
    """Whether a contradiction holds, and in words what was expected; of subscriptions and of paths of consents."""
    path = field.paths[0] if field.paths else ""
    form = form_of(path)
    consent = field.type == "subscription"
    yield (
        not consent and any(form_of(each) == "communication" for each in field.paths),
        "a communication needs type: subscription, it has no values of its own",
    )
    yield (
        consent and form == "communication" and len(path.split(".")) != 3,
        "expected communications.<topic>.<channel>; topic_channel_id names a key of another shape",
    )
    yield (
        consent and form == "preference" and path.endswith(".isConsentGranted"),
        "expected the path of the consent itself, without isConsentGranted",
    )
    yield (
        field.double_opt_in != "auto" and form != "subscription",
        "double_opt_in needs a path subscriptions.<id>.email",
    )
    yield (
        (field.min_version is not None or field.min_date is not None) and not (consent and form == "preference"),
        "min_version and min_date need type: subscription and a path preferences.<path>",
    )
    yield (
        field.min_version is not None and field.min_date is not None,
        "expected min_version or min_date: a consent's document has one of the two",
    )
    yield (
        field.topic_channel_id is not None and not (consent and form == "communication"),
        "topic_channel_id needs type: subscription and a path communications.<topic>.<channel>",
    )
    yield from _of_cells(field)


def _of_cells(field: FieldConfig) -> Iterator[tuple[bool, str]]:
    """Nobody without an opt-in may look as if they had one."""
    if field.type != "subscription":
        return
    yield field.cells["opt_in"] == field.cells["opt_out"], "expected different values for opt_in and opt_out"
    yield (
        field.default is not None and field.default == field.cells["opt_in"],
        "default stands for nothing known: expected another value than that of opt_in",
    )
