"""One feed of a sync: where a file has what its kind reads, and the typed frame it becomes. The kinds are in `kinds`.

Every row of a file becomes one row of the frame, a reject, or is ignored. The frame begins with line, uid, email, at
(epoch ms); a kind's own columns follow, then one column for each CheetahMail column it speaks of: the cell's text, or
the state of a subscription. Null says nothing, an empty text is a blank cell; a column that the file lacks is absent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import pyarrow as pa

from gigya_cheetah_assets.config import FieldConfig, Sync
from gigya_cheetah_assets.config.files import InboundDefaults, InboundFile, InboundFiles, Treatment
from gigya_cheetah_assets.errors import StopSync
from gigya_cheetah_assets.inbound import kinds
from gigya_cheetah_assets.inbound.header import Header, normal, resolved
from gigya_cheetah_assets.inbound.typed import readable
from gigya_cheetah_assets.inbound.verdicts import Verdicts
from gigya_cheetah_assets.mapping import FieldTable

OwnUploads = Callable[[list[str], int], Mapping[tuple[str, str], Sequence[int]]]
"""UIDs, and a time since which it matters, to when opt-outs of ours were delivered, by (uid, subscription column);
all times are epoch ms."""
ACKNOWLEDGED = pa.schema([("uid", pa.string()), ("subscription", pa.string()), ("at", pa.int64())])


Echoed = Callable[[list[tuple[str, str]]], None]
"""Is told the echoes of our own opt-outs, batch by batch: UID and subscription column."""


@dataclass(frozen=True)
class Feed:
    """A feed with all that decides how it is read.

    Attributes:
        kind: One of `kinds.KINDS`.
        config: Its part of the sync file.
        format: The defaults with its own settings.
        table: The field table.
        lists: List id to subscription column.
        now: Epoch ms; no time of a file counts that lies beyond.
        own_uploads: What we uploaded, to know an echo by; None when that is not known.
            creates: Whether a row without a UID may be about somebody of whom an account is made.
            echoed: Is told of echoes.
    """

    kind: str
    config: InboundFile
    format: InboundDefaults
    table: FieldTable
    lists: Mapping[str, str]
    now: int
    own_uploads: OwnUploads | None = None
    creates: bool = False
    echoed: Echoed | None = None

    @cached_property
    def reasons(self) -> dict[str, Treatment]:
        """Reason code to what it means."""
        return kinds.reasons_of(self.config)

    @cached_property
    def subscriptions(self) -> tuple[str, ...]:
        """The subscription columns of the sync."""
        return tuple(found.cheetahmail for found in self.table.subscriptions)


@dataclass(frozen=True)
class Columns:
    """Where a file has what a feed reads.

    Attributes:
        header: The file's header.
        at: Canonical column to its name in the header.
        fields: Fields of the table that are in the file, with their names there.
        absent: CheetahMail columns of the table that the file lacks; that is not the same as a blank.
    """

    header: Header
    at: Mapping[str, str]
    fields: tuple[tuple[FieldConfig, str], ...] = ()
    absent: tuple[str, ...] = ()

    @property
    def read(self) -> list[str]:
        """The names in the header of all columns that are read."""
        return list(dict.fromkeys([*self.at.values(), *(name for _, name in self.fields)]))

    @property
    def unknown(self) -> list[str]:
        """Columns of the file that nobody reads."""
        read = set(self.read)
        return [name for name in self.header.names if name not in read]


@dataclass(frozen=True)
class Typed:
    """What a batch became; rows = events + rejects + ignored.

    Attributes:
        events: The typed frame.
        rejects: line, column, reason; one a row.
        ignored: Rows by reason that say nothing to us.
        value_errors: Emptied cells by (column, reason); their rows are in `events`.
        acknowledged: Opt-outs of ours that CheetahMail tells to have carried out, as `ACKNOWLEDGED`; ignored rows.
    """

    events: pa.Table
    rejects: pa.Table
    ignored: Counter[str] = field(default_factory=Counter)
    value_errors: Counter[tuple[str, str]] = field(default_factory=Counter)
    acknowledged: pa.Table = field(default_factory=ACKNOWLEDGED.empty_table)


def feed_of(
    kind: str,
    sync: Sync,
    table: FieldTable,
    *,
    now: int,
    own_uploads: OwnUploads | None = None,
    echoed: Echoed | None = None,
) -> Feed:
    """The feed of a kind.

    Raises:
        StopSync: The sync file does not configure it, or maps no list to tell an opt-in's subscription by.
    """
    files = sync.inbound_files or InboundFiles()
    config = getattr(files, kind) if kind in InboundFiles.KINDS else None
    if config is None:
        raise StopSync(f"sync {sync.name} reads no {kind}", next_step=f"add {kind} to inbound_files of the sync file")
    lists = kinds.lists_of(config, files)
    if kind == "subscribes" and not lists:
        raise StopSync(
            "inbound_files.subscribes: expected a list, found none: an opt-in must name its subscription",
            next_step="add list: {id: column} to subscribes or unsubscribes in inbound_files",
        )
    creates = sync.create_accounts != "never" and kind in kinds.DESCRIBING
    return Feed(kind, config, config.layout(files.defaults), table, lists, now, own_uploads, creates, echoed)


def columns_of(feed: Feed, header: Header) -> Columns:
    """Where the file has what the feed reads.

    Raises:
        RefuseFile: A required column is missing.
    """
    aliases = kinds.aliases_of(feed.kind, feed.config, feed.table)
    at = resolved(header, aliases, ())
    resolved(header, aliases, _required(feed, at))
    if feed.kind not in ("profiles", "full_extract"):
        return Columns(header, at)
    own = {normal(name): names for name, names in feed.config.aliases.items()}
    fields = readable(feed.table)
    wanted = {f.cheetahmail: own.get(normal(f.cheetahmail), ()) for f in fields}
    if feed.table.email.cheetahmail in wanted:
        wanted[feed.table.email.cheetahmail] = (at[kinds.EMAIL],)
    found = resolved(header, wanted, ())
    there = tuple((f, found[f.cheetahmail]) for f in fields if f.cheetahmail in found)
    return Columns(header, at, there, tuple(name for name in wanted if name not in found))


def _required(feed: Feed, there: Container[str]) -> tuple[str, ...]:
    """Unsubscribes need a list only where lists are told apart; bounces a UID or an address."""
    required = kinds.KINDS[feed.kind].required
    if feed.kind == "unsubscribes" and (feed.lists or len(feed.subscriptions) > 1):
        return (*required, kinds.LIST_ID)
    if feed.kind == "bounces" and kinds.EMAIL not in there:
        return (*required, kinds.UID)
    return required


def schema_of(feed: Feed, columns: Columns) -> pa.Schema:
    """The frame of a file with these columns."""
    own = kinds.KINDS[feed.kind].own
    consents = feed.kind in ("unsubscribes", "subscribes")
    names = feed.subscriptions if consents else tuple(found.cheetahmail for found, _ in columns.fields)
    return pa.schema([*kinds.COMMON, *own, *((name, pa.string()) for name in names)])


def framed(feed: Feed, columns: Columns, made: Mapping[str, pa.Array], verdicts: Verdicts) -> Typed:
    """The rows that go on as a frame, with the verdicts on the others; a column that was not made is null."""
    schema = schema_of(feed, columns)
    size = len(verdicts.going)
    arrays = [made[name] if name in made else pa.nulls(size, schema.field(name).type) for name in schema.names]
    events = pa.table(arrays, schema=schema).filter(verdicts.going)
    return Typed(events, verdicts.rejects(), verdicts.ignored, verdicts.value_errors())
