"""`gigya-cheetah dev`: the Dagster UI on a sandbox, until Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from gigya_cheetah_assets.config import data_folder
from gigya_cheetah_assets.config.loading import SYNCS_VARIABLE
from gigya_cheetah_assets.sandbox.cheetahmail.ticking import ticking
from gigya_cheetah_assets.sandbox.processes import end_group
from gigya_cheetah_assets.sandbox.server import Kind, Population, Sandbox
from gigya_cheetah_assets.sandbox.syncfile import HTTP_PORT, SFTP_PORT

_GRACE_SECONDS = 8
_TICK_SECONDS = 120
# Before the first window of syncs/sandbox.yaml, so that many windows have something to show.
_FIRST_UPDATE = datetime(2026, 2, 1, tzinfo=UTC)


@click.command()
@click.option("--accounts", default=2000, show_default=True, help="Accounts on the sandbox's site.")
@click.option("--faults", default="", help="Make the sandbox misbehave (docs/sandbox.md).")
@click.option("--port", default=3000, show_default=True, help="Port of the UI.")
@click.option(
    "--staging",
    type=click.Choice(["sftp", "s3", "azure_blob"]),
    default="sftp",
    show_default=True,
    help="Where the files are exchanged.",
)
def dev(accounts: int, faults: str, port: int, staging: Kind) -> None:
    """Start a sandbox and the Dagster UI on it.

    Dagster's history is kept in $DAGSTER_HOME, the sandbox's site and files in data/sandbox.
    """
    people = Population(accounts, start=_FIRST_UPDATE)
    folder = data_folder() / "sandbox"
    box = Sandbox(folder, people, faults=faults, http_port=HTTP_PORT, sftp_port=SFTP_PORT, staging=staging)
    with box as sandbox, ticking(sandbox, seconds=_TICK_SECONDS):
        click.echo(f"Gigya on http://127.0.0.1:{sandbox.http_port}, SFTP on 127.0.0.1:{sandbox.sftp_port}")
        click.echo(
            f"CheetahMail imports and drops files every {_TICK_SECONDS} s; drop your own into {sandbox.sftp_root}"
        )
        click.echo(f"Dagster on http://127.0.0.1:{port} in some seconds; Ctrl-C ends all of it")
        sys.exit(_run_dagster(sandbox, port))


def _run_dagster(sandbox: Sandbox, port: int) -> int:
    """Runs `dagster dev` in a process group of its own, so that all of it ends with us."""
    dagster = Path(sys.executable).with_name("dagster")
    command = [str(dagster), "dev", "--host", "127.0.0.1", "--port", str(port)]
    environ = {**os.environ, **sandbox.environ}
    if sandbox.object_store is not None:
        environ[SYNCS_VARIABLE] = str((sandbox.folder / "syncs").absolute())
    process = subprocess.Popen(command, env=environ, start_new_session=True)  # noqa: S603 - our own command
    # A polite end by SIGTERM takes the same way as Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return process.wait()
    except KeyboardInterrupt:
        end_group(process, _GRACE_SECONDS)
        return 0
