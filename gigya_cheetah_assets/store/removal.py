"""Removing what lies in the data folder: whole folders, some of their files, and what killed steps left behind.

What may be removed is decided in `retention`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Size:
    """Files and their bytes."""

    files: int = 0
    bytes: int = 0

    def __add__(self, other: Size) -> Size:
        return Size(self.files + other.files, self.bytes + other.bytes)


def partitions(folder: Path) -> list[Path]:
    """The folders of an asset's partitions by name; hidden ones are left out."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def last_change(path: Path) -> float:
    """When a file, or the youngest file of a folder, was written; of an empty folder when it was changed (epoch s)."""
    times = [file.lstat().st_mtime for file in _files(path)]
    return max(times, default=path.lstat().st_mtime)


def remove_folder(folder: Path) -> Size:
    """Removes a folder; it is renamed first, so that a kill leaves none that looks finished."""
    found = _size(_files(folder))
    hidden = folder.with_name(f".{folder.name}.removing")
    shutil.rmtree(hidden, ignore_errors=True)
    folder.rename(hidden)
    shutil.rmtree(hidden)
    return found


def remove_files(folder: Path, keep: Callable[[str], bool]) -> Size:
    """Removes the files of a folder whose names need not be kept."""
    gone = [path for path in _files(folder) if not keep(path.name)]
    found = _size(gone)
    for path in gone:
        path.unlink()
    return found


def remove_leftovers(root: Path, *, before: float) -> Size:
    """Removes what killed steps left below a sync's folder: hidden entries, untouched since `before` (epoch s)."""
    found = Size()
    for path in _hidden(root):
        if last_change(path) >= before:
            continue
        if path.is_dir() and not path.is_symlink():
            found += _size(_files(path))
            shutil.rmtree(path)
        else:
            found += _size([path])
            path.unlink()
    return found


def _hidden(root: Path) -> Iterator[Path]:
    """Hidden entries of the sync's folder and of those in it; a hidden folder comes as what it holds."""
    for path in sorted(root.iterdir()) if root.is_dir() else []:
        if path.is_dir() and not path.is_symlink():
            everything = path.name.startswith(".")
            yield from (entry for entry in sorted(path.iterdir()) if everything or entry.name.startswith("."))
        elif path.name.startswith("."):
            yield path


def _files(folder: Path) -> list[Path]:
    if folder.is_symlink() or not folder.is_dir():
        return [folder]
    return [path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()]


def _size(files: list[Path]) -> Size:
    return Size(len(files), sum(path.lstat().st_size for path in files))
