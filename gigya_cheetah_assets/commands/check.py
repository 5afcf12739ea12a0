"""`gigya-cheetah check`: what the sync files say, and with `--connect` whether all that they name can be reached."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from gigya_cheetah_assets import plan
from gigya_cheetah_assets.config import Sync, load_syncs, missing_variables, syncs_folder
from gigya_cheetah_assets.errors import ConfigError

if TYPE_CHECKING:
    from gigya_cheetah_assets.connecting import Step


@click.command()
@click.option(
    "--syncs", type=click.Path(path_type=Path), help="Folder of the sync files; default $GIGYA_CHEETAH_SYNCS."
)
@click.option("--connect", is_flag=True, help="Also sign in at Gigya and at the staging and try each step there.")
def check(syncs: Path | None, *, connect: bool) -> None:
    """Validate the sync files and print what each sync will do.

    With --connect, each step is tried for real: names, connections, host key, sign-in, a search of one record,
    permissions, and in the outbox and the inbox listing, writing, renaming, reading, moving and deleting a small file
    in a hidden folder .gigya-cheetah-probe. Nothing else is written, and nothing at Gigya.

    Exits with 1 when a file is wrong, an environment variable is missing or a step does not work.
    """
    folder = syncs or syncs_folder()
    loaded = load_syncs(folder)
    console = Console(highlight=False, markup=False)
    for sync in loaded:
        console.print(plan.of(sync, now=datetime.now(UTC)))
    missing = [
        f"{sync.name}: environment variable {line} is not set" for sync in loaded for line in missing_variables(sync)
    ]
    if missing:
        raise ConfigError(missing, next_step="set them where Dagster's code location runs, then check again")
    click.echo(f"{len(loaded)} sync file(s) in {folder}: no problem found")
    if connect and not all([_connects(console, sync) for sync in loaded]):  # noqa: C419 - all of them are tried
        sys.exit(1)


def _connects(console: Console, sync: Sync) -> bool:
    from gigya_cheetah_assets.connecting import tried  # noqa: PLC0415 - the other commands need no network libraries

    steps = tried(sync)
    console.print(_table(sync.name, steps))
    broken = sum(step.outcome == "fails" for step in steps)
    what = f"{broken} of {len(steps)} steps failed" if broken else f"all {len(steps)} steps work"
    click.echo(f"{sync.name}: {what}")
    return not broken


def _table(name: str, steps: Sequence[Step]) -> Table:
    table = Table(title=f"sync {name}: its connections", title_justify="left")
    for heading in ("", "step", "", "found, and what to do"):
        table.add_column(heading, overflow="fold")
    part = None
    for step in steps:
        told = f"{step.found}\n-> {step.next_step}" if step.next_step else step.found
        table.add_row("" if step.part == part else step.part, step.name, step.outcome, told)
        part = step.part
    return table
