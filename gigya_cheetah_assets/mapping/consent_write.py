"""What Gigya has to be sent so that a subscription is opted in or out, for each form in which consent is kept.

Of a subscription of an e-mail account only `isSubscribed`, `tags` and `doubleOptIn.isExternallyVerified` can be
written, of a consent statement `isConsentGranted` and with it `tags`, of a communication `status` (Gigya:
accounts.setAccountInfo). Tags that stand there are sent along, so that they stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gigya_cheetah_assets.config import FieldConfig
from gigya_cheetah_assets.config.forms import Form
from gigya_cheetah_assets.mapping.communications import key_of, keys_of
from gigya_cheetah_assets.mapping.consent import NO, OPT_IN, YES
from gigya_cheetah_assets.mapping.records import spellings

_PAIRS = dict(zip(YES, NO, strict=True))


def consent_update(field: FieldConfig, state: str | None, current: Mapping[str, Any]) -> dict[str, Any]:
    """Nested JSON to be merged into the parameters of an update.

    Args:
        field: The subscription's line in the field table.
        state: `opt_in` or `opt_out`; nothing else is ever written.
        current: The account as it was read.
    """
    update: dict[str, Any] = {}
    for keys, now in _places(field, current):
        node = update
        for key in keys[:-1]:
            node = node.setdefault(key, {})
        node[keys[-1]] = _VALUES[field.form](now, state == OPT_IN)
    return update


def _places(field: FieldConfig, current: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Where the consent stands and what stands there: of duplicates each, so that they no longer contradict.

    What stands nowhere yet goes where the path says.
    """
    ways = _ways(field, current)
    there = [(keys, found) for keys in ways if (found := _at(current, keys)) is not None]
    yield from there or [(ways[-1], None)]


def _ways(field: FieldConfig, current: Mapping[str, Any]) -> list[tuple[str, ...]]:
    if field.form != "communication":
        return list(spellings(field.paths[0]))
    keys = keys_of(field, current.get("communications"))
    return [("communications", key) for key in keys or [key_of(field)]]


def _at(current: Any, keys: tuple[str, ...]) -> Any:
    for key in keys:
        current = current.get(key) if isinstance(current, Mapping) else None
    return current


def _subscription(now: Any, opted_in: bool) -> dict[str, Any]:
    leaf: dict[str, Any] = {"isSubscribed": opted_in, **_tags(now)}
    if opted_in:
        # The person confirmed at CheetahMail; without this Gigya would mail them once more.
        leaf["doubleOptIn"] = {"isExternallyVerified": True}
    return leaf


def _communication(_: Any, opted_in: bool) -> dict[str, Any]:
    return {"status": "optIn" if opted_in else "optOut"}


def _preference(now: Any, opted_in: bool) -> dict[str, Any]:
    return {"isConsentGranted": opted_in, **_tags(now)}


def _tags(now: Any) -> dict[str, Any]:
    return {"tags": now["tags"]} if isinstance(now, Mapping) and now.get("tags") else {}


def _plain(now: Any, opted_in: bool) -> Any:
    """A plain data field keeps its type and, of a text, its way of saying yes and no."""
    if isinstance(now, int) and not isinstance(now, bool):
        return int(opted_in)
    if not isinstance(now, str):
        return opted_in
    word = now.strip().lower()
    for yes, no in _PAIRS.items():
        if word in (yes, no):
            return yes if opted_in else no
    return "true" if opted_in else "false"


_VALUES: dict[Form, Callable[[Any, bool], Any]] = {
    "field": _plain,
    "subscription": _subscription,
    "communication": _communication,
    "preference": _preference,
}
