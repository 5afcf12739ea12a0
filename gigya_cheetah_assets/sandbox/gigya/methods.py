"""The REST methods beside search and imports: accounts.getAccountInfo, .setAccountInfo, .deleteAccount and so on.

Source: Gigya, the page of each method. They read and write storage at once; only the search lags.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gigya_cheetah_assets.sandbox.gigya import edits
from gigya_cheetah_assets.sandbox.gigya.answers import Answer, SiteError, success, validation_failure
from gigya_cheetah_assets.sandbox.gigya.audit import AuditSearch
from gigya_cheetah_assets.sandbox.gigya.imports import Imports
from gigya_cheetah_assets.sandbox.gigya.params import Params, boolean, json_array, json_object
from gigya_cheetah_assets.sandbox.gigya.schema import schema
from gigya_cheetah_assets.sandbox.gigya.search import Search
from gigya_cheetah_assets.sandbox.gigya.site import Site, Update
from gigya_cheetah_assets.sandbox.gigya.stream import Stream

Method = Callable[[Params], Answer]
_DEFAULT_INCLUDE = "profile,data"
# What `include` decides about, and the members that each word of it brings.
_INCLUDES = {
    "profile": ("profile",),
    "data": ("data",),
    "subscriptions": ("subscriptions",),
    "preferences": ("preferences",),
    "emails": ("emails",),
    "loginIDs": ("loginIDs",),
    "regSource": ("regSource",),
    "lastLoginLocation": ("lastLoginLocation",),
    "identities-active": ("identities",),
    "identities-all": ("identities",),
    "identities-global": ("identities",),
    "password": ("password",),
    "rba": ("rbaPolicy",),
    "groups": ("groups",),
    "internal": ("internal",),
    "customIdentifiers": ("customIdentifiers",),
}
_NEVER_SHOWN = ("token", "emailAccountUpdated")


def methods(site: Site, search: Search, audit: AuditSearch) -> dict[str, Method]:
    """The methods by name."""
    own, imports, stream = Methods(site), Imports(site), Stream(site)
    return {
        "accounts.search": search,
        "accounts.getAccountInfo": own.get_account_info,
        "accounts.setAccountInfo": own.set_account_info,
        "accounts.unsubscribe": own.unsubscribe,
        "accounts.deleteAccount": own.delete_account,
        "accounts.deleteLiteAccount": own.delete_lite_account,
        "accounts.importLiteAccount": imports.lite,
        "accounts.importFullAccount": imports.full,
        "accounts.stream.create": stream.create,
        "accounts.stream.read": stream.read,
        "audit.search": audit,
        "accounts.getSchema": own.get_schema,
    }


class Methods:
    """The methods of one site; each takes the request's fields and raises SiteError."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def get_account_info(self, params: Params) -> Answer:
        """The account of `UID` or `findBy`, with what `include` names."""
        document = self._site.account(self._uid(params))
        words = params.get("include", _DEFAULT_INCLUDE).split(",")
        wanted = {member for word in words for member in _INCLUDES.get(word, ())}
        optional = {member for members in _INCLUDES.values() for member in members}
        hidden = (optional - wanted) | set(_NEVER_SHOWN)
        if params.get("includeCommunications") != "all":
            hidden.add("communications")
        content = {name: value for name, value in document.items() if name not in hidden}
        return success(self._site.clock, content, context=params.get("context"))

    def set_account_info(self, params: Params) -> Answer:
        """Merges the named fields of profile, data, subscriptions, preferences and communications.

        The sandbox has no webhooks; the site's `updates` tell for which there would have been one.
        """
        uid = self._uid(params)
        if "preferences" in params and not params.get("lang"):
            raise SiteError(400002, "Missing required parameter: lang")
        changes = {name: json_object(params, name) for name in edits.OBJECTS if name in params}
        problems = edits.problems_of(changes)
        if problems:
            raise validation_failure(problems)
        flags = {name: boolean(params, name) for name in ("isActive", "isVerified") if name in params}
        if flags.get("isVerified") is False:
            raise SiteError(400006, "Invalid parameter value: isVerified cannot be taken back")
        muted = "muteWebhooks" in params and boolean(params, "muteWebhooks")
        self._site.edit(uid, changes, flags=flags, lang=params.get("lang", "en"))
        self._site.updates.append(Update(uid, muted))
        return success(self._site.clock, {}, context=params.get("context"))

    def unsubscribe(self, params: Params) -> Answer:
        """The one-click unsubscribe of a mail: ends `subscriptionID` of `email` or `channelToken`; `tags` overwrite."""
        if "subscriptionID" not in params:
            raise SiteError(400002, "Missing required parameter: subscriptionID")
        if "email" not in params and "channelToken" not in params:
            raise SiteError(400002, "Missing required parameter: email or channelToken")
        tags = json_array(params, "tags") if "tags" in params else []
        try:
            self._site.unsubscribe(params.get("channelToken") or params["email"], params["subscriptionID"], tags=tags)
        except KeyError as error:
            raise SiteError(400006, "Invalid parameter value: nobody of this address has the subscription") from error
        return success(self._site.clock, {}, context=params.get("context"))

    def delete_account(self, params: Params) -> Answer:
        """Deletes the account of `UID`; an application calls, so the audit log tells nothing."""
        self._site.delete(self._uid(params), audited=False)
        return success(self._site.clock, {}, context=params.get("context"))

    def delete_lite_account(self, params: Params) -> Answer:
        """Deletes the lite account whose token is `emailAccountToken`; a full account with its address stays."""
        if "emailAccountToken" not in params:
            raise SiteError(400002, "Missing required parameter: emailAccountToken")
        if self._site.store.find("token", params["emailAccountToken"]) is None:
            raise SiteError(400006, "Invalid parameter value: emailAccountToken")
        self._site.delete(params["emailAccountToken"], audited=False)
        return success(self._site.clock, {}, context=params.get("context"))

    def get_schema(self, params: Params) -> Answer:
        """The fields that the site has."""
        return success(self._site.clock, schema(params, self._site.oldest_documents), context=params.get("context"))

    def _uid(self, params: Params) -> str:
        if "UID" in params:
            uid: str | None = params["UID"]
        elif "findBy" in params:
            uid = self._found_by(json_object(params, "findBy"))
        else:
            raise SiteError(400002, "Missing required parameter: UID")
        found = self._site.store.find("uid", uid) if uid else None
        if found is None:
            raise SiteError(403005, "Unauthorized user: the UID is not known to this site")
        return str(found[1].uid)

    def _found_by(self, keys: Mapping[str, Any]) -> str | None:
        if "_uid" in keys:
            return str(keys["_uid"])
        if "_email" in keys:
            return self._site.uid_of_email(str(keys["_email"]))
        raise SiteError(400006, "Invalid parameter value: findBy. The sandbox knows _uid and _email")
