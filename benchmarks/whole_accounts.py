"""What a real account carries besides, which no column of ours needs and which the sandbox leaves out.

A script that asks for `SELECT *` gets it all: identities, login ids, the password's hash settings, where the last login
was, consent statements (Gigya, account object). With it an account has some 2,100 bytes of JSON, as one on a site does;
the sandbox's own have 1,200. Who names the columns, as ours and the peers' second figures do, gets none of it.
"""

from __future__ import annotations

import json
from typing import Any

from gigya_cheetah_assets.sandbox.gigya.answers import Answer

_CONSENT = {
    "isConsentGranted": True, "docDate": "2025-05-25T00:00:00Z", "lang": "en", "tags": [], "customData": [],
    "lastConsentModified": "2025-06-01T10:00:00.500Z", "actionTimestamp": "2025-06-01T10:00:00.500Z",
    "entitlements": ["profiling"], "locales": {"en": {"docVersion": 3.0}},
}  # fmt: skip


def completed(answer: Answer) -> Answer:
    """The answer with whole accounts, if it is one to `SELECT *` FROM accounts."""
    content = json.loads(answer.body)
    results = content.get("results", [])
    if not results or "loginIDs" not in results[0]:
        return answer
    content["results"] = [_whole(account) for account in results]
    return Answer(answer.status, json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode())


def _whole(account: dict[str, Any]) -> dict[str, Any]:
    uid, updated, at = account["UID"], account["lastUpdated"], account["lastUpdatedTimestamp"]
    identity = {
        "provider": "site", "providerUID": uid, "isLoginIdentity": True, "allowsLogin": True,
        "isExpiredSession": False, "lastUpdated": updated, "lastUpdatedTimestamp": at, "oldestDataUpdated": updated,
        "oldestDataUpdatedTimestamp": at,
    }  # fmt: skip
    return account | {
        "profile": account.get("profile", {})
        | {"age": 38, "timezone": "Europe/Stockholm", "phones": [{"number": "+4670000"}]},
        "preferences": account.get("preferences", {}) | {"privacy": {"partners": _CONSENT}},
        "identities": [identity],
        "lastLoginLocation": {"country": "SE", "city": "Stockholm", "coordinates": {"lat": 59.3, "lon": 18.1}},
        "rbaPolicy": {"riskPolicyLocked": False},
        "password": {"created": "2024-01-01T00:00:00.000Z", "hashSettings": {"algorithm": "pbkdf2", "rounds": 3000}},
    }
