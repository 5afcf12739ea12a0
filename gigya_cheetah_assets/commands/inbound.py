"""`gigya-cheetah inbound …`: what a person does about the files of the inbox from a shell."""

from __future__ import annotations

import click

from gigya_cheetah_assets.commands.chosen import chosen_syncs, sync_option
from gigya_cheetah_assets.config import data_folder


@click.group()
def inbound() -> None:
    """The files that CheetahMail drops into the inbox."""


@inbound.command()
@click.argument("name")
@sync_option
def retry(name: str, sync_name: str | None) -> None:
    """Have the file NAME taken up again, after its run failed or was refused.

    NAME is its name in the inbox or its partition key in the UI. The next tick of the inbox sensor requests the run;
    what was applied already is not applied again.
    """
    from gigya_cheetah_assets.inbound.again import offer_again  # noqa: PLC0415 - the other commands need no pyarrow

    for sync, offer in offer_again(data_folder(), chosen_syncs(sync_name), name):
        click.echo(f"{sync.name}: {offer.partition} is offered again, attempt {offer.attempt + 1}")
        click.echo(f"  the sensor {sync.name}_inbox_sensor requests its run at its next tick, if it is on")
