"""The brake on a ledger that is not the one in which the last delivery was recorded: it was lost, or is an old back-up.

Such a ledger takes people for new whom CheetahMail knows, and would opt in again who opted out since. What came before
is told by the summaries of the data folder, by whoever keeps the history of runs, and, where both are lost too, by
files of ours in the staging. What to do then: docs/ledger.md.
"""

from __future__ import annotations

import posixpath
from pathlib import Path

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.ledger import Ledger
from gigya_cheetah_assets.outbound.brakes import Brake
from gigya_cheetah_assets.outbound.outbox import window_of_file
from gigya_cheetah_assets.outbound.summary import DeliverySummary
from gigya_cheetah_assets.outbound.window import Window
from gigya_cheetah_assets.staging import Staging
from gigya_cheetah_assets.staging.errors import StagingMissing, StagingPermission
from gigya_cheetah_assets.store import folders, summary

_MORE = "it was lost, or is an old back-up; docs/ledger.md says what to do"


def ledger_brake(ledger: Ledger, staging: Staging, sync: Sync, window: Window, *, data: Path, told: int) -> Brake:
    """Holds while the ledger knows at least the last delivery that anybody else knows.

    Args:
        ledger: The open ledger.
        staging: The sync's staging; it is looked into only if the ledger knows of no delivery.
        sync: Whose ledger.
        window: The window that is to be delivered.
        data: The data folder.
        told: The ledger's revision after the last delivery, from the history of runs; 0 where that knows of none.
    """
    revision = ledger.revision(sync.name)
    seen = max(told, last_revision(data, sync))
    if revision < seen:
        text = f"the ledger is at revision {revision}, and {seen} was recorded before: {_MORE}"
        return Brake("ledger", 1 - revision / seen, 0.0, text)
    if not revision and _left_traces(staging, sync, window):
        return Brake("ledger", 1.0, 0.0, f"the ledger is empty, and files of ours lie in the staging: {_MORE}")
    return Brake("ledger", 0.0, 0.0, f"the ledger is at revision {revision}")


def last_revision(data: Path, sync: Sync) -> int:
    """The ledger's revision after the delivery that was kept last; 0 if there is none."""
    kept = (data / sync.name / folders.FILES).glob(f"[!.]*/{folders.SUMMARY}")
    newest = max(kept, key=lambda path: path.stat().st_mtime_ns, default=None)
    return 0 if newest is None else summary.read(newest.parent, DeliverySummary).revision


def _left_traces(staging: Staging, sync: Sync, window: Window) -> bool:
    """Whether another window's files lie in the outbox, or anything in the folders that we make in the inbox."""
    stamps = (window_of_file(sync.import_files, name) for name in _names(staging, sync.staging.outbox))
    if any(stamp not in (None, window.stamp) for stamp in stamps):
        return True
    return any(_names(staging, posixpath.join(sync.staging.inbox, own)) for own in ("processed", "rejected"))


def _names(staging: Staging, folder: str) -> list[str]:
    try:
        return [file.name for file in staging.list(folder)]
    except (StagingMissing, StagingPermission):
        return []
