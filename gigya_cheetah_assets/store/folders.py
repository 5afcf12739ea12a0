"""Where each step leaves its data: `<data>/<sync>/<asset>/<partition>/`, whole or not at all.

A folder is built under a hidden name and renamed at the end, so a killed step leaves nothing that looks finished.
Files are for this user only (0600, folders 0700): they hold personal data.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gigya_cheetah_assets.errors import StopSync
from gigya_cheetah_assets.store import steps

PROFILES = "gigya_profiles"
ROWS = "cheetahmail_rows"
FILES = "staged_import_files"
INBOUND_FILES = "inbound_files"
INBOUND_ROWS = "inbound_rows"
CHANGE_SET = "inbound_change_set"
UPDATES = "gigya_account_updates"
SEGMENT_MEMBERS = "segment_members"
SEGMENT_FILE = "staged_segment_file"
DELETIONS = "gigya_deletions"
DELETION_FILE = "staged_deletion_file"
RECONCILIATION = "reconciliation"
CLOCK = "opt_out_clock"
SUMMARY = "summary.json"


def asset_folder(data: Path, sync: str, asset: str, partition: str) -> Path:
    """The folder of one partition of an asset; it exists only when the step was finished.

    A partition is named by the stamp of its window, the key of its inbound file, or its segment.
    """
    return data / sync / asset / partition


def finished(folder: Path) -> Path:
    """The folder itself.

    Raises:
        StopSync: The step that fills it has not been finished for this partition.
    """
    if not (folder / SUMMARY).is_file():
        raise StopSync(
            f"{folder.parent.name} has no data for {folder.name}",
            next_step=f"materialize {folder.parent.name} of this partition first",
        )
    return folder


@contextmanager
def building(folder: Path) -> Iterator[Path]:
    """A new empty folder to fill; it takes `folder`'s place when the block ends without an error."""
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    with private():
        partial.mkdir(parents=True)
        yield partial
    replaced = folder.with_name(f".{folder.name}.replaced")
    shutil.rmtree(replaced, ignore_errors=True)
    if folder.exists():
        folder.rename(replaced)
    partial.rename(folder)
    steps.reached(steps.kept(folder.parent.name))
    shutil.rmtree(replaced, ignore_errors=True)


@contextmanager
def private() -> Iterator[None]:
    """Files made inside the block are readable by this user only."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)
