"""What a run left, as tests look at it: summaries, the lines of delivered files, the text of a failure."""

from __future__ import annotations

import csv
import gzip
import io
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from gigya_cheetah_assets.outbound.summary import DeliverySummary, ProfilesSummary, RowsSummary
from gigya_cheetah_assets.outbound.window import window_of
from gigya_cheetah_assets.store import folders, summary
from gigya_cheetah_assets_tests.integration.runs import Runs


def folder_of(outbound: Runs, asset: str, key: str) -> Path:
    """The folder of one asset's window."""
    window = window_of(outbound.sync.windows, key, now=datetime.now(UTC))
    return folders.asset_folder(outbound.folder / "data", outbound.sync.name, asset, window.stamp)


def profiles_summary(outbound: Runs, key: str) -> ProfilesSummary:
    return summary.read(folder_of(outbound, folders.PROFILES, key), ProfilesSummary)


def rows_summary(outbound: Runs, key: str) -> RowsSummary:
    return summary.read(folder_of(outbound, folders.ROWS, key), RowsSummary)


def delivery_summary(outbound: Runs, key: str) -> DeliverySummary:
    return summary.read(folder_of(outbound, folders.FILES, key), DeliverySummary)


def lines(outbound: Runs, kind: str, key: str) -> list[dict[str, str]]:
    """The delivered lines of one kind and window, none where no file was delivered."""
    stamp = window_of(outbound.sync.windows, key, now=datetime.now(UTC)).stamp
    found = [data for name, data in outbound.files().items() if name == f"gigya_{kind}_{stamp}.csv.gz"]
    return list(csv.DictReader(io.StringIO(gzip.decompress(found[0]).decode(), newline=""))) if found else []


def failure(result: dg.ExecuteInProcessResult) -> str:
    """What the failed step says."""
    data = result.get_step_failure_events()[0].step_failure_data
    return str(data.error) + str(data.user_failure_data)
