"""How a person says yes or no on the site, for each list of `syncs/sandbox.yaml`: every form of consent has one."""

from __future__ import annotations

from typing import Any

UNDATED = ("CATALOGUE",)
"""Lists whose consent is a plain field: nobody knows when it was given."""


def decision(column: str, *, yes: bool) -> dict[str, Any]:
    """What `Site.change` takes so that a person is validly opted in or out."""
    match column:
        case "NEWSLETTER":
            return {"subscriptions": {"newsletter": _subscription(yes)}}
        case "PARTNER_OFFERS":
            return {"subscriptions": {"offers": {"partner": _subscription(yes)}}}
        case "MAGAZINE":
            return {"communications": {"magazine_email": {"status": "optIn" if yes else "optOut"}}}
        case "SURVEYS":
            return {"preferences": {"marketing": {"surveys": {"isConsentGranted": yes}}}}
        case "CATALOGUE":
            return {"data": {"catalogue": yes}}
        case _:
            raise KeyError(column)


def _subscription(yes: bool) -> dict[str, Any]:
    confirmed = {"doubleOptIn": {"status": "Confirmed"}} if yes else {}
    return {"email": {"isSubscribed": yes, **confirmed}}
