"""`gigya-cheetah demo`: the whole flow once on a sandbox, with a second look at every row that was delivered."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
import dagster as dg
from rich.console import Console
from rich.table import Table

from gigya_cheetah_assets.config import Sync, data_folder, load_syncs
from gigya_cheetah_assets.config.loading import DATA_VARIABLE
from gigya_cheetah_assets.outbound.summary import DeliverySummary, RowsSummary
from gigya_cheetah_assets.outbound.window import Window, last_ended, window_of
from gigya_cheetah_assets.sandbox.comparison import compare_with_site
from gigya_cheetah_assets.sandbox.server import Population, Sandbox
from gigya_cheetah_assets.sandbox.story import changes
from gigya_cheetah_assets.sandbox.syncfile import write_sync_file
from gigya_cheetah_assets.store import folders, summary

# All accounts are older than the first window's end, so that window is the initial load.
_FIRST_UPDATE, _LAST_UPDATE = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, 23, tzinfo=UTC)
# Dagster's own progress lines would bury the summary; errors still show.
_NO_TELEMETRY = "telemetry: {enabled: false}\n"
_QUIET = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}


@dataclass(frozen=True)
class Round:
    """One run of the outbound job and what it counted."""

    title: str
    window: Window
    seconds: float
    rows: RowsSummary
    delivery: DeliverySummary


@click.command()
@click.option("--accounts", default=2000, show_default=True, help="Accounts on the sandbox's site.")
@click.option("--seed", default=1, show_default=True, help="Other people, same shapes.")
@click.option("--faults", default="", help="Make the sandbox misbehave, e.g. drop=0.02,short_pages (docs/sandbox.md).")
def demo(accounts: int, seed: int, faults: str) -> None:
    """Start a sandbox, run the outbound job on real HTTP and SFTP, check every delivered row, print a summary.

    Exits with 1 when any row differs from its account. Everything lies in data/demo until the next demo.
    """
    folder = data_folder() / "demo"
    shutil.rmtree(folder, ignore_errors=True)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    console.print(f"Starting a sandbox with {accounts} accounts{f' and faults {faults}' if faults else ''} …")
    people = Population(accounts, seed, start=_FIRST_UPDATE, end=_LAST_UPDATE)
    with Sandbox(folder / "sandbox", people, faults=faults) as sandbox, _environment(sandbox, folder):
        sync = load_syncs(write_sync_file(folder / "syncs", sandbox))[0]
        rounds = list(_play(console, sandbox, sync, folder))
        differences = compare_with_site(sandbox, sync)
    console.print(_counts(rounds), _rejects(rounds), _files(rounds))
    for line in differences.lines():
        console.print(line)
    if differences.found:
        sys.exit(1)


def _play(console: Console, sandbox: Sandbox, sync: Sync, folder: Path) -> Iterator[Round]:
    """Initial load, then people change things, then the newest window, then the same window once more."""
    now = datetime.now(UTC)
    newest = last_ended(sync.windows, now) or ""
    first = f"{sync.windows.start:%Y-%m-%d}"
    (folder / "dagster").mkdir()
    (folder / "dagster" / "dagster.yaml").write_text(_NO_TELEMETRY, encoding="utf-8")
    with dg.DagsterInstance.local_temp(str(folder / "dagster")) as instance:
        from gigya_cheetah_assets.definitions import build_definitions  # noqa: PLC0415 - loads the user's syncs

        job = build_definitions(syncs=[sync]).resolve_job_def(f"{sync.name}_outbound")
        plan = [("initial load", first), ("after people changed things", newest), ("the same window again", newest)]
        for title, key in plan:
            if title.startswith("after"):
                console.print(f"People do things on the site: {changes(sandbox.site)}.")
            console.print(f"Materializing window {key}: {title} …")
            started = time.perf_counter()
            result = job.execute_in_process(
                partition_key=key, instance=instance, run_config=_QUIET, raise_on_error=False
            )
            seconds = time.perf_counter() - started
            if not result.success:
                console.print(f"The run of window {key} failed; the lines above say why.")
                sys.exit(1)
            window = window_of(sync.windows, key, now=now)
            yield Round(title, window, seconds, *_summaries(sync, window))


def _summaries(sync: Sync, window: Window) -> tuple[RowsSummary, DeliverySummary]:
    rows = folders.asset_folder(data_folder(), sync.name, folders.ROWS, window.stamp)
    files = folders.asset_folder(data_folder(), sync.name, folders.FILES, window.stamp)
    return summary.read(rows, RowsSummary), summary.read(files, DeliverySummary)


@contextmanager
def _environment(sandbox: Sandbox, folder: Path) -> Iterator[None]:
    """The sandbox's variables and a data folder of the demo's own, as long as it runs."""
    before = dict(os.environ)
    os.environ.update(sandbox.environ)
    os.environ[DATA_VARIABLE] = str(folder / "data")
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _counts(rounds: list[Round]) -> Table:
    table = Table(title="accounts by window", title_justify="left")
    for name in ("window", "what", "read", "delivered", "unchanged", "filtered", "rejected", "seconds"):
        table.add_column(name, justify="left" if name in ("window", "what") else "right")
    for r in rounds:
        d = r.delivery
        counts = (d.read, d.delivered, d.unchanged, d.filtered, d.rejected)
        table.add_row(r.window.key, r.title, *map(str, counts), f"{r.seconds:.1f}")
    return table


def _rejects(rounds: list[Round]) -> Table:
    table = Table(title="rejected, by column and reason", title_justify="left")
    for name in ("window", "column", "reason", "records"):
        table.add_column(name)
    for r in rounds:
        for column, reasons in r.rows.reasons.items():
            for reason, count in reasons.items():
                table.add_row(r.window.key, column, reason, str(count))
    return table


def _files(rounds: list[Round]) -> Table:
    table = Table(title="files in the outbox", title_justify="left")
    for name in ("kind", "name", "rows", "bytes", "sha256"):
        table.add_column(name, overflow="fold")
    for r in rounds:
        for f in r.delivery.files:
            table.add_row(f.kind, f.name, str(f.rows), str(f.bytes), f.sha256[:16])
    return table
