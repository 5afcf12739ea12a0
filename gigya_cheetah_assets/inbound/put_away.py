"""Where a file goes when its way is over: `processed` or `rejected` below the inbox, beside a result file.

Nothing there is overwritten. The result comes first, so a file that was moved always has one; both can be repeated
after a kill. What the file asked of Gigya is over by then and is neither undone nor repeated by anything here.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.inbound.names import shown
from gigya_cheetah_assets.inbound.offers import Offer
from gigya_cheetah_assets.inbound.result import Outcome
from gigya_cheetah_assets.staging import Staging
from gigya_cheetah_assets.staging.errors import NoSuchFile
from gigya_cheetah_assets.store import steps


@dataclass(frozen=True)
class PutAway:
    """What became of the file in the inbox.

    Attributes:
        folder: `<inbox>/processed` or `<inbox>/rejected`.
        name: The name it has there; None when it was gone from the inbox already.
        result: Name of the result file there.
    """

    folder: str
    name: str | None
    result: str


def put_away(staging: Staging, sync: Sync, offer: Offer, outcome: Outcome, result: bytes) -> PutAway:
    """Writes the result file and moves the file beside it.

    A file of the same name that has come since has another size or time and stays: it is a file of its own.

    Raises:
        StagingPermission: The inbox is read-only; the updates stay as they are, and so does the file.
        StagingUnreachable: Not now.
    """
    folder = posixpath.join(sync.staging.inbox, outcome)
    staging.make_folder(folder)
    name = f"{offer.partition}.result.json"
    with TemporaryDirectory() as scratch:
        local = Path(scratch) / "result"
        local.write_bytes(result)
        staging.deliver(local, name, folder=folder)
    steps.reached(steps.RESULT_DELIVERED)
    moved = _moved(staging, sync, offer, folder)
    steps.reached(steps.FILE_MOVED)
    return PutAway(shown(folder), moved, name)


def _moved(staging: Staging, sync: Sync, offer: Offer, folder: str) -> str | None:
    listed = (file for file in staging.list(sync.staging.inbox) if file.name == offer.name)
    there = next(listed, None)
    if there is None or (there.size, there.modified) != (offer.size, offer.modified):
        return None
    try:
        return staging.move(offer.name, folder, folder=sync.staging.inbox)
    except NoSuchFile:
        return None
