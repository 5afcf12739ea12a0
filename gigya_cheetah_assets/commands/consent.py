"""`gigya-cheetah consent verify` and `gigya-cheetah explain UID`: reading the ledger for a person."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click

from gigya_cheetah_assets.commands.chosen import chosen_syncs, sync_option


@click.group()
def consent() -> None:
    """The log of every subscription decision."""


@consent.command()
@sync_option
def verify(sync_name: str | None) -> None:
    """Check that no row of the consent log was altered, removed or moved.

    Exits with 1 and names the first broken row of each log that has one.
    """
    from gigya_cheetah_assets.ledger import Ledger  # noqa: PLC0415 - the other commands need no database driver

    whole = True
    with Ledger.open() as ledger:
        for sync in chosen_syncs(sync_name):
            rows, broken = ledger.consent_count(sync.name), ledger.verify_consents(sync.name)
            if broken is None:
                click.echo(f"{sync.name}: {rows:,} rows of the consent log, all as they were written")
                continue
            whole = False
            click.echo(f"{sync.name}: row {broken.seq} of the consent log is broken: {broken.problem}", err=True)
    if not whole:
        sys.exit(1)


@consent.command()
@sync_option
@click.option("--uids", is_flag=True, help="Print the UIDs too, one a line; no other personal data.")
def report(sync_name: str | None, *, uids: bool) -> None:
    """Print whom CheetahMail mails without a valid opt-in, and whose consent differs between the sides.

    Counts by subscription, from the newest `reconciliation`. Exits with 1 when anybody is mailed without an opt-in.
    """
    from gigya_cheetah_assets.config import data_folder  # noqa: PLC0415 - as above
    from gigya_cheetah_assets.reconciliation.report import consent_report  # noqa: PLC0415 - as above

    mailed = 0
    for sync in chosen_syncs(sync_name):
        found = consent_report(data_folder(), sync)
        mailed += found.mailed_without_opt_in
        for line in found.lines(uids=uids):
            click.echo(line)
    if mailed:
        sys.exit(1)


@consent.command()
@sync_option
@click.option("--all", "everything", is_flag=True, help="Closed ones too; else only what is open.")
@click.option("--uids", is_flag=True, help="Print the UIDs too; no other personal data.")
def clock(sync_name: str | None, *, everything: bool, uids: bool) -> None:
    """Print each opt-out: seen where and when, on the other side when, due when.

    From the table of the newest `opt_out_clock`, which is looked at every hour. Exits with 1 when one is overdue.
    """
    from gigya_cheetah_assets.clock.report import clock_lines  # noqa: PLC0415 - as above
    from gigya_cheetah_assets.config import data_folder  # noqa: PLC0415 - as above

    overdue = False
    for sync in chosen_syncs(sync_name):
        told = clock_lines(data_folder(), sync, everything=everything, uids=uids, now=datetime.now(UTC))
        for line in told.lines:
            click.echo(line)
        overdue |= told.overdue > 0
    if overdue:
        sys.exit(1)


@click.command()
@click.argument("uid", metavar="UID")
@sync_option
@click.option("--reveal", is_flag=True, help="Print values too: personal data.")
def explain(uid: str, sync_name: str | None, *, reveal: bool) -> None:
    """Print the history of one account (UID) over both directions.

    Windows, files, lines, decisions and fates, oldest first, then what both sides agree on now. Exits with 1 if
    nothing is known.
    """
    from gigya_cheetah_assets.ledger import Ledger  # noqa: PLC0415 - as above
    from gigya_cheetah_assets.ledger.history import history  # noqa: PLC0415 - as above

    syncs = chosen_syncs(sync_name)
    with Ledger.open() as ledger:
        told = {sync.name: history(ledger, sync.name, uid) for sync in syncs}
    if not any(told.values()):
        click.echo(f"{', '.join(told)}: nothing is known of this UID", err=True)
        sys.exit(1)
    for name, happened in told.items():
        if happened and len(told) > 1:
            click.echo(f"sync {name}")
        for happening in happened:
            click.echo(f"{_moment(happening.at)}  {happening.what:<9}  {happening.where}: {happening.told}")
            for column, value in happening.values if reveal else ():
                click.echo(f"{'':<22}{column} = {'(empty)' if value is None else value}")


def _moment(at: int | None) -> str:
    if at is None:
        return f"{'now':<20}"
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
