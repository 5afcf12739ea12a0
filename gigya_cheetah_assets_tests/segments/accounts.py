"""Random accounts and conditions on them that a site's schema allows, and a site of such accounts."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from gigya_cheetah_assets.grammar.nodes import Both, Compare, Condition, Contains, In, IsNull, Not, Regex, Single

TIERS = ("gold", "silver", "Gold", "red wine", "wine_red", "7")
TIER, POINTS, JOINED, BRANDS = "data.loyalty.tier", "data.loyalty.points", "data.loyalty.joined", "data.brands"
NEWS, STATUS = "subscriptions.newsletter.email.isSubscribed", "subscriptions.offers.partner.email.doubleOptIn.status"
CHANGED = "subscriptions.newsletter.email.lastUpdatedSubscriptionState"
DATES = ("2025-01-31", "2026-02-01T00:00:00Z", "2026-02-01T00:00:00.000Z")
ORDERS = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
EQUAL = st.sampled_from(["=", "!="])


def _maybe(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=members)


_TEXT = st.sampled_from(TIERS)
_NUMBER = st.sampled_from([0, 5, 7, 7.5, "7", "x"])
_DATA = _maybe(
    loyalty=_maybe(tier=_TEXT | st.none() | st.just({"name": "gold"}), points=_NUMBER, joined=st.sampled_from(DATES)),
    brands=st.lists(_TEXT, max_size=3) | _TEXT,
)
_NEWSLETTER = _maybe(isSubscribed=st.booleans(), lastUpdatedSubscriptionState=st.sampled_from(DATES))
_PARTNER = _maybe(
    isSubscribed=st.booleans(), doubleOptIn=st.none() | _maybe(status=st.sampled_from(["Confirmed", "Pending"]))
)
_SUBSCRIPTIONS = st.one_of(
    _maybe(newsletter=_maybe(email=_NEWSLETTER), offers=_maybe(partner=_maybe(email=_PARTNER))),
    st.builds(lambda channel: {"offers.partner": {"email": channel}}, _PARTNER),
)
DOCUMENTS = st.fixed_dictionaries(
    {"isRegistered": st.booleans(), "lastLoginTimestamp": st.sampled_from([0, 1000, 2000]), "address": st.booleans()},
    optional={"data": _DATA, "subscriptions": _SUBSCRIPTIONS},
)


def _texts(path: str) -> st.SearchStrategy[Single]:
    return st.one_of(
        st.builds(Compare, st.just(path), ORDERS, _TEXT),
        st.builds(In, st.just(path), st.lists(_TEXT, min_size=1, max_size=2).map(tuple)),
        st.builds(Contains, st.just(path), st.sampled_from(["wine", "red wine", "gold", "go"])),
        st.builds(Regex, st.just(path), st.sampled_from(["g.*", ".*wine", "gold|silver", "[0-9]+"])),
        st.builds(IsNull, st.just(path)),
    )


ON_ACCOUNTS: st.SearchStrategy[Single] = st.one_of(
    _texts(TIER),
    _texts(BRANDS),
    st.builds(Compare, st.just(POINTS), ORDERS, st.sampled_from([0, 7, 7.5])),
    st.builds(Compare, st.just(JOINED), ORDERS, st.sampled_from(DATES)),
    st.builds(Compare, st.just("lastLoginTimestamp"), ORDERS, st.sampled_from([0, 1000])),
    st.builds(Compare, st.just("isRegistered"), EQUAL, st.booleans()),
)
ON_SUBSCRIPTIONS: st.SearchStrategy[Single] = st.one_of(
    st.builds(Compare, st.just(NEWS), EQUAL, st.booleans()),
    st.builds(Compare, st.just(STATUS), EQUAL, st.sampled_from(["Confirmed", "Pending"])),
    st.builds(Compare, st.just(CHANGED), ORDERS, st.sampled_from(DATES)),
    st.builds(IsNull, st.sampled_from([NEWS, STATUS])),
)


def _both(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(st.builds(Not, inner), st.builds(Both, st.sampled_from(["AND", "OR"]), several))


CONDITIONS: st.SearchStrategy[Condition] = st.recursive(ON_ACCOUNTS | ON_SUBSCRIPTIONS, _both, max_leaves=6)


def document(content: dict[str, Any], number: int) -> dict[str, Any]:
    """An account of the sandbox: with a UID, and with an address where `address` says so."""
    found = {name: part for name, part in content.items() if name != "address"}
    found |= {"UID": f"uid-{number}", "profile": {"firstName": "Ana"}}
    if content["address"]:
        found["profile"] = {"email": f"ana-{number}@example.org"}
    return found


def values_at(content: Any, path: str) -> Any:
    """The value of a path, the dotted id of a subscription as one key or as two."""
    for keys in (path.split("."), path.replace("offers.partner", "offers/partner").split(".")):
        value = content
        for key in keys:
            value = value.get(key.replace("/", ".")) if isinstance(value, dict) else None
        if value is not None:
            return value
    return None
