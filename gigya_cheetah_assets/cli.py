"""The command line, `gigya-cheetah …`. Each command is a thin door; what it does lives in the package it names."""

from __future__ import annotations

import sys

import click

from gigya_cheetah_assets import pace
from gigya_cheetah_assets.commands.check import check
from gigya_cheetah_assets.commands.consent import consent, explain
from gigya_cheetah_assets.commands.erase import erase
from gigya_cheetah_assets.commands.inbound import inbound
from gigya_cheetah_assets.config import load_syncs
from gigya_cheetah_assets.errors import ConfigError, GigyaCheetahError
from gigya_cheetah_assets.outbound.brakes import BRAKES
from gigya_cheetah_assets.sandbox.command import sandbox
from gigya_cheetah_assets.sandbox.demo import demo
from gigya_cheetah_assets.sandbox.dev import dev


class _Group(click.Group):
    """Prints an error of this project as one text on stderr and exits with 1; anything else is a bug and shows."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except GigyaCheetahError as error:
            click.echo(f"Error: {error}", err=True)
            sys.exit(1)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gigya-cheetah-assets")
def main() -> None:
    """Keeps Gigya and CheetahMail in agreement.

    The syncs are the YAML files in $GIGYA_CHEETAH_SYNCS (default: syncs/), their data lies in $GIGYA_CHEETAH_DATA
    (default: data/).
    """
    pace.working()


@main.command()
@click.argument("sync_name", metavar="SYNC")
@click.argument("window_key", metavar="WINDOW")
@click.argument("brake", type=click.Choice(BRAKES))
def release(sync_name: str, window_key: str, brake: str) -> None:
    """Release a BRAKE for one WINDOW, inbound file or segment of a SYNC, after you looked at it.

    WINDOW is the partition's key, such as 2026-03-01-10:00, that of an inbound file or the name of a segment. It can
    then be materialized; others keep their brakes, and so does a segment's delivery after this one.
    """
    from gigya_cheetah_assets.commands.braked import stamp_of  # noqa: PLC0415 - the other commands need no pyarrow
    from gigya_cheetah_assets.ledger import Ledger  # noqa: PLC0415 - as above

    sync = next((s for s in load_syncs() if s.name == sync_name), None)
    if sync is None:
        raise ConfigError([f"no sync is named {sync_name!r}"], next_step="gigya-cheetah check lists them")
    with Ledger.open() as ledger:
        ledger.release(sync.name, stamp_of(sync, window_key, ledger), brake)
    click.echo(f"{sync.name}, {window_key}: {brake} is released; materialize it again")


main.add_command(check)
main.add_command(inbound)
main.add_command(consent)
main.add_command(explain)
main.add_command(erase)
main.add_command(sandbox)
main.add_command(demo)
main.add_command(dev)

if __name__ == "__main__":
    main()
