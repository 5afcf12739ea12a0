"""accounts.importLiteAccount and accounts.importFullAccount: accounts from elsewhere, without mails to anybody.

Source: Gigya, the page of each method. Names that an import does not know are ignored.
"""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Mapping
from typing import Any

from gigya_cheetah_assets.sandbox.gigya import edits
from gigya_cheetah_assets.sandbox.gigya.answers import Answer, SiteError, success, validation_failure
from gigya_cheetah_assets.sandbox.gigya.params import Params, boolean, json_object
from gigya_cheetah_assets.sandbox.gigya.site import Site

# Gigya, importFullAccount: more of one UID within a minute is 503001.
MOST_A_MINUTE = 5
_FLAGS = ("isActive", "isRegistered", "isVerified")
_WHOLE = ("loginIds", "emails")
_TEXTS = ("lang", "regSource", "created", "registered")


class Imports:
    """The two methods on one site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._recent: dict[str, deque[float]] = {}

    def lite(self, params: Params) -> Answer:
        """Adds the lite account of `email`, or merges the named fields into the one that is there."""
        email = params.get("email", "").strip()
        if "@" not in email:
            raise SiteError(400006, "Invalid parameter value: email")
        changes = _changes(params, ("profile", "data", "subscriptions"))
        with self._site.lock:
            token = self._site.lite_token_of(email)
            if token is None:
                token = self._site.add({"profile": {"email": email}})
            self._site.edit(token, changes, imported=True)
        return success(self._site.clock, {}, context=params.get("context"))

    def full(self, params: Params) -> Answer:
        """Adds an account, or with the policy `upsert` merges the named fields into the one with this `uid`."""
        uid = uuid.uuid4().hex if params.get("createUID") == "true" else params.get("uid", "")
        if not uid:
            raise SiteError(400002, "Missing required parameter: uid")
        policy = params.get("importPolicy", "insert")
        if policy not in ("insert", "upsert"):
            raise SiteError(400006, "Invalid parameter value: importPolicy")
        self._pace(uid)
        changes = _changes(params, edits.OBJECTS)
        flags = {name: boolean(params, name) for name in _FLAGS if name in params}
        own = {name: json_object(params, name) for name in _WHOLE if name in params}
        with self._site.lock:
            known = self._site.store.find("uid", uid) is not None
            if known and policy == "insert":
                raise SiteError(400003, "Unique identifier exists: uid")
            self._refuse_taken(own.get("loginIds", {}), uid)
            if not known:
                texts = {name: params[name] for name in _TEXTS if name in params}
                # The response calls them loginIDs (Gigya: account object).
                objects = {{"loginIds": "loginIDs"}.get(name, name): value for name, value in own.items()}
                email = changes.get("profile", {}).get("email")
                self._site.add({"UID": uid, "profile": {"email": email}, "isRegistered": False, **texts, **objects})
            self._site.edit(uid, changes, flags=flags, imported=True)
        return success(self._site.clock, {}, context=params.get("context"))

    def _refuse_taken(self, login_ids: Mapping[str, Any], uid: str) -> None:
        for email in login_ids.get("emails", []):
            if self._site.uid_of_email(str(email)) not in (None, uid):
                raise SiteError(400003, "Unique identifier exists: loginIds.emails")

    def _pace(self, uid: str) -> None:
        now = self._site.clock.elapsed()
        recent = self._recent.setdefault(uid, deque(maxlen=MOST_A_MINUTE))
        if len(recent) == MOST_A_MINUTE and now - recent[0] < 60:
            raise SiteError(503001, "too many imports of one UID")
        recent.append(now)


def _changes(params: Params, names: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    changes = {name: json_object(params, name) for name in names if name in params}
    problems = edits.problems_of(changes, imported=True)
    if problems:
        raise validation_failure(problems)
    return changes
