"""One file of CheetahMail's, from a local copy to a folder: `events.parquet`, the rejects beside it, `summary.json`.

The folder comes into being whole, after the last byte was read and found right: a cut or corrupt file leaves nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.config.files import InboundDefaults
from gigya_cheetah_assets.inbound import consent, container, others
from gigya_cheetah_assets.inbound.feeds import Columns, Echoed, Feed, OwnUploads, Typed, columns_of, feed_of, schema_of
from gigya_cheetah_assets.inbound.json_rows import JsonParser
from gigya_cheetah_assets.inbound.limits import Limits
from gigya_cheetah_assets.inbound.opened import Readable, readable
from gigya_cheetah_assets.inbound.parse import Batch, Parser, Shape
from gigya_cheetah_assets.inbound.rejects import LineRejects
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.store import folders, summary
from gigya_cheetah_assets.store.batches import LazyParquet

EVENTS = "events.parquet"
ACKNOWLEDGED = "acknowledged.parquet"
READERS: dict[str, Callable[[Feed, Columns, pa.Table], Typed]] = {
    "unsubscribes": consent.unsubscribes,
    "subscribes": consent.subscribes,
    "profiles": others.profiles,
    "full_extract": others.profiles,
    "address_changes": others.address_changes,
    "bounces": others.bounces,
    "import_reports": others.import_reports,
}


class InboundRead(msgspec.Struct, kw_only=True, frozen=True):
    """What one file held; rows = events + rejected + ignored.

    Attributes:
        name: Its name in the inbox.
        kind: Its feed.
        sha256: Of the file as it came, packed.
        size: In bytes, packed.
        packing: `plain`, `gzip` or `zip`, behind the encryption.
        signed_by: Fingerprint of the OpenPGP key whose signature it has; None where none was required.
        delimiter: As declared or found; empty for JSON lines.
        columns: The header, trimmed and in upper case.
        unknown_columns: Columns that nobody reads: a notice of drift.
        absent_columns: Columns of the field table that a file of profiles lacks; nothing is said of them.
        rows: Records behind the header, blank lines left out.
        events: Rows of events.parquet.
        rejected: Rows of the rejects, by `reasons[column][reason]`; an empty column is the whole row.
        ignored: Rows by reason that say nothing to us.
        value_errors: Emptied cells by column and reason; their rows are events.
        states: By subscription column the events by opt_in, opt_out, pending.
        unresolved: Events without a UID; they are known by their address only.
        first_at: Earliest time of an event, epoch ms.
        last_at: Latest.
    """

    name: str
    kind: str
    sha256: str
    size: int
    packing: str
    format: str = "delimited"
    signed_by: str | None = None
    encoding: str
    delimiter: str
    columns: list[str]
    unknown_columns: list[str]
    absent_columns: list[str]
    rows: int
    events: int
    rejected: int
    ignored: dict[str, int]
    blank_lines: int
    reasons: summary.Reasons
    value_errors: summary.Reasons
    states: dict[str, dict[str, int]]
    unresolved: int
    first_at: int | None
    last_at: int | None
    mapping_version: str


class _Counts:
    """Adds up what the batches hold."""

    def __init__(self, subscriptions: tuple[str, ...]) -> None:
        self.rows = self.events = self.blank_lines = self.unresolved = 0
        self.ignored: Counter[str] = Counter()
        self.value_errors: Counter[tuple[str, str]] = Counter()
        self.states: dict[str, Counter[str]] = {name: Counter() for name in subscriptions}
        self.span: tuple[int, int] | None = None

    def add(self, batch: Batch, found: Typed) -> None:
        events = found.events
        self.rows += len(batch.rows) + len(batch.rejects)
        self.events += len(events)
        self.blank_lines += batch.blank_lines
        self.ignored += found.ignored
        self.value_errors += found.value_errors
        self.unresolved += events["uid"].null_count
        for name, counter in self.states.items():
            if name in events.column_names:
                counted = pc.value_counts(events[name].drop_null()).to_pylist()
                counter.update({pair["values"]: pair["counts"] for pair in counted})
        first, last = pc.min_max(events["at"]).as_py().values()
        if first is not None:
            before = self.span or (first, last)
            self.span = min(first, before[0]), max(last, before[1])


def read_file(
    path: Path,
    *,
    name: str,
    kind: str,
    sync: Sync,
    table: FieldTable,
    folder: Path,
    now: datetime,
    own_uploads: OwnUploads | None = None,
    echoed: Echoed | None = None,
) -> InboundRead:
    """Reads a local copy into a folder and returns its counts.

    Args:
        path: The local copy; its name means nothing.
        name: The file's name in the inbox, for the summary.
        kind: The feed it belongs to.
        sync: The sync.
        table: Its field table.
        folder: Made or replaced, only when all of the file was read.
        now: Now, with a zone; no time of the file counts that lies beyond.
        own_uploads: Tells when an opt-out of ours was delivered, so that its echo is known; without it an echo is
            taken for an opt-out.
        echoed: Is told of echoes.

    Raises:
        RefuseFile: The file as a whole is not what was expected; nothing of it is kept.
        StopSync: The sync does not read such files.
    """
    feed = feed_of(kind, sync, table, now=int(now.timestamp() * 1000), own_uploads=own_uploads, echoed=echoed)
    with readable(path, feed.format, limits_of(feed.format), beside=folder) as source:
        parser = parser_of(source.path, feed.format)
        columns = columns_of(feed, parser.header)
        with folders.building(folder) as partial:
            counts, rejects = _written(feed, parser, columns, partial)
            result = _result(path, name, feed, columns, counts=counts, rejects=rejects, source=source)
            summary.write(partial, result)
    return result


def parser_of(path: Path, settings: InboundDefaults) -> Parser | JsonParser:
    """Reads a file as the feed says that it is written."""

    def pieces() -> Iterator[bytes]:
        return container.unpacked(path, limits_of(settings), member=settings.member)

    shape = shape_of(settings)
    return JsonParser(pieces, shape) if settings.format == "jsonl" else Parser(pieces(), shape)


def _written(feed: Feed, parser: Parser | JsonParser, columns: Columns, folder: Path) -> tuple[_Counts, LineRejects]:
    counts = _Counts(feed.subscriptions)
    schema = schema_of(feed, columns)
    writer = pq.ParquetWriter(folder / EVENTS, schema, compression="zstd", use_dictionary=False)
    with writer, LineRejects(folder) as rejects, LazyParquet(folder / ACKNOWLEDGED) as acknowledged:
        for batch in parser.batches(columns.read):
            found = READERS[feed.kind](feed, columns, batch.rows)
            writer.write_table(found.events)
            acknowledged.add(found.acknowledged)
            rejects.add(batch.rejects, found.rejects)
            counts.add(batch, found)
    return counts, rejects


def _result(
    path: Path,
    name: str,
    feed: Feed,
    columns: Columns,
    *,
    counts: _Counts,
    rejects: LineRejects,
    source: Readable,
) -> InboundRead:
    first_at, last_at = counts.span or (None, None)
    return InboundRead(
        name=name,
        kind=feed.kind,
        sha256=container.sha256_of(path),
        size=path.stat().st_size,
        packing=container.packing_of(source.path),
        signed_by=source.signed_by,
        format=feed.format.format,
        encoding=feed.format.encoding,
        delimiter=columns.header.delimiter,
        columns=list(columns.header.names),
        unknown_columns=columns.unknown,
        absent_columns=list(columns.absent),
        rows=counts.rows,
        events=counts.events,
        rejected=rejects.rows,
        ignored=dict(sorted(counts.ignored.items())),
        blank_lines=counts.blank_lines,
        reasons=summary.nested(rejects.reasons),
        value_errors=summary.nested(counts.value_errors),
        states={column: dict(sorted(found.items())) for column, found in counts.states.items()},
        unresolved=counts.unresolved,
        first_at=first_at,
        last_at=last_at,
        mapping_version=feed.table.version,
    )


def limits_of(settings: InboundDefaults) -> Limits:
    """What a file may unpack to."""
    return Limits(settings.max_megabytes << 20, settings.max_ratio, settings.max_members)


def shape_of(settings: InboundDefaults) -> Shape:
    """How a file is written."""
    return Shape(
        delimiter=settings.delimiter,
        encoding=settings.encoding,
        max_columns=settings.max_columns,
        max_field=settings.max_field,
        max_record=settings.max_row_bytes,
    )
