"""What setAccountInfo does to an account: named fields are merged, null deletes, wrong types are refused.

Source: Gigya, accounts.setAccountInfo. Nested objects of profile and data merge too; an array replaces the stored one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from copy import deepcopy
from typing import Any

from gigya_cheetah_assets.sandbox.gigya import consents
from gigya_cheetah_assets.sandbox.gigya.clock import iso

Changes = Mapping[str, Mapping[str, Any]]
OBJECTS = ("profile", "data", "subscriptions", "preferences", "communications")
_WHOLE = ("birthDay", "birthMonth", "birthYear", "age", "followersCount", "followingCount")
_ARRAYS = ("phones", "education", "work", "skills", "certifications", "patents", "publications", "likes")
_OBJECTS = ("favorites", "samlData", "oidcData")
_STATE_TIME = "lastUpdatedSubscriptionState"
_WRITABLE_OPT_IN = {"isExternallyVerified", "doiConditionallyConfirmed"}
_TYPED_DATA = {"data.loyalty.points": "number", "data.loyalty.tier": "string", "data.externalIds.crm": "string"}


def problems_of(changes: Changes, *, imported: bool = False) -> list[consents.Problem]:
    """Every field whose value has the wrong type or may not be written: code, path, message.

    An import may also write when a subscription changed (Gigya: accounts.importLiteAccount).
    """
    found: list[consents.Problem] = []
    for name, value in changes.get("profile", {}).items():
        found += _typed(f"profile.{name}", value, _profile_type(name))
    for path, value in _leaves("data", changes.get("data", {})):
        found += _typed(path, value, _TYPED_DATA.get(path))
    found += [
        (400023, path, "expected an object with the channel email")
        for path, _ in _outside_of_channels("subscriptions", changes.get("subscriptions", {}))
    ]
    for keys, leaf in _channels(changes.get("subscriptions", {})):
        told = {name: value for name, value in leaf.items() if not (imported and name == _STATE_TIME)}
        found += _subscription_problems(".".join(("subscriptions", *keys)), told)
    found += consents.preference_problems(changes.get("preferences", {}))
    found += consents.communication_problems(changes.get("communications", {}))
    return found


def apply(
    document: dict[str, Any],
    changes: Changes,
    now: int,
    *,
    imported: bool = False,
    lang: str = "en",
    double_opt_in: Collection[str] = (),
) -> None:
    """Changes a document in place; `now` (epoch ms) becomes the time of subscription and consent changes.

    An import asks nobody to confirm, and a time that it names for a subscription's state stands.

    Args:
        document: The account.
        changes: By object.
        now: Epoch ms.
        imported: Whether an import does it.
        lang: Language under which consent statements are made.
        double_opt_in: Subscriptions, by dotted id, whose subscribers are asked to confirm.
    """
    for name in ("profile", "data"):
        if name in changes:
            document[name] = merged(document.get(name), changes[name])
    if "preferences" in changes:
        stored = merged(document.get("preferences"), changes["preferences"])
        consents.stamp(stored, changes["preferences"], iso(now), lang)
        document["preferences"] = stored
    if "communications" in changes:
        consents.decide(document, changes["communications"], iso(now))
    for path, leaf in _channels(changes.get("subscriptions", {})):
        confirmed = ".".join(path[:-1]) in double_opt_in
        _subscribe(document, path, leaf, now, asks=not imported, confirmed=confirmed)


def merged(stored: object, change: Mapping[str, Any]) -> dict[str, Any]:
    """An object with the named fields changed; null deletes one, inner objects merge too."""
    result = dict(stored) if isinstance(stored, dict) else {}
    for key, value in change.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping):
            result[key] = merged(result.get(key), value)
        else:
            result[key] = value
    return result


def joined(theirs: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The subscriptions of two e-mail accounts that become one; an opt-out of either stands.

    What Gigya does then is not documented, so this errs to the opt-out.
    """
    both = deepcopy(dict(theirs))
    for path, leaf in _channels(own):
        stored = _stored_channel(both, path)
        if not stored or (leaf.get("isSubscribed") is False and stored.get("isSubscribed") is not False):
            stored.clear()
            stored.update(leaf)
    return both


def _leaves(path: str, value: object) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, below in value.items():
            yield from _leaves(f"{path}.{key}", below)
    else:
        yield path, value


def _profile_type(name: str) -> str:
    if name in _WHOLE:
        return "whole number"
    if name in _ARRAYS:
        return "array"
    return "object" if name in _OBJECTS else "string"


def _typed(path: str, value: object, expected: str | None) -> list[consents.Problem]:
    if value is None or expected is None or _is(value, expected):
        return []
    return [(400023, path, f"expected {expected}")]


def _is(value: object, expected: str) -> bool:
    if expected == "boolean" or isinstance(value, bool):
        return expected == "boolean" and isinstance(value, bool)
    if expected == "string":
        return isinstance(value, str)
    if expected in ("array", "object"):
        return isinstance(value, list if expected == "array" else Mapping)
    if isinstance(value, str):
        # Gigya's own connectors send numbers as text, and they are taken.
        return value.strip().lstrip("-").isdigit()
    return isinstance(value, int) or (expected == "number" and isinstance(value, float))


# Subscriptions


def _channels(subscriptions: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Each channel that a change names, by its keys; ids may be nested or one dotted key."""
    if not isinstance(subscriptions, Mapping):
        return
    for key, below in subscriptions.items():
        if key == "email" and path and isinstance(below, Mapping):
            yield (*path, key), below
        else:
            yield from _channels(below, (*path, key))


def _outside_of_channels(path: str, subscriptions: Mapping[str, Any], *, top: bool = True) -> Iterator[tuple[str, Any]]:
    """Values that stand where an id or a channel must be; null is none, it changes nothing."""
    for key, below in subscriptions.items():
        if not isinstance(below, Mapping):
            if below is not None:
                yield f"{path}.{key}", below
        elif top or key != "email":
            yield from _outside_of_channels(f"{path}.{key}", below, top=False)


def _subscription_problems(path: str, leaf: Mapping[str, Any]) -> Iterator[consents.Problem]:
    for name, value in leaf.items():
        if name == "isSubscribed":
            yield from _typed(f"{path}.{name}", value, "boolean")
        elif name == "tags":
            yield from _typed(f"{path}.{name}", value, "array")
        elif name != "doubleOptIn" or not isinstance(value, Mapping) or not set(value) <= _WRITABLE_OPT_IN:
            yield (
                400025,
                f"{path}.{name}",
                "only isSubscribed, tags and doubleOptIn.isExternallyVerified can be written",
            )


def _subscribe(
    document: dict[str, Any],
    path: tuple[str, ...],
    change: Mapping[str, Any],
    now: int,
    *,
    asks: bool,
    confirmed: bool,
) -> None:
    """Changes a subscription; `confirmed`: whether it needs a double opt-in, as does one that has a record of it."""
    subscriptions = document.get("subscriptions")
    if not isinstance(subscriptions, dict):
        subscriptions = document["subscriptions"] = {}
    leaf = _stored_channel(subscriptions, path)
    was = leaf.get("isSubscribed")
    leaf.update({key: value for key, value in change.items() if key in ("isSubscribed", "tags")})
    leaf.setdefault("tags", [])
    opt_in, asked = leaf.get("doubleOptIn"), change.get("doubleOptIn")
    if isinstance(asked, Mapping) and asked.get("isExternallyVerified") is True:
        leaf["doubleOptIn"] = {**(opt_in or {}), "status": "Confirmed", "confirmTime": iso(now)}
    elif isinstance(asked, Mapping):
        leaf["doubleOptIn"] = {**(opt_in or {}), **asked}
    elif asks and leaf.get("isSubscribed") is True and was is not True and (confirmed or isinstance(opt_in, dict)):
        # Gigya, subscriptions object: isSubscribed flips at once, the confirmation comes later.
        leaf["doubleOptIn"] = {**(opt_in or {}), "status": "Pending", "emailSentTime": iso(now), "confirmTime": None}
    if _STATE_TIME in change:
        leaf[_STATE_TIME] = change[_STATE_TIME]
    elif leaf.get("isSubscribed") is not was:
        leaf[_STATE_TIME] = iso(now)


def channel_of(document: Mapping[str, Any], subscription: str) -> Mapping[str, Any] | None:
    """The e-mail channel of a subscription as it is stored; None where there is none."""
    subscriptions = document.get("subscriptions") or {}
    for keys in ((subscription, "email"), (*subscription.split("."), "email")):
        node: Any = subscriptions
        for key in keys:
            node = node.get(key) if isinstance(node, Mapping) else None
        if isinstance(node, Mapping):
            return node
    return None


def _stored_channel(subscriptions: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """Where a channel is stored: under the dotted id if that exists, else nested."""
    dotted = ".".join(path[:-1])
    keys = (dotted, path[-1]) if dotted in subscriptions else tuple(dotted.split(".")) + path[-1:]
    node = subscriptions
    for key in keys:
        below = node.get(key)
        if not isinstance(below, dict):
            below = node[key] = {}
        node = below
    return node
