"""`gigya-cheetah demo`: the whole loop once on a sandbox, with a second look at every account and subscriber."""

from __future__ import annotations

import os
import shutil
import subprocess
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

from gigya_cheetah_assets.config import Sync, data_folder, load_syncs
from gigya_cheetah_assets.config.loading import DATA_VARIABLE, SYNCS_VARIABLE
from gigya_cheetah_assets.inbound.deleted import DELETED
from gigya_cheetah_assets.outbound.summary import DeliverySummary, RowsSummary
from gigya_cheetah_assets.outbound.window import Window, last_ended, window_of
from gigya_cheetah_assets.sandbox import both_sides, demo_tables, segment_story
from gigya_cheetah_assets.sandbox.agreement import compare_sides
from gigya_cheetah_assets.sandbox.both_sides import Expectation
from gigya_cheetah_assets.sandbox.cheetahmail import CheetahMail, Setup
from gigya_cheetah_assets.sandbox.comparison import compare_with_site
from gigya_cheetah_assets.sandbox.daemon import daemon, wait_for_files, wait_for_runs, write_settings
from gigya_cheetah_assets.sandbox.lives import Lives
from gigya_cheetah_assets.sandbox.server import Kind, Population, Sandbox
from gigya_cheetah_assets.sandbox.story import changes
from gigya_cheetah_assets.sandbox.syncfile import write_sync_file
from gigya_cheetah_assets.store import folders, summary

# All accounts are older than the first window's end, so that window is the initial load.
_FIRST_UPDATE, _LAST_UPDATE = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, 23, tzinfo=UTC)
# Dagster's own progress lines would bury the summary; errors still show.
_QUIET = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}
_PATIENCE = 180.0


@dataclass(frozen=True)
class Round:
    """One run of the outbound job and what it counted."""

    title: str
    window: Window
    seconds: float
    rows: RowsSummary
    delivery: DeliverySummary


@dataclass
class Stage:
    """What the acts of the demo share."""

    console: Console
    sandbox: Sandbox
    mail: CheetahMail
    sync: Sync
    instance: dg.DagsterInstance
    newest: str

    def materialize(self, title: str, key: str) -> Round:
        """Runs the outbound job for one window; ends the demo when it fails."""
        self.console.print(f"Materializing window {key}: {title} …")
        started = time.perf_counter()
        self.run("outbound", key)
        window = window_of(self.sync.windows, key, now=datetime.now(UTC))
        return Round(title, window, time.perf_counter() - started, *_summaries(self.sync, window))

    def run(self, job: str, key: str) -> None:
        """Runs a job of the sync for one partition; ends the demo when it fails."""
        from gigya_cheetah_assets.definitions import build_definitions  # noqa: PLC0415 - loads the user's syncs

        found = build_definitions(syncs=[self.sync]).resolve_job_def(f"{self.sync.name}_{job}")
        result = found.execute_in_process(
            partition_key=key, instance=self.instance, run_config=_QUIET, raise_on_error=False
        )
        if not result.success:
            self.console.print(f"The run of {found.name} for {key} failed; the lines above say why.")
            sys.exit(1)

    def segment(self) -> None:
        """Delivers the segment and tells who joined and left by which condition."""
        self.run("segments", segment_story.NAME)
        told = segment_story.told(self.sync)
        self.console.print(f"Segment {segment_story.NAME} is delivered: {demo_tables.moves(told.members)}.")

    def imported(self) -> None:
        """Lets CheetahMail import what lies in the outbox."""
        found = self.mail.import_now()
        rejected = sum(len(done.rejected) for done in found)
        rows = sum(done.accepted for done in found)
        self.console.print(f"CheetahMail imports {len(found)} files: {rows} rows taken, {rejected} rejected.")

    def read(self, process: subprocess.Popen[bytes], names: list[str]) -> None:
        """Waits until the daemon's sensors have taken the files through."""
        self.console.print(f"CheetahMail drops {len(names)} files; the daemon's sensor finds them …")
        # Reports of imports come in besides; a run that is under way would outlive the sandbox.
        names = [*names, *self.mail.reports]
        wait_for_files(process, self.sync, names, data=data_folder(), seconds=_PATIENCE, told=self.console.print)
        wait_for_runs(self.instance, seconds=_PATIENCE)


@click.command()
@click.option("--accounts", default=2000, show_default=True, help="Accounts on the sandbox's site.")
@click.option("--seed", default=1, show_default=True, help="Other people, same shapes.")
@click.option("--faults", default="", help="Make the sandbox misbehave, e.g. drop=0.02,short_pages (docs/sandbox.md).")
@click.option(
    "--staging",
    type=click.Choice(["sftp", "s3", "azure_blob"]),
    default="sftp",
    show_default=True,
    help="Where the files are exchanged.",
)
def demo(accounts: int, seed: int, faults: str, staging: Kind) -> None:
    """Run the whole loop on a sandbox, in both directions on real servers, and compare both sides.

    Exits with 1 when they disagree on any field or consent. Everything lies in data/demo until the next demo.
    """
    folder = data_folder() / "demo"
    shutil.rmtree(folder, ignore_errors=True)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    trouble = f" and faults {faults}" if faults else ""
    console.print(f"Starting a sandbox with {accounts} accounts{trouble}, files over {staging} …")
    people = Population(accounts, seed, start=_FIRST_UPDATE, end=_LAST_UPDATE)
    box = Sandbox(folder / "sandbox", people, faults=faults, cheetahmail=Setup(seed=seed), staging=staging)
    with box as sandbox, _environment(sandbox, folder):
        sync = load_syncs()[0]
        newest = last_ended(sync.windows, datetime.now(UTC)) or ""
        mail = sandbox.cheetahmail
        mail.set_up_for(sync)
        with dg.DagsterInstance.get() as instance:
            wrong = _play(Stage(console, sandbox, mail, sync, instance, newest), folder / "dagster")
    if wrong:
        sys.exit(1)


def _play(stage: Stage, home: Path) -> bool:
    """All acts; whether anything disagrees in the end."""
    console, site = stage.console, stage.sandbox.site
    rounds = [stage.materialize("initial load", f"{stage.sync.windows.start:%Y-%m-%d}")]
    console.print(f"People do things on the site: {changes(site)}.")
    lives = Lives.begin(site, stage.mail)
    rounds.append(stage.materialize("after people changed things", stage.newest))
    rounds.append(stage.materialize("the same window again", stage.newest))
    read_back = compare_with_site(stage.sandbox, stage.sync)
    console.print(*read_back.lines(), sep="\n")
    found = [*read_back.found]
    stage.imported()
    stage.segment()
    stage.imported()
    found += lives.half_way()
    with daemon(home) as process:
        expected = both_sides.act(stage.mail, site)
        console.print("People do things at CheetahMail and on the site, at the same time:")
        for story, count in demo_tables.stories(expected).items():
            console.print(f"  {count:>3} {story}")
        stage.read(process, stage.mail.drop())
        console.print("Some lives go on:")
        for story in lives.go_on():
            console.print(f"    1 {story}")
        console.print(f"  {segment_story.people_move(site)}")
        rounds.append(stage.materialize("after the inbound direction", stage.newest))
        stage.run("deletions", stage.newest)
        stage.segment()
        stage.imported()
        stage.read(process, [*stage.mail.drop(), *stage.mail.drop_full()])
    rounds.append(stage.materialize("everybody is quiet", stage.newest))
    stage.imported()
    found += [*lives.problems(), *segment_story.disagreements(site, stage.mail)]
    if not demo_tables.refused_rows(stage.sync)[DELETED]:
        found.append("no row of a deleted account was refused: the late file did not come")
    return _verdict(stage, rounds, expected, found)


def _verdict(stage: Stage, rounds: list[Round], expected: list[Expectation], found: list[str]) -> bool:
    console, site = stage.console, stage.sandbox.site
    console.print(demo_tables.counts(rounds), demo_tables.rejects(rounds), demo_tables.files(rounds))
    console.print(demo_tables.inbound(stage.sync), demo_tables.refused(stage.sync), demo_tables.decisions(stage.sync))
    console.print(demo_tables.opt_outs(stage.sync))
    agreement = compare_sides(site, stage.mail.subscribers())
    found += [*agreement.found, *demo_tables.broken_expectations(site, stage.mail.subscribers(), expected)]
    for line in found[:20]:
        console.print(line)
    console.print(
        f"Both sides compared field by field: {agreement.compared} accounts, and {agreement.consent_only} more for "
        f"consent only (shared or unusable addresses): {len(found)} disagreements."
    )
    return bool(found)


def _summaries(sync: Sync, window: Window) -> tuple[RowsSummary, DeliverySummary]:
    rows = folders.asset_folder(data_folder(), sync.name, folders.ROWS, window.stamp)
    files = folders.asset_folder(data_folder(), sync.name, folders.FILES, window.stamp)
    return summary.read(rows, RowsSummary), summary.read(files, DeliverySummary)


@contextmanager
def _environment(sandbox: Sandbox, folder: Path) -> Iterator[None]:
    """The sandbox's variables, sync file, data folder and Dagster home of the demo's own, as long as it runs."""
    before = dict(os.environ)
    syncs = write_sync_file(folder / "syncs", sandbox)
    write_settings(folder / "dagster")
    os.environ.update(sandbox.environ)
    os.environ[DATA_VARIABLE] = str(folder / "data")
    os.environ[SYNCS_VARIABLE] = str(syncs)
    os.environ["DAGSTER_HOME"] = str((folder / "dagster").absolute())
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
