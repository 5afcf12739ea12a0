"""How long local copies and Parquet of personal data are kept, and what of it is still needed.

What a step left is removed `retention_days` after it was written, unless its window or file has not come to its end,
or the newest of its kind is compared with. Of what was delivered and applied the counts and manifests stay: they hold
no personal data, and others tell by them that the work is done. The ledger and the consent log are not touched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

import msgspec

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.inbound.container import sha256_of
from gigya_cheetah_assets.inbound.fetch import CONTENT
from gigya_cheetah_assets.ledger import InboundState, Ledger, RowShape
from gigya_cheetah_assets.outbound.brakes import WINDOWS_COMPARED
from gigya_cheetah_assets.store import folders, removal
from gigya_cheetah_assets.store.removal import Size

LEFTOVERS = "leftovers"
OPEN_WINDOW, OPEN_FILE, COMPARED = "window not delivered", "file not done", "compared with"
# Longer than any step takes.
_LEFT_AFTER = timedelta(days=1)


@dataclass(frozen=True)
class Removed:
    """What was removed of one asset."""

    partitions: int
    size: Size


@dataclass
class RetentionReport:
    """What was removed, and what is older than allowed but still needed.

    Attributes:
        before: What was written before this was to be removed.
        removed: By asset; `leftovers` is what killed steps left.
        kept: Partitions by the reason for which they stay.
    """

    before: datetime
    removed: dict[str, Removed] = field(default_factory=dict)
    kept: Counter[str] = field(default_factory=Counter)

    @property
    def overdue(self) -> int:
        """Partitions that stay because their work has not come to its end: somebody should look at them."""
        return self.kept[OPEN_WINDOW] + self.kept[OPEN_FILE]


class _Known(msgspec.Struct):
    """What the summary of a read file tells here."""

    sha256: str
    kind: str


class Needed:
    """Why something of a sync is still needed.

    Args:
        sync: The sync.
        data: The data folder.
        state: The inbound side of its ledger.
    """

    def __init__(self, sync: Sync, data: Path, state: InboundState) -> None:
        self._sync = sync
        self._root = data / sync.name
        self._state = state

    def window(self, stamp: str) -> str | None:
        """A window that was never delivered, or was made anew since."""
        made = [self._finished(asset, stamp) for asset in (folders.PROFILES, folders.ROWS)]
        delivered = self._finished(folders.FILES, stamp)
        if delivered is None or max(time or 0.0 for time in made) > delivered:
            return OPEN_WINDOW
        return None

    def profiles(self, stamp: str) -> str | None:
        """The same; or one of the last windows, whose volume the next one is compared with."""
        return self.window(stamp) or (COMPARED if stamp in self._last_windows else None)

    def deletion(self, stamp: str) -> str | None:
        """A window whose deletions were not delivered."""
        return None if self._finished(folders.DELETION_FILE, stamp) is not None else OPEN_WINDOW

    def file(self, partition: str) -> str | None:
        """An inbound file that was neither applied nor refused."""
        if self._finished(folders.UPDATES, partition) is not None:
            return None
        sha256 = self._sha256(partition)
        record = self._state.record(sha256) if sha256 else None
        return OPEN_FILE if record is None or record.status == "open" else None

    def rows(self, partition: str) -> str | None:
        """The same; or the newest full extract, which the reconciliation reads."""
        return self.file(partition) or (COMPARED if partition == self._newest_extract else None)

    def segment(self, name: str) -> str | None:
        """The members that the next delivery is compared with."""
        return COMPARED if any(segment.name == name for segment in self._sync.segments) else None

    def nothing(self, partition: str) -> str | None:  # noqa: ARG002 - one signature for all kinds
        """No reason."""
        return None

    @cached_property
    def _last_windows(self) -> set[str]:
        stamps = [path.name for path in removal.partitions(self._root / folders.PROFILES)]
        return set(stamps[-WINDOWS_COMPARED:])

    @cached_property
    def _newest_extract(self) -> str | None:
        read = {path.name: self._known(path) for path in removal.partitions(self._root / folders.INBOUND_ROWS)}
        extracts = [name for name, known in read.items() if known is not None and known.kind == "full_extract"]
        return max(extracts, key=lambda name: self._finished(folders.INBOUND_ROWS, name) or 0.0, default=None)

    def _known(self, folder: Path) -> _Known | None:
        path = folder / folders.SUMMARY
        return msgspec.json.decode(path.read_bytes(), type=_Known) if path.is_file() else None

    def _sha256(self, partition: str) -> str | None:
        known = self._known(self._root / folders.INBOUND_ROWS / partition)
        copy = self._root / folders.INBOUND_FILES / partition / CONTENT
        if known is not None:
            return known.sha256
        return sha256_of(copy) if copy.is_file() else None

    def _finished(self, asset: str, partition: str) -> float | None:
        """When a step was finished (epoch s), None if it was not."""
        path = self._root / asset / partition / folders.SUMMARY
        return path.stat().st_mtime if path.is_file() else None


def remove_expired(sync: Sync, *, data: Path, ledger: Ledger, now: datetime) -> RetentionReport:
    """Removes what is older than `retention_days` and not needed any more.

    Args:
        sync: The sync; only its own folder is touched.
        data: The data folder.
        ledger: Tells which inbound files have come to their end.
        now: Now, with a zone.
    """
    needed = Needed(sync, data, InboundState(ledger, sync.name, RowShape.of(sync.fields)))
    report = RetentionReport(now - timedelta(days=sync.retention_days))
    for asset, why in _whole(needed).items():
        _remove(data / sync.name / asset, report, why, removal.remove_folder)
    for asset in (folders.FILES, folders.DELETION_FILE, folders.SEGMENT_FILE, folders.UPDATES):
        _remove(data / sync.name / asset, report, needed.nothing, _all_but_counts)
    left = removal.remove_leftovers(data / sync.name, before=(now - _LEFT_AFTER).timestamp())
    if left.files:
        report.removed[LEFTOVERS] = Removed(0, left)
    return report


def _whole(needed: Needed) -> dict[str, Callable[[str], str | None]]:
    """The assets whose folders go as a whole, each with who tells whether one is needed.

    From the end of each flow to its beginning, so that nothing that is left rests on something removed.
    """
    return {
        folders.ROWS: needed.window,
        folders.PROFILES: needed.profiles,
        folders.DELETIONS: needed.deletion,
        folders.SEGMENT_MEMBERS: needed.segment,
        folders.RECONCILIATION: needed.nothing,
        folders.CLOCK: needed.nothing,
        folders.CHANGE_SET: needed.file,
        folders.INBOUND_ROWS: needed.rows,
        folders.INBOUND_FILES: needed.file,
    }


def _remove(
    folder: Path, report: RetentionReport, why: Callable[[str], str | None], remove: Callable[[Path], Size]
) -> None:
    count, size = 0, Size()
    expired = [path for path in removal.partitions(folder) if removal.last_change(path) < report.before.timestamp()]
    reasons = {path: why(path.name) for path in expired}
    for path, reason in reasons.items():
        if reason is not None:
            report.kept[reason] += 1
            continue
        gone = remove(path)
        if gone.files:
            count, size = count + 1, size + gone
    if count:
        report.removed[folder.name] = Removed(count, size)


def _all_but_counts(folder: Path) -> Size:
    """A delivery or an update without its files: the summary and the manifests stay."""
    return removal.remove_files(folder, lambda name: name == folders.SUMMARY or name.endswith(".manifest.json"))
