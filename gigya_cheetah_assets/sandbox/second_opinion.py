"""A second opinion on the sandbox's rows: what each account should look like in CheetahMail, one account at a time.

Written without any of the project's mapping, as somebody would by hand from `syncs/sandbox.yaml`, so that the demo
checks the pipeline's result against something else than itself.
"""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

Document = dict[str, Any]
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_EMAIL = re.compile(r"[^@\s,;<>()\[\]\"]+@(?:[^@\s,;<>()\[\]\".]+\.)+[^@\s,;<>()\[\]\".]{2,}")
LISTS = ("NEWSLETTER", "PARTNER_OFFERS", "MAGAZINE", "SURVEYS", "CATALOGUE")


def key(document: Document) -> str:
    """What the key column holds: the UID, for a lite account its token behind a prefix."""
    return str(document.get("UID") or f"lite-{document['token']}")


def people(documents: Iterable[Document]) -> list[Document]:
    """Each person once: who registered is known by the full account, who has not finished that by the lite one.

    Gigya has one e-mail account for each address, so a lite account at the address of a full one is not shown.
    """
    everybody = list(documents)
    full = [document for document in everybody if document.get("UID")]
    lite = {address(document) for document in everybody if not document.get("UID")} - {""}
    known = {document["token"] for document in full} | {address(document) for document in full} - {""}
    return [
        _as_lite(document) if address(document) in lite and not document.get("isRegistered") else document
        for document in everybody
        if document.get("UID") or not {document["token"], address(document)} & known
    ]


def _as_lite(document: Document) -> Document:
    return {name: value for name, value in document.items() if name != "UID"}


def address(document: Document) -> str:
    """The e-mail address in lower case, "" where there is none."""
    return text(at(document, "profile", "email")).lower()


def row(document: Document) -> dict[str, str] | None:
    """The row of an account, or None where it may not be mailed at all (no usable address)."""

    def get(path: str) -> str:
        return text(at(document, *path.split(".")))

    email = get("profile.email")
    # `FROM emailAccounts`, the only source of a lite account, knows nothing of registration.
    registered = document if document.get("UID") else {}
    if not _EMAIL.fullmatch(email) or len(email) > 254:
        return None
    return {
        "GIGYA_UID": key(document),
        "EMAIL": email,
        "FNAME": _at_most(get("profile.firstName"), 50),
        "LNAME": _at_most(get("profile.lastName"), 80),
        "GENDER": {"m": "M", "f": "F"}.get(get("profile.gender"), "U"),
        "BIRTHDATE": _birth_date([get(f"profile.birth{part}") for part in ("Year", "Month", "Day")]),
        "COUNTRY": get("profile.country").upper(),
        "CITY": re.sub(r"\s+", " ", get("profile.city"))[:40],
        "ZIP": get("profile.zip"),
        "LANGUAGE": (get("profile.locale") or get("profile.languages")).lower(),
        "TIER": _tier(at(document, "data", "loyalty", "tier")),
        "POINTS": _points(get("data.loyalty.points")),
        "BRANDS": _joined(at(document, "data", "brands")),
        "CRM_ID": get("data.externalIds.crm"),
        "OPTIN_PLACE": get("data.optInSource"),
        "VERIFIED": {"true": "Y", "false": "N"}.get(text(registered.get("isVerified")), ""),
        "REGISTERED": _moment(text(registered.get("registered"))),
        "EMAIL_SHA256": hashlib.sha256(email.lower().encode()).hexdigest(),
        **{
            column: {"opt_in": "1", "opt_out": "0", "pending": "0", "": ""}[state(document, column)] for column in LISTS
        },
        "SOURCE": "GIGYA",
    }


def state(document: Document, column: str) -> str:
    """opt_in, opt_out, pending or nothing, for one of `LISTS`."""
    match column:
        case "MAGAZINE":
            return _magazine(document)
        case "SURVEYS":
            return _surveys(document)
        case "CATALOGUE":
            return _catalogue(document)
    keys = ("newsletter",) if column == "NEWSLETTER" else ("offers", "partner")
    subscriptions = document.get("subscriptions") or {}
    leaf = at(subscriptions, *keys, "email") or at(subscriptions, ".".join(keys), "email") or {}
    if leaf.get("isSubscribed") is None:
        return ""
    if leaf["isSubscribed"] is False:
        return "opt_out"
    status = (leaf.get("doubleOptIn") or {}).get("status")
    return "opt_in" if status in (None, "Confirmed") else "pending"


def _magazine(document: Document) -> str:
    """A Communication Preference; lite accounts have none."""
    status = str(at(document, "communications", "magazine_email", "status") or "").lower()
    return {"optin": "opt_in", "optout": "opt_out"}.get(status, "")


def _surveys(document: Document) -> str:
    """A consent statement, valid from version 2 of its document on."""
    leaf = at(document, "preferences", "marketing", "surveys") or {}
    granted = leaf.get("isConsentGranted")
    if granted is None:
        return ""
    if not granted:
        return "opt_out"
    return "opt_in" if float(leaf.get("docVersion") or 0) >= 2 else "pending"


def _catalogue(document: Document) -> str:
    """A plain field in which old imports left texts."""
    said = text(at(document, "data", "catalogue")).lower()
    return {"true": "opt_in", "yes": "opt_in", "optin": "opt_in", "false": "opt_out", "no": "opt_out"}.get(said, "")


def at(value: Any, *keys: str) -> Any:
    """The value behind some keys, None where one is missing."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def text(value: Any) -> str:
    """A JSON scalar as CheetahMail gets it."""
    if value is None or isinstance(value, dict | list):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    clean = unicodedata.normalize("NFC", html.unescape(str(value)))
    return _CONTROL.sub(" ", clean).strip()


def _tier(value: Any) -> str:
    # An object where a word is expected is a value error and no absent value: the cell stays empty.
    if isinstance(value, dict | list):
        return ""
    return {"gold": "G", "silver": "S", "bronze": "B"}.get(text(value), "N")


def _joined(value: Any) -> str:
    items = value if isinstance(value, list) else [value]
    return "|".join(text(item) for item in items if item is not None)


def _at_most(value: str, length: int) -> str:
    return value if len(value) <= length else ""


def _points(value: str) -> str:
    if not value:
        return "0"
    return str(int(float(value))) if re.fullmatch(r"[+-]?\d+(\.0*)?", value) else ""


def _birth_date(parts: list[str]) -> str:
    try:
        year, month, day = (int(float(part)) for part in parts)
        return f"{date(year, month, day):%m/%d/%Y}"
    except ValueError:
        return ""


def _moment(value: str) -> str:
    if not value or value.startswith("0001"):
        return ""
    moment = datetime.fromisoformat(value)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return f"{moment:%Y%m%d%H%M%S}"
