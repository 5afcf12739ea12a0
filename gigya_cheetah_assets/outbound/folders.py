"""Where each step leaves its data: `<data>/<sync>/<asset>/<window>/`, whole or not at all.

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
from gigya_cheetah_assets.outbound.window import Window

PROFILES = "gigya_profiles"
ROWS = "cheetahmail_rows"
FILES = "staged_import_files"
SUMMARY = "summary.json"


def asset_folder(data: Path, sync: str, asset: str, window: Window) -> Path:
    """The folder of one asset's window; it exists only when the step was finished."""
    return data / sync / asset / window.stamp


def finished(folder: Path) -> Path:
    """The folder itself.

    Raises:
        StopSync: The step that fills it has not been finished for this window.
    """
    if not (folder / SUMMARY).is_file():
        raise StopSync(
            f"{folder.parent.name} has no data for window {folder.name}",
            next_step=f"materialize {folder.parent.name} of this window first",
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
    shutil.rmtree(replaced, ignore_errors=True)


@contextmanager
def private() -> Iterator[None]:
    """Files made inside the block are readable by this user only."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)
