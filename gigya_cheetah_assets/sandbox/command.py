"""`gigya-cheetah sandbox`: the sandbox as a process of its own, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import os
import shlex
import signal
import threading
from pathlib import Path
from typing import Any

import click
import yaml

from gigya_cheetah_assets.errors import GigyaCheetahError
from gigya_cheetah_assets.sandbox import credentials
from gigya_cheetah_assets.sandbox.cheetahmail import Setup
from gigya_cheetah_assets.sandbox.cheetahmail.importer import After
from gigya_cheetah_assets.sandbox.cheetahmail.subscriber import Key
from gigya_cheetah_assets.sandbox.cheetahmail.ticking import PEOPLE, ticking
from gigya_cheetah_assets.sandbox.population import Population
from gigya_cheetah_assets.sandbox.server import Sandbox
from gigya_cheetah_assets.sandbox.sftp import INBOX, OUTBOX

HTTP_PORT = 18400
SFTP_PORT = 18422


def default_folder() -> Path:
    """`$GIGYA_CHEETAH_DATA/sandbox`, by default `data/sandbox`."""
    return Path(os.environ.get("GIGYA_CHEETAH_DATA", "data")) / "sandbox"


@click.command()
@click.option(
    "--accounts", type=click.IntRange(0, 10_000_000), default=2000, show_default=True, help="How many to invent."
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same people.")
@click.option(
    "--load",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Your own accounts instead: JSON lines, one account a line as getAccountInfo gives it.",
)
@click.option("--faults", default="", help="What goes wrong, such as rate_limit=0.05,short_pages,drop=0.02, or all.")
@click.option("--http-port", type=click.IntRange(0, 65535), default=HTTP_PORT, show_default=True, help="0: a free one.")
@click.option("--sftp-port", type=click.IntRange(0, 65535), default=SFTP_PORT, show_default=True, help="0: a free one.")
@click.option(
    "--folder", type=click.Path(file_okay=False, path_type=Path), help="Default: $GIGYA_CHEETAH_DATA/sandbox."
)
@click.option("--fresh", is_flag=True, help="Make the accounts again and empty the SFTP folders.")
@click.option("--search-lag", type=click.FloatRange(0), default=0.0, help="Seconds until the search sees a write.")
@click.option(
    "--cursor-ttl", type=click.FloatRange(0), default=300.0, show_default=True, help="Life of a cursor, seconds."
)
@click.option("--rate-limit", type=click.FloatRange(0, min_open=True), help="Requests a second before 403048.")
@click.option(
    "--tick", type=click.FloatRange(0), default=60.0, show_default=True, help="Seconds of CheetahMail's turn; 0: none."
)
@click.option("--people", type=click.IntRange(0), default=PEOPLE, show_default=True, help="Acts of people in a tick.")
@click.option("--key", type=click.Choice(["email", "uid"]), default="email", help="What makes a subscriber there.")
@click.option("--cheetahmail-faults", default="", help="How its files go wrong, such as slow,halves,twice, or all.")
@click.option(
    "--after-import", type=click.Choice(["keep", "move", "remove"]), default="keep", help="Fate of its files."
)
@click.option(
    "--staging",
    type=click.Choice(["sftp", "s3", "azure_blob"]),
    default="sftp",
    show_default=True,
    help="Where the files are exchanged.",
)
def sandbox(
    accounts: int,
    seed: int,
    load: Path | None,
    folder: Path | None,
    *,
    tick: float,
    people: int,
    key: Key,
    cheetahmail_faults: str,
    after_import: After,
    **options: Any,
) -> None:
    """Run a local Gigya site, SFTP server and CheetahMail account until Ctrl-C.

    Listens on 127.0.0.1 only, needs no credentials of yours and keeps its accounts in its folder.
    """
    setup = Setup(key, cheetahmail_faults, seed, after_import)
    box = Sandbox(folder or default_folder(), Population(accounts, seed, load), cheetahmail=setup, **options)
    with box, ticking(box, seconds=tick, people=people):
        click.echo(description(box))
        _until_stopped()
    click.echo("Sandbox stopped.")


def main() -> None:
    """Entry of `python -m gigya_cheetah_assets.sandbox`."""
    try:
        sandbox()
    except GigyaCheetahError as error:
        raise SystemExit(f"Error: {error}") from error


def description(box: Sandbox) -> str:
    """How to reach a running sandbox, with lines to paste into a shell."""
    exports = [f"export {name}={shlex.quote(value.strip())}" for name, value in box.environ.items()]
    files = yaml.safe_dump({"staging": box.object_store}, default_flow_style=True, width=1000).strip()
    return "\n".join(
        [
            f"Gigya site   http://{box.api_domain}/accounts.search",
            f"             {box.site.count():,} accounts, {box.site.count('emailAccounts'):,} e-mail accounts",
            f"SFTP server  sftp://{credentials.SFTP_USER}@127.0.0.1:{box.sftp_port} ({OUTBOX}/ and {INBOX}/)",
            *([f"Object store {files}"] if box.object_store else []),
            f"CheetahMail  http://{box.api_domain}/api/login1",
            f"Folder       {box.folder}",
            "",
            *exports,
            "",
            "Ctrl-C stops it.",
        ]
    )


def _until_stopped() -> None:
    stopped = threading.Event()
    before = {number: signal.signal(number, lambda *_: stopped.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        # Waiting in steps, because a wait without end keeps signals from the main thread on some systems.
        while not stopped.wait(0.5):
            continue
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
