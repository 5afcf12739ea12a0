"""A window's finished files into the outbox: each followed by its count file and, last, by its trigger file."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from pathlib import Path

from gigya_cheetah_assets.cheetahmail import Manifest, count_name, trigger_name
from gigya_cheetah_assets.config.files import FilesTogether, ImportFileDefaults
from gigya_cheetah_assets.staging import Staging
from gigya_cheetah_assets.store import steps

log = logging.getLogger(__name__)


def deliver_all(staging: Staging, folder: Path, files: FilesTogether, written: Sequence[Manifest]) -> None:
    """Delivers files in their order; the small ones that follow each are made in the same folder."""
    for file in written:
        deliver(staging, folder, file, _layout(files, file))


def remove_surplus(
    staging: Staging, files: FilesTogether, earlier: Sequence[Manifest], written: Sequence[Manifest]
) -> None:
    """Removes parts of the earlier delivery beyond the last part of this one: their rows are in the new parts.

    Called when the new parts are there, so that no row is ever missing.
    """
    parts = {file.kind: file.parts for file in written}
    names = {file.name for file in written}
    for file in earlier:
        if file.part > parts.get(file.kind, file.part) and file.name not in names:
            log.info("%s is removed: its kind has fewer parts than before", file.name)
            for name in _with_followers(file, _layout(files, file)):
                staging.remove(name)


def window_of_file(files: FilesTogether, name: str) -> str | None:
    """The stamp of the window in a delivered file's name; None for a name that is none of ours."""
    found = kind_and_window(files, name)
    return found[1] if found else None


def kind_and_window(files: FilesTogether, name: str) -> tuple[str, str] | None:
    """The kind of a delivered file and the stamp of its window, by its name; None for a name that is none of ours."""
    for kind, file in files.in_order():
        before, after = file.name.split("{window}", 1)
        found = re.match(rf"{re.escape(before)}(\d{{8}}T\d{{6}}Z)", name)
        if found and (not after or Path(after).suffix in name):
            return kind, found[1]
    return None


def _layout(files: FilesTogether, file: Manifest) -> ImportFileDefaults:
    return next(each for kind, each in files.in_order() if kind == file.kind).layout(files.defaults)


def deliver(staging: Staging, folder: Path, file: Manifest, layout: ImportFileDefaults) -> None:
    """Delivers one file; the small ones that follow it are made in the same folder."""
    staging.deliver(folder / file.name, file.name)
    log.info("%s: delivered %s, %d bytes", file.window, file.name, file.bytes)
    steps.reached(steps.FILE_DELIVERED)
    count, trigger = count_name(file.name, layout), trigger_name(file.name, layout)
    if count is not None:
        (folder / count).write_text(f"{file.rows}\n", encoding="ascii")
        staging.deliver(folder / count, count)
        steps.reached(steps.COUNT_DELIVERED)
    if trigger is not None:
        (folder / trigger).touch()
        staging.deliver(folder / trigger, trigger)
        steps.reached(steps.TRIGGER_DELIVERED)


def _with_followers(file: Manifest, layout: ImportFileDefaults) -> list[str]:
    """The trigger first: without it nobody takes the rest."""
    names = (trigger_name(file.name, layout), count_name(file.name, layout), file.name)
    return [name for name in names if name is not None]
