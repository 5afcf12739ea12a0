"""Looking up who has an address, and keeping what people leave behind at one that others have too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from zlib import crc32

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gigya_cheetah_assets.ledger.addresses import Holder, candidates
from gigya_cheetah_assets.ledger.agreement import INBOUND, Agreement
from gigya_cheetah_assets.ledger.arrow import Texts, pc
from gigya_cheetah_assets.ledger.baseline import Baseline
from gigya_cheetah_assets.ledger.consent_log import ADDRESS_LEFT, ConsentEntry, ConsentLog
from gigya_cheetah_assets.ledger.consents import OPT_IN, OPT_OUT, parse_consents
from gigya_cheetah_assets.ledger.left import Left, leave
from gigya_cheetah_assets.ledger.lookup import People
from gigya_cheetah_assets.ledger.shape import RowShape
from gigya_cheetah_assets.ledger.tables import consent_log


def may_have(connection: Connection, mark: str, sync: str, asked: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """By address the UIDs of others that the index names for it."""
    askers: dict[str, set[str]] = {}
    for address, uid in asked:
        askers.setdefault(address, set()).add(uid)
    hashes = {address: crc32(address.encode()) for address in askers}
    by_hash: dict[int, list[str]] = {}
    for found, uid in candidates(connection, mark, sync, hashes.values()):
        by_hash.setdefault(found, []).append(uid)
    named = {address: by_hash.get(found, []) for address, found in hashes.items()}
    return {address: uids for address, uids in named.items() if any(askers[address] != {uid} for uid in uids)}


def verified(
    found: Mapping[str, Iterable[str]], uids: Texts, baseline: Baseline, shape: RowShape
) -> dict[str, list[Holder]]:
    """Those who have the address still, with what they decided."""
    addresses = pc.utf8_lower(baseline.cells(shape.email)).to_pylist()
    people = {
        uid: (address, Holder(uid, parse_consents(consents or "")))
        for uid, address, consents in zip(uids.to_pylist(), addresses, baseline.consents.to_pylist(), strict=True)
    }
    return {
        address: holders
        for address, names in found.items()
        if (holders := [people[uid][1] for uid in names if people[uid][0] == address])
    }


def record(people: People, shape: RowShape, window: str, left: pa.Table, *, now: int, again: bool) -> None:
    """Keeps a table of `LEFT` in the transaction of its delivery.

    An opt-out stays at the address. An opt-in was withdrawn there: the log says so, which also makes its echo known;
    one that has to be told anew is forgotten, so that the next window tells it.
    """
    rows = left.to_pylist()
    for row in rows:
        opted_out = row["state"] == OPT_OUT
        leave(
            people.connection,
            people.sync,
            Left(row["address"], row["subscription"], opted_out, row["at"] if opted_out else None, window, row["uid"]),
        )
    withdrawn = [row for row in rows if row["state"] == OPT_IN]
    logged = _logged(people, window, [row["uid"] for row in withdrawn]) if again else set()
    ConsentLog(people.connection, people.mark, people.sync).append(
        (
            ConsentEntry(
                row["uid"], row["subscription"], OPT_IN, OPT_IN, row["at"], "gigya", window, None, ADDRESS_LEFT
            )
            for row in withdrawn
            if (row["uid"], row["subscription"]) not in logged
        ),
        now,
    )
    agreement = Agreement(people.connection, people.mark, people.sync, shape, f"{INBOUND}address {window}", now)
    anew = [row for row in withdrawn if row["again"]]
    for uid in sorted({row["uid"] for row in anew}):
        agreement.forget(uid, [row["subscription"] for row in anew if row["uid"] == uid])


def _logged(people: People, window: str, uids: list[str]) -> set[tuple[str, str]]:
    log = consent_log.c
    query = sa.select(log.uid, log.subscription).where(
        log.sync == people.sync, log.source == window, log.rule == ADDRESS_LEFT, log.uid.in_(uids)
    )
    return {(row.uid, row.subscription) for row in people.connection.execute(query)}
