"""Reads by key what a scan lacked: accounts of people whose consents changed, and the other way round.

An e-mail address is an encrypted field, which knows only `=`; a UID may be looked up by `in` (Gigya, accounts.search,
encrypted fields). Addresses are asked for as they are stored and in lower case.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.gigya import GigyaClient, Query, search
from gigya_cheetah_assets.gigya.query import all_of, any_equals, any_of, chunked, equals, one_of, own_condition
from gigya_cheetah_assets.mapping import FieldTable, account_decoder, communications, email_account_decoder


def topic_condition(table: FieldTable) -> list[str]:
    """The decisions that the fields ask for; nothing where they ask for none."""
    topics = sorted({communications.topic_of(field) for field in table.communication_paths.values()})
    each = [all_of([equals("topicId", topic), equals("channelId", channel)]) for topic, channel in topics]
    return [any_of(each)] if each else []


class ByKey:
    """Looks people up in either source; `count` says how many were found."""

    def __init__(self, client: GigyaClient, sync: Sync, table: FieldTable) -> None:
        self.count = 0
        self._client = client
        self._table = table
        self._where = [own_condition(sync.gigya.where)] if sync.gigya.where else []
        self._accounts = account_decoder(table)
        self._emails = email_account_decoder(table)
        self._communications = communications.communication_decoder()

    def accounts(self, uids: pa.Array) -> pa.Table:
        """The accounts of these UIDs that satisfy the sync's own condition, as `table.account_schema`."""
        found = [self._table.account_schema.empty_table()]
        for group in chunked(sorted(uids.to_pylist())):
            query = Query(self._table.account_select, "accounts", [one_of("UID", group), *self._where], len(group))
            found += [page.records for page in search(self._client, query, self._accounts)]
        return self._counted(pa.concat_tables(found))

    def subscriptions(self, accounts: pa.Table, email_path: str) -> pa.Table:
        """The e-mail accounts of these accounts, as `table.email_account_schema`, with the UID of whom they are.

        An address that Gigya ties to another UID is left out: consent never moves from one person to another.
        """
        known = accounts.filter(accounts[email_path].is_valid()).select(["UID", email_path])
        found = [self._email_accounts(group) for group in chunked(_spellings(known[email_path]), most=300)]
        emails = self.with_uids(pa.concat_tables([self._table.email_account_schema.empty_table(), *found]))
        at = pc.index_in(pc.utf8_lower(emails["email"]), value_set=pc.utf8_lower(known[email_path]).combine_chunks())
        owner = known["UID"].take(at)
        return self._counted(emails.filter(pc.fill_null(pc.equal(emails["UID"], owner), False)))

    def lite_accounts(self, people: pa.Table) -> pa.Table:
        """The e-mail accounts of lite accounts, as `table.email_account_schema`.

        Args:
            people: Columns UID, which is the token of a lite account, and email.
        """
        groups = chunked(_spellings(people["email"]), most=300)
        emails = [self._email_accounts(group) for group in groups]
        found = pa.concat_tables([self._table.email_account_schema.empty_table(), *emails])
        theirs = pc.is_in(found["UID"], value_set=people["UID"].combine_chunks())
        return self._counted(found.filter(pc.and_(theirs, pc.invert(found["is_full"]))))

    def communications(self, uids: pa.ChunkedArray) -> pa.Table:
        """The decisions of these people on all topics of the table, as `communications.ROWS`."""
        found = [communications.ROWS.empty_table()]
        topics = topic_condition(self._table)
        for group in chunked(sorted(uids.to_pylist()) if topics else []):
            query = Query(communications.SELECT, "communications", [one_of("UID", group), *topics])
            found += [page.records for page in search(self._client, query, self._communications)]
        return self._counted(pa.concat_tables(found))

    def with_uids(self, emails: pa.Table) -> pa.Table:
        """Full accounts' e-mail accounts whose UID the site did not tell get it from the account with that address.

        Where several accounts have the address nobody can say whose consent it is: the row is left out.
        """
        nameless = pc.and_(pc.is_null(emails["UID"]), emails["is_full"])
        if not pc.any(nameless).as_py():
            return emails
        uid_of = self.owners(emails.filter(nameless)["email"])
        uids = [
            uid or uid_of.get((email or "").lower())
            for uid, email in zip(emails["UID"].to_pylist(), emails["email"].to_pylist(), strict=True)
        ]
        named = emails.set_column(emails.schema.get_field_index("UID"), "UID", pa.array(uids, pa.string()))
        return named.filter(pc.or_(named["UID"].is_valid(), pc.invert(named["is_full"])))

    def owners(self, addresses: pa.ChunkedArray) -> dict[str, str]:
        """The UID of whom an address is, by the address in lower case; without those that nobody or several have."""
        found = self._full_holders(addresses)
        return {email: next(iter(uids)) for email, uids in found.items() if len(uids) == 1}

    def holders(self, addresses: pa.ChunkedArray) -> dict[str, set[str]]:
        """Everybody who has an address, by the address in lower case: UIDs, and keys of lite accounts."""
        found = self._full_holders(addresses)
        for group in chunked(_spellings(addresses), most=300):
            emails = self._email_accounts(group)
            lite = emails.filter(pc.invert(emails["is_full"]))
            for key, email in zip(lite["UID"].to_pylist(), lite["email"].to_pylist(), strict=True):
                found.setdefault((email or "").lower(), set()).add(key)
        return found

    def _full_holders(self, addresses: pa.ChunkedArray) -> dict[str, set[str]]:
        path = self._table.email.paths[0]
        found: dict[str, set[str]] = {}
        for group in chunked(_spellings(addresses), most=300):
            query = Query(self._table.account_select, "accounts", [any_equals(path, group)], len(group))
            for page in search(self._client, query, self._accounts):
                for uid, email in zip(page.records["UID"].to_pylist(), page.records[path].to_pylist(), strict=True):
                    found.setdefault((email or "").lower(), set()).add(uid)
        return found

    def _email_accounts(self, addresses: Sequence[str]) -> pa.Table:
        where = [any_equals("profile.email", addresses)]
        query = Query(self._table.email_account_select, "emailAccounts", where, len(addresses))
        pages = [page.records for page in search(self._client, query, self._emails)]
        return pa.concat_tables([self._table.email_account_schema.empty_table(), *pages])

    def _counted(self, table: pa.Table) -> pa.Table:
        self.count += len(table)
        return table


def _spellings(addresses: pa.ChunkedArray) -> list[str]:
    stored = {address for address in addresses.to_pylist() if address}
    return sorted(stored | {address.lower() for address in stored})
