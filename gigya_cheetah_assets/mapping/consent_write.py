"""What Gigya has to be sent so that a subscription is opted in or out, for each form in which consent is kept.

Of a subscription of an e-mail account only `isSubscribed`, `tags` and `doubleOptIn.isExternallyVerified` can be
written (Gigya: accounts.setAccountInfo). Tags that stand there are sent along, so that they stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gigya_cheetah_assets.config import FieldConfig
from gigya_cheetah_assets.mapping.consent import NO, OPT_IN, YES

_PAIRS = dict(zip(YES, NO, strict=True))


def consent_update(field: FieldConfig, state: str | None, current: Mapping[str, Any]) -> dict[str, Any]:
    """Nested JSON to be merged into the parameters of an update.

    Args:
        field: The subscription's line in the field table.
        state: `opt_in` or `opt_out`; nothing else is ever written.
        current: The account as it was read.
    """
    opted_in = state == OPT_IN
    path = field.paths[0]
    now: Any = current
    for name in path.split("."):
        now = now.get(name) if isinstance(now, Mapping) else None
    value: Any = _subscription(now, opted_in) if path.startswith("subscriptions.") else _plain(now, opted_in)
    for name in reversed(path.split(".")):
        value = {name: value}
    return dict(value)


def _subscription(now: Any, opted_in: bool) -> dict[str, Any]:
    leaf: dict[str, Any] = {"isSubscribed": opted_in}
    if isinstance(now, Mapping) and now.get("tags"):
        leaf["tags"] = now["tags"]
    if opted_in:
        # The person confirmed at CheetahMail; without this Gigya would mail them once more.
        leaf["doubleOptIn"] = {"isExternallyVerified": True}
    return leaf


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
