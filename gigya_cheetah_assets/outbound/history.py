"""What the windows before a window counted, as the brakes compare with it."""

from __future__ import annotations

from pathlib import Path

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.outbound import brakes
from gigya_cheetah_assets.outbound.brakes import Brake
from gigya_cheetah_assets.outbound.summary import ProfilesSummary, RowsSummary
from gigya_cheetah_assets.outbound.window import Window
from gigya_cheetah_assets.store import folders, summary


def earlier_reads(data: Path, sync: Sync, window: Window) -> list[int]:
    """Accounts read in the finished windows before this one, the nearest `WINDOWS_COMPARED` of them."""
    profiles = data / sync.name / folders.PROFILES
    if not profiles.is_dir():
        return []
    stamps = sorted(entry.name for entry in profiles.iterdir() if not entry.name.startswith("."))
    before = [stamp for stamp in stamps if stamp < window.stamp][-brakes.WINDOWS_COMPARED :]
    return [summary.read(folders.finished(profiles / stamp), ProfilesSummary).read for stamp in before]


def brakes_of(data: Path, sync: Sync, window: Window) -> list[Brake]:
    """All brakes of a window whose rows are made, for the last look before delivery."""
    profiles = summary.read(
        folders.finished(folders.asset_folder(data, sync.name, folders.PROFILES, window.stamp)), ProfilesSummary
    )
    rows = summary.read(
        folders.finished(folders.asset_folder(data, sync.name, folders.ROWS, window.stamp)), RowsSummary
    )
    return brakes.of_rows(profiles, rows, earlier_reads(data, sync, window), sync.limits)
