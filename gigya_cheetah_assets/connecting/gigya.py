"""Trying a Gigya site: sign in, read one record, and ask what the application key may do. Nothing is written."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from uuid import uuid4

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.connecting.network import CONNECT, Server
from gigya_cheetah_assets.connecting.steps import Attempt, Step, in_a_row, try_all
from gigya_cheetah_assets.gigya import AccountRejected, GigyaClient, GigyaRefused, Query, page_decoder
from gigya_cheetah_assets.gigya.codes import PERMISSION_CODES
from gigya_cheetah_assets.gigya.envelope import envelope_only
from gigya_cheetah_assets.gigya.query import own_condition
from gigya_cheetah_assets.gigya.schema import get_oldest_documents
from gigya_cheetah_assets.gigya.transport import CONNECT_SECONDS
from gigya_cheetah_assets.mapping import FieldTable

PART = "Gigya"
_SIGN_IN, _SEARCH = "sign in", "accounts.search"
_records = page_decoder(dict)


def gigya_steps(sync: Sync, *, retry_seconds: float, environ: Mapping[str, str] | None = None) -> list[Step]:
    """Tries the sync's site.

    Args:
        sync: Its `gigya` part is tried, with what its fields and feeds will need.
        retry_seconds: Budget of back-off for one call, instead of the sync's own.
        environ: Instead of the process's environment.

    Raises:
        ConfigError: A variable is not set, or a secret has not its form.
    """
    config = sync.gigya.model_copy(update={"retry_seconds": retry_seconds})
    with GigyaClient(config, environ=environ) as client:
        site = _Site(client, sync)
        server = Server.of_url(client.url(_SEARCH), "gigya.api_domain")
        way = in_a_row([*server.attempts(CONNECT_SECONDS), Attempt(_SIGN_IN, site.sign_in)])
        return try_all(PART, [*way, *site.permissions()])


class _Site:
    """One site, asked by calls that change nothing."""

    def __init__(self, client: GigyaClient, sync: Sync) -> None:
        self._client = client
        self._sync = sync
        # Nobody has it, so that a call about it can do no more than be refused or find nobody.
        self._nobody = f"gigya-cheetah-check-{uuid4()}"

    def sign_in(self) -> str:
        try:
            self._about_nobody("accounts.getAccountInfo")
        except GigyaRefused as error:
            # Who may not do this has signed in all the same.
            if error.code not in PERMISSION_CODES:
                raise
        return f"{self._sync.gigya.auth.type} is accepted"

    def permissions(self) -> list[Attempt]:
        """One attempt for each call that the sync makes."""
        table = FieldTable.from_sync(self._sync)
        where = [own_condition(self._sync.gigya.where)] if self._sync.gigya.where else []
        accounts = Query(["UID"], "accounts", where, 1)
        attempts = [Attempt("search accounts", lambda: self._search(accounts))]
        if table.needs_email_accounts:
            emails = Query(["UID"], "emailAccounts", (), 1)
            attempts.append(Attempt("search emailAccounts", lambda: self._search(emails)))
        if table.preference_paths:
            attempts.append(Attempt("getSchema", self._schema))
        methods = ["getAccountInfo"]
        if self._sync.inbound_files is not None:
            methods.append("setAccountInfo")
        attempts += [Attempt(method, partial(self._about_nobody, f"accounts.{method}")) for method in methods]
        return [Attempt(attempt.name, attempt.action, (CONNECT, _SIGN_IN)) for attempt in attempts]

    def _search(self, query: Query) -> str:
        found = self._client.call(_SEARCH, {"query": str(query)}, _records)
        return "permitted, one record read" if found else "permitted, but no record was found"

    def _schema(self) -> str:
        """Without it nobody knows to which document a consent statement has to be."""
        return f"permitted; {len(get_oldest_documents(self._client))} statements ask for a document"

    def _about_nobody(self, method: str) -> str:
        """Permitted is a method that looks for the account and finds nobody."""
        with suppress(AccountRejected):
            self._client.call(method, {"UID": self._nobody}, envelope_only)
        return "permitted; asked about a UID that nobody has"
