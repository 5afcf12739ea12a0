"""Files of the feeds for tests: a sync with two lists, and reading a text as one of its feeds."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from gigya_cheetah_assets.config.sync import Sync
from gigya_cheetah_assets.inbound.read import InboundRead, read_file
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets_tests.syncs import minimal_sync

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
FIELDS: list[dict[str, Any]] = [
    {"cheetahmail": "GIGYA_UID", "gigya": "UID", "key": True},
    {"cheetahmail": "EMAIL", "gigya": "profile.email", "type": "email", "required": True},
    {"cheetahmail": "FNAME", "gigya": "profile.firstName", "max_length": 5},
    {"cheetahmail": "BORN", "gigya": "data.born", "type": "date", "format": "%m/%d/%Y"},
    {"cheetahmail": "TIER", "gigya": "data.tier", "values": {"gold": "G", "silver": "S"}, "default": "N"},
    {"cheetahmail": "POINTS", "gigya": "data.points", "type": "integer", "on_error": "reject"},
    {"cheetahmail": "CLUB", "gigya": "data.club", "type": "boolean", "values": {"true": "Y", "false": "N"}},
    {"cheetahmail": "HASHED", "gigya": "profile.email", "hash": "md5"},
    {
        "cheetahmail": "NEWS",
        "gigya": "subscriptions.news.email",
        "type": "subscription",
        "values": {"opt_in": "1", "opt_out": "0"},
    },
    {"cheetahmail": "OFFERS", "gigya": "subscriptions.offers.email", "type": "subscription"},
]
INBOUND: dict[str, Any] = {
    "defaults": {"time_zone": "UTC"},
    "unsubscribes": {"pattern": "*unsubs_*", "list": {"10": "NEWS", "20": "OFFERS"}},
    "subscribes": {"pattern": "*subs_*", "not": "*unsubs_*", "first_party": ["Web"]},
    "profiles": {"pattern": "*demo_*"},
    "address_changes": {"pattern": "*coa_*"},
    "bounces": {"pattern": "*bounces_*", "results": {"5": "hard", "4": "soft"}, "events": ["B"]},
    "import_reports": {"pattern": "*loader_*"},
    "full_extract": {"pattern": "*full_*"},
}


def sync(fields: list[dict[str, Any]] | None = None, **feeds: dict[str, Any]) -> Sync:
    """The sync; `feeds` are laid over its feeds key by key."""
    inbound = {kind: settings | feeds.get(kind, {}) for kind, settings in INBOUND.items()}
    return Sync.model_validate(minimal_sync(fields=fields or FIELDS, inbound_files=inbound))


class Inbox:
    """Reads texts as files of a feed.

    Args:
        folder: Where copies and results go.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.result = folder / "data" / "result"

    def read(self, kind: str, content: str | bytes, config: Sync | None = None, **options: Any) -> InboundRead:
        """Its counts; the folder stays for `events` and `rejects`."""
        path = self.folder / "copy"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        config = config or sync()
        given = {"name": f"{kind}_1.dat", "folder": self.result, "now": NOW} | options
        return read_file(path, kind=kind, sync=config, table=FieldTable.from_sync(config), **given)

    def events(self, *columns: str) -> list[Any]:
        """Those columns of the frame; plain values for one column."""
        table = pq.read_table(self.result / "events.parquet").select(columns)
        return table[0].to_pylist() if len(columns) == 1 else [tuple(row.values()) for row in table.to_pylist()]

    def rejects(self) -> list[tuple[Any, ...]]:
        """line, column, reason."""
        return [tuple(row.values()) for row in pq.read_table(self.result / "rejects.parquet").to_pylist()]


def ms(text: str) -> int:
    """Epoch ms of an ISO time in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)
