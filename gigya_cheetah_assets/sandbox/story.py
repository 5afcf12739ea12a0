"""What the people of the demo do between two windows: opt out and in, move, change, log in, join."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

from gigya_cheetah_assets.sandbox import second_opinion
from gigya_cheetah_assets.sandbox.gigya.site import Site

_OPT_OUT = {"newsletter": {"email": {"isSubscribed": False}}}
_OPT_IN = {"newsletter": {"email": {"isSubscribed": True, "doubleOptIn": {"status": "Confirmed"}}}}


def changes(site: Site) -> str:
    """Lets people do things now; returns what they did, in words."""
    people = _mailable(site)
    opted_in = _with_state(people, "opt_in")
    leavers = list(islice(opted_in, 20))
    movers = list(islice(opted_in, 15))
    shoppers = list(islice(opted_in, 15))
    joiners = list(islice(_with_state(people, "opt_out"), 10))
    for uid in leavers:
        site.change(uid, subscriptions=_OPT_OUT, through="emailAccount")
    for number, uid in enumerate(movers):
        site.change(uid, profile={"email": f"moved-{number}@example.org"})
    for uid in shoppers:
        site.change(uid, data={"loyalty": {"tier": "gold", "points": 4711}})
    for uid in joiners:
        site.change(uid, subscriptions=_OPT_IN)
    new = [site.add_full(**_newcomer(number)) for number in range(5)]
    logins = site.touch(40)
    return (
        f"{len(leavers)} opt out, {len(joiners)} opt in, {len(movers)} change their address, "
        f"{len(shoppers)} their tier, {len(new)} join, {len(logins)} only log in"
    )


def _mailable(site: Site) -> list[dict[str, Any]]:
    """Registered accounts with a good address that nobody shares."""
    everybody = list(site.accounts())
    times = Counter(second_opinion.address(document) for document in everybody)
    return [
        document
        for document in everybody
        if document.get("UID")
        and document.get("isRegistered")
        and second_opinion.row(document)
        and times[second_opinion.address(document)] == 1
    ]


def _with_state(people: list[dict[str, Any]], state: str) -> Iterator[str]:
    return (doc["UID"] for doc in people if second_opinion.state(doc, "NEWSLETTER") == state)


def _newcomer(number: int) -> dict[str, Any]:
    return {
        "isRegistered": True,
        "isVerified": True,
        "profile": {"email": f"new-{number}@example.org", "firstName": "Neu", "country": "DE"},
        "data": {"brands": ["north"]},
        "subscriptions": _OPT_IN,
    }
