"""The canary: a test person of the company's own whose value changes every day and must come back.

The value is written into the person's account in Gigya and takes the way of every other change: window, row, import at
CheetahMail, extract, inbox. Its return proves that CheetahMail's extract ran, so a feed without a file had no events;
its absence tells that somewhere on the whole way nothing moves.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.config.files import Canary
from gigya_cheetah_assets.errors import StopSync
from gigya_cheetah_assets.gigya import GigyaClient
from gigya_cheetah_assets.gigya.envelope import envelope_only
from gigya_cheetah_assets.inbound.accounts import AccountReader
from gigya_cheetah_assets.inbound.read import EVENTS
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.mapping.reverse import at, update_of
from gigya_cheetah_assets.store import folders
from gigya_cheetah_assets.store.batches import read_batches

RETURNS_WITHIN = timedelta(hours=48)
_FILE = "canary.json"


class Flight(msgspec.Struct, frozen=True):
    """Where the canary is.

    Attributes:
        value: What was written last, the day of it.
        sent: By value when it was written, of the last days.
        returned: When a value came back last.
    """

    value: str = ""
    sent: dict[str, datetime] = {}
    returned: datetime | None = None

    def lost(self, now: datetime) -> bool:
        """Whether a value has been out for longer than `RETURNS_WITHIN` and neither it nor a later one came back."""
        out = [sent for sent in self.sent.values() if self.returned is None or sent > self.returned]
        return any(now - sent > RETURNS_WITHIN for sent in out)


def send(client: GigyaClient, sync: Sync, canary: Canary, table: FieldTable, *, data: Path, now: datetime) -> Flight:
    """Writes today's value, once a day.

    Raises:
        StopSync: There is no such account, or it has another address than the sync file says.
        GigyaUnavailable: The site did not answer within its budget.
    """
    flight, value = read(data, sync), f"{now:%Y-%m-%d}"
    if flight.value == value:
        return flight
    document = AccountReader(client, table).document(canary.uid)
    email = at(document or {}, table.email.paths[0])
    if str(email or "").strip().lower() != canary.address.strip().lower():
        found = "no account" if document is None else "another address"
        raise StopSync(
            f"{sync.name}: expected the canary's account to have the address of inbound_files.canary, found {found}",
            next_step="name an account of your own that nobody else uses, with its address",
        )
    fields = {field.cheetahmail: field for field in table.fields}
    update = update_of(fields, {canary.column: value}, document or {})
    client.call("accounts.setAccountInfo", {"UID": canary.uid, "muteWebhooks": True, **update}, envelope_only)
    recent = {day: sent for day, sent in flight.sent.items() if now - sent < 4 * RETURNS_WITHIN}
    flight = msgspec.structs.replace(flight, value=value, sent={**recent, value: now})
    _write(data, sync, flight)
    return flight


def look_for(sync: Sync, partition: str, kind: str, *, data: Path, now: datetime) -> bool:
    """Looks for the canary in the rows of a file that was read; whether a value that is out came back."""
    canary = sync.inbound_files.canary if sync.inbound_files else None
    if canary is None or kind != canary.feed:
        return False
    flight = read(data, sync)
    events = folders.asset_folder(data, sync.name, folders.INBOUND_ROWS, partition) / EVENTS
    found = {
        row[canary.column]
        for batch in read_batches(events)
        if canary.column in batch.column_names
        for row in batch.select(["uid", canary.column]).to_pylist()
        if row["uid"] == canary.uid
    }
    if not found & flight.sent.keys():
        return False
    left = {day: sent for day, sent in flight.sent.items() if day > max(found & flight.sent.keys())}
    _write(data, sync, msgspec.structs.replace(flight, sent=left, returned=now))
    return True


def last_return(data: Path, sync: Sync) -> datetime | None:
    """When the canary came back last; None without one."""
    return read(data, sync).returned


def read(data: Path, sync: Sync) -> Flight:
    """Where the canary of a sync is."""
    path = data / sync.name / _FILE
    return msgspec.json.decode(path.read_bytes(), type=Flight) if path.is_file() else Flight()


def _write(data: Path, sync: Sync, flight: Flight) -> None:
    with folders.private():
        folder = data / sync.name
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / f".{_FILE}.partial"
        partial.write_bytes(msgspec.json.encode(flight))
        partial.replace(folder / _FILE)
