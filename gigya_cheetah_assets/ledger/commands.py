"""`gigya-cheetah consent verify SYNC` and `gigya-cheetah explain SYNC UID`: reading the ledger for a person."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click

from gigya_cheetah_assets.config import load_syncs
from gigya_cheetah_assets.errors import ConfigError


@click.group()
def consent() -> None:
    """The log of every subscription decision."""


@consent.command()
@click.argument("sync_name", metavar="SYNC")
def verify(sync_name: str) -> None:
    """Check that no row of a SYNC's consent log was altered, removed or moved.

    Exits with 1 and names the first broken row if one was.
    """
    from gigya_cheetah_assets.ledger import Ledger  # noqa: PLC0415 - the other commands need no database driver

    _refuse_unknown(sync_name)
    with Ledger.open() as ledger:
        rows, broken = ledger.consent_count(sync_name), ledger.verify_consents(sync_name)
    if broken is not None:
        click.echo(f"{sync_name}: row {broken.seq} of the consent log is broken: {broken.problem}", err=True)
        sys.exit(1)
    click.echo(f"{sync_name}: {rows:,} rows of the consent log, all as they were written")


@click.command()
@click.argument("sync_name", metavar="SYNC")
@click.argument("uid", metavar="UID")
@click.option("--reveal", is_flag=True, help="Print values too: personal data.")
def explain(sync_name: str, uid: str, *, reveal: bool) -> None:
    """Print the history of one account (UID) over both directions of a SYNC.

    Windows, files, lines, decisions and fates, oldest first, then what both sides agree on now. Exits with 1 if
    nothing is known.
    """
    from gigya_cheetah_assets.ledger import Ledger  # noqa: PLC0415 - as above
    from gigya_cheetah_assets.ledger.history import history  # noqa: PLC0415 - as above

    _refuse_unknown(sync_name)
    with Ledger.open() as ledger:
        happened = history(ledger, sync_name, uid)
    if not happened:
        click.echo(f"{sync_name}: nothing is known of this UID", err=True)
        sys.exit(1)
    for happening in happened:
        click.echo(f"{_moment(happening.at)}  {happening.what:<9}  {happening.where}: {happening.told}")
        for name, value in happening.values if reveal else ():
            click.echo(f"{'':<22}{name} = {'(empty)' if value is None else value}")


def _refuse_unknown(sync_name: str) -> None:
    if all(sync.name != sync_name for sync in load_syncs()):
        raise ConfigError([f"no sync is named {sync_name!r}"], next_step="gigya-cheetah check lists them")


def _moment(at: int | None) -> str:
    if at is None:
        return f"{'now':<20}"
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
