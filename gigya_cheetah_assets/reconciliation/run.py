"""Reads both sides, part by part, and keeps the differences: `differences.parquet` and `summary.json`.

Gigya's side is read whole by the same steps as a window; CheetahMail's is the newest full extract that was read. The
folder lies beside those of the other assets and holds identifiers and states only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pyarrow as pa

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.errors import StopSync
from gigya_cheetah_assets.gigya import GigyaClient
from gigya_cheetah_assets.inbound.read import EVENTS, InboundRead
from gigya_cheetah_assets.ledger import InboundState, Ledger, RowShape
from gigya_cheetah_assets.mapping import FieldTable, map_profiles
from gigya_cheetah_assets.outbound.extract import extract
from gigya_cheetah_assets.outbound.spool import Spool, in_stable_order, parts_for
from gigya_cheetah_assets.outbound.window import Window
from gigya_cheetah_assets.reconciliation.classify import Found, Part, classified
from gigya_cheetah_assets.store import folders, summary
from gigya_cheetah_assets.store.batches import LazyParquet, read_batches

LATEST = "latest"
_PART_ROWS = 100_000


class ReconciliationSummary(msgspec.Struct, kw_only=True, frozen=True):
    """What the comparison found.

    Attributes:
        extract: Partition key of the full extract.
        extract_read_at: When it was read, ISO 8601.
        accounts: Accounts of Gigya's side.
        subscribers: Rows of the extract.
        without_uid: Rows of the extract that name no UID; nobody can say whose they are.
        repeated: Rows of the extract beyond the first of a UID.
        people: People by verdict.
        columns: Differences by column and verdict.
        states: By subscription, people by `Gigya's state / CheetahMail's state`.
        open_corrections: People whom the next window corrects.
    """

    extract: str
    extract_read_at: str
    accounts: int
    subscribers: int
    without_uid: int
    repeated: int
    people: dict[str, int]
    columns: summary.Reasons
    states: dict[str, dict[str, int]]
    open_corrections: int
    mapping_version: str


def newest_extract(data: Path, sync: Sync) -> Path:
    """The folder of the full extract that was read last.

    Raises:
        StopSync: None was read yet.
    """
    rows = data / sync.name / folders.INBOUND_ROWS
    finished = [path.parent for path in rows.glob(f"*/{folders.SUMMARY}") if not path.parent.name.startswith(".")]
    extracts = [folder for folder in finished if summary.read(folder, InboundRead).kind == "full_extract"]
    if not extracts:
        raise StopSync(
            f"{sync.name}: no full extract of CheetahMail's list was read yet",
            next_step="let CheetahMail drop a full extract into the inbox, then materialize reconciliation again",
        )
    return max(extracts, key=lambda folder: (folder / folders.SUMMARY).stat().st_mtime)


def reconcile(
    client: GigyaClient, sync: Sync, table: FieldTable, *, data: Path, ledger: Ledger
) -> ReconciliationSummary:
    """Compares both sides as they are now with the newest full extract.

    Raises:
        StopSync: There is no full extract, or it was read with other fields than the sync file has now.
        GigyaUnavailable: The site did not answer within its budget.
    """
    extract_folder = newest_extract(data, sync)
    read = summary.read(extract_folder, InboundRead)
    shape = RowShape.of(table.fields)
    state = InboundState(ledger, sync.name, shape)
    target = folders.asset_folder(data, sync.name, folders.RECONCILIATION, LATEST)
    with folders.building(target) as building, TemporaryDirectory(dir=building) as scratch:
        rows = _gigya_side(client, sync, table, Path(scratch))
        events = _spooled(read_batches(extract_folder / EVENTS), Path(scratch), "events", "uid", read.events)
        totals = _Totals()
        with LazyParquet(building / "differences.parquet") as differences:
            for mine, theirs in _parts(shape.key, rows, events):
                once = in_stable_order(theirs, "uid", latest_by="at")
                baseline = ledger.baseline(sync.name, mine[shape.key], window="")
                found = classified(Part(mine, once, baseline, _undeliverable(state, mine[shape.key])), shape)
                differences.add(found.differences)
                totals.add(found, repeated=len(theirs) - len(once))
        result = _summary(read, extract_folder, totals, rows.rows, ledger.open_corrections(sync.name))
        summary.write(building, result)
    return result


def _undeliverable(state: InboundState, uids: pa.ChunkedArray) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for uid, names in state.undeliverable(uids.to_pylist()).items():
        for name in names:
            found.setdefault(name, []).append(uid)
    return found


class _Totals:
    """Adds up what the parts held."""

    def __init__(self) -> None:
        self.people: Counter[str] = Counter()
        self.columns: Counter[tuple[str, str]] = Counter()
        self.states: Counter[tuple[str, str, str]] = Counter()
        self.repeated = 0

    def add(self, found: Found, *, repeated: int) -> None:
        self.people += found.people
        self.columns += found.columns
        self.states += found.states
        self.repeated += repeated


def _summary(
    read: InboundRead, folder: Path, totals: _Totals, accounts: int, open_corrections: int
) -> ReconciliationSummary:
    states: dict[str, dict[str, int]] = {}
    for (name, ours, theirs), count in sorted(totals.states.items()):
        states.setdefault(name, {})[f"{ours} / {theirs}"] = count
    read_at = datetime.fromtimestamp((folder / folders.SUMMARY).stat().st_mtime, UTC)
    return ReconciliationSummary(
        extract=folder.name,
        extract_read_at=read_at.isoformat(timespec="seconds"),
        accounts=accounts,
        subscribers=read.rows,
        without_uid=sum(read.reasons.get("GIGYA_UID", {}).values()),
        repeated=totals.repeated,
        people=dict(sorted(totals.people.items())),
        columns=summary.nested(totals.columns),
        states=states,
        open_corrections=open_corrections,
        mapping_version=read.mapping_version,
    )


def _gigya_side(client: GigyaClient, sync: Sync, table: FieldTable, scratch: Path) -> Spool:
    """All accounts, mapped; `_exported` tells those that are CheetahMail's to have."""
    now = datetime.now(UTC)
    whole = Window(key="now", start=now, end=now, lower=None, upper=None)
    everything = sync.model_copy(update={"sample_size": None})
    (counted,) = extract(client, everything, table, [whole], data=scratch)
    folder = folders.asset_folder(scratch, sync.name, folders.PROFILES, whole.stamp)
    return _spooled(_mapped(table, folder), scratch, "rows", table.key.cheetahmail, counted.profiles)


def _mapped(table: FieldTable, profiles: Path) -> Iterator[pa.Table]:
    for batch in read_batches(profiles / "profiles.parquet"):
        mapped = map_profiles(table, batch.drop_columns(["repeat"]))
        yield _marked(mapped.rows, exported=True)
        yield _marked(pa.concat_tables([mapped.rejected, mapped.filtered]), exported=False)
    for batch in read_batches(profiles / "rejected.parquet"):
        mapped = map_profiles(table, batch)
        yield _marked(pa.concat_tables([mapped.rows, mapped.rejected, mapped.filtered]), exported=False)


def _marked(rows: pa.Table, *, exported: bool) -> pa.Table:
    return rows.append_column("_exported", pa.repeat(pa.scalar(exported), len(rows)))


def _spooled(tables: Iterator[pa.Table], folder: Path, name: str, key: str, rows: int) -> Spool:
    first = next(tables, None)
    if first is None:
        raise StopSync(
            f"{name} of the comparison are empty: there is nothing to compare", next_step="look at both sides"
        )
    spool = Spool(folder, name, first.schema, key=key, parts=parts_for(rows, _PART_ROWS))
    spool.add(first)
    for table in tables:
        spool.add(table)
    return spool


def _parts(key: str, rows: Spool, events: Spool) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Gigya's and CheetahMail's rows of the same people, part by part."""
    count = max(rows.parts, events.parts)
    for ours, theirs in zip(rows.read(count), events.read(count), strict=True):
        yield in_stable_order(ours, key, latest_by="_updated"), theirs
