"""Rows about people whom Gigya does not know, and what an account made of them would hold. Making it is in `create`.

Only feeds that describe a person may make an account, and only of an address that nobody has. A UID that the ledger
knows is that of an account which is gone: nobody is made of it again. Of consent only what the file proves is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path

import pyarrow as pa

from gigya_cheetah_assets.inbound import kinds
from gigya_cheetah_assets.inbound.accounts import Account
from gigya_cheetah_assets.inbound.feeds import Feed
from gigya_cheetah_assets.inbound.person import Planned, Row, planned
from gigya_cheetah_assets.ledger import Change, FieldRule, ParkedOptOut
from gigya_cheetah_assets.ledger.consents import OPT_IN
from gigya_cheetah_assets.ledger.parked import normal_address
from gigya_cheetah_assets.outbound.spool import Spool, parts_for

CREATED = "created"
"""The rule of the address of a new account."""
NEW = "new-"
"""What the key of an account that is still to be made begins with."""
_TYPES = {"line": pa.int64(), "at": pa.int64(), "first_party": pa.bool_()}
_ADDRESS, _REASON = "_address", "_reason"
_PART_ROWS = 10_000


class Newcomers:
    """The rows of one file about people without an account, gathered by address.

    Args:
        folder: For its part files.
        feed: The file's feed.
        rows: Rows of the file.
    """

    def __init__(self, folder: Path, feed: Feed, rows: int) -> None:
        self._folder, self._feed, self._rows = folder, feed, rows
        self._spool: Spool | None = None

    def takes(self, row: Row) -> bool:
        """Whether an account could be made of a row."""
        return self._feed.kind in kinds.DESCRIBING and bool(row["email"])

    def add(self, rows: Sequence[Row], reason: str) -> None:
        """Keeps rows that it takes, with the reason of their rejects, if no account is made of them."""
        if self._spool is None:
            schema = pa.schema([(name, _TYPES.get(name, pa.string())) for name in (*rows[0], _ADDRESS, _REASON)])
            parts = parts_for(self._rows, _PART_ROWS)
            self._spool = Spool(self._folder, "newcomers", schema, key=_ADDRESS, parts=parts)
        marked = [{**row, _ADDRESS: normal_address(row["email"]), _REASON: reason} for row in rows]
        self._spool.add(pa.Table.from_pylist(marked, self._spool.schema))

    def by_address(self) -> Iterator[dict[str, list[Row]]]:
        """The rows by address, a part at a time; all rows of an address are in one."""
        for part in self._spool.read(self._spool.parts) if self._spool is not None else ():
            people: dict[str, list[Row]] = {}
            for row in part.to_pylist():
                people.setdefault(row.pop(_ADDRESS), []).append(row)
            yield people


def by_reason(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Rows without an account by the reason of their rejects."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.pop(_REASON), []).append(row)
    return found


def newcomer(
    feed: Feed,
    rules: Mapping[str, FieldRule],
    rows: Sequence[Row],
    parked: Sequence[ParkedOptOut],
    *,
    file: str,
) -> Planned:
    """What the account of one address would hold.

    Args:
        feed: The file's feed.
        rules: By column.
        rows: All rows with this address.
        parked: Opt-outs that wait on it.
        file: SHA-256 of the file.
    """
    first = min(rows, key=lambda row: row["line"])
    made = planned(feed, rules, rows, _nobody(feed, key_of(first["email"], file)), {}, parked=parked)
    email = feed.table.email.cheetahmail
    proven = (change for change in made.item.changes if change.write and change.column != email)
    kept = [change for change in proven if not _is_unproven(change)]
    address = Change(email, None, first["email"], first["email"], True, CREATED, line=first["line"])
    return replace(made, item=replace(made.item, changes=(address, *kept)))


def key_of(email: str, file: str) -> str:
    """The key of the account that a file (SHA-256) makes of an address, until Gigya gives it one."""
    return NEW + blake2b(normal_address(email).encode(), digest_size=16, key=bytes.fromhex(file)).hexdigest()


def is_new(key: str) -> bool:
    """Whether an item is about an account that is still to be made."""
    return key.startswith(NEW)


def masked(email: str) -> str:
    """An address for people to look at: its first letter and its last label."""
    return f"{email[:1]}…@….{email.rpartition('.')[2]}"


def _is_unproven(change: Change) -> bool:
    """An opt-in without a time at which the person gave it."""
    return change.subscription and change.value == OPT_IN and change.at is None


def _nobody(feed: Feed, key: str) -> Account:
    names = [field.cheetahmail for field in feed.table.fields if field.type != "subscription"]
    states: dict[str, tuple[str | None, int | None]] = {
        field.cheetahmail: (None, None) for field in feed.table.subscriptions
    }
    return Account(key, {}, dict.fromkeys(names), states, None)
