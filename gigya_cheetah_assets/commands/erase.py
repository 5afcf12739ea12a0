"""`gigya-cheetah erase UID`: a person taken out of all that this project keeps, with a table of where she was."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from gigya_cheetah_assets.commands.chosen import chosen_syncs, sync_option
from gigya_cheetah_assets.config import Sync, data_folder
from gigya_cheetah_assets.errors import StopSync

if TYPE_CHECKING:
    from gigya_cheetah_assets.erasure.files import FileTrace
    from gigya_cheetah_assets.ledger import Ledger
    from gigya_cheetah_assets.ledger.erase import Known, Place

_ELSEWHERE = (
    ("the staging", "files that were delivered or received there are their owner's"),
    ("CheetahMail", "the suppression file tells it to forget her; its archives are its own"),
    ("Gigya", "delete the account there first, else a window reads it again"),
    ("back-ups", "of the data folder and of the ledger: restore one, and erase again"),
    ("Dagster's history", "holds counts and digests, nothing of a person"),
)


@click.command()
@click.argument("uid", metavar="UID")
@sync_option
@click.option("--yes", is_flag=True, help="Erase. Without it nothing is changed: the table says where she is.")
@click.option(
    "--unsuppressed", is_flag=True, help="Erase although no suppression file has told CheetahMail to forget her."
)
def erase(uid: str, sync_name: str | None, *, yes: bool, unsuppressed: bool) -> None:
    """Remove the person with this UID from files and ledger; a tombstone and her decisions stay, by keyed hash.

    Prints where she is and what becomes of it. Killed half-way it can run again; a second time finds nothing. Let no
    run of the sync be under way.
    """
    from gigya_cheetah_assets.ledger import Ledger  # noqa: PLC0415 - the other commands need no database driver

    console = Console(highlight=False)
    with Ledger.open() as ledger:
        for sync in chosen_syncs(sync_name):
            console.print(_of_sync(ledger, sync, uid, yes=yes, unsuppressed=unsuppressed))
        if yes:
            ledger.compact()
    for place, why in _ELSEWHERE:
        console.print(f"not here: {place}: {why}")


def _of_sync(ledger: Ledger, sync: Sync, uid: str, *, yes: bool, unsuppressed: bool) -> Table:
    from gigya_cheetah_assets.erasure import files  # noqa: PLC0415 - needs pyarrow
    from gigya_cheetah_assets.erasure.person import Person  # noqa: PLC0415 - as above
    from gigya_cheetah_assets.ledger import erase as of_ledger  # noqa: PLC0415 - as above

    email = next(field.cheetahmail for field in sync.fields if field.type == "email")
    known = of_ledger.known_by(ledger, sync.name, uid, email=email)
    if yes and known.agreed and not (known.deleted or unsuppressed):
        _refuse(sync)
    own = next(field.cheetahmail for field in sync.fields if field.key)
    person = Person(frozenset(known.keys), frozenset(known.addresses), frozenset({"uid", "UID", own}))
    root = data_folder() / sync.name
    person = files.with_addresses(root, person)
    known = known._replace(addresses=tuple(sorted(person.addresses)))
    if yes:
        # Files first: the ledger is what knows her addresses, so a run after a kill still finds the rest.
        traces, places = files.erase_files(root, person), of_ledger.erase(ledger, sync.name, known)
    else:
        traces, places = files.file_traces(root, person), of_ledger.places(ledger, sync.name, known)
    return _table(sync, root, traces, places, known, done=yes)


def _refuse(sync: Sync) -> None:
    raise StopSync(
        f"{sync.name}: CheetahMail has a row of this person, and no suppression file has told it to forget her",
        next_step="delete the account in Gigya and run the deletions of that window; "
        "or give --unsuppressed, if CheetahMail was told in another way",
    )


def _table(sync: Sync, root: Path, traces: list[FileTrace], places: list[Place], known: Known, *, done: bool) -> Table:
    table = Table(title=f"sync {sync.name}: {'erased' if done else 'found, nothing changed'}", title_justify="left")
    for name in ("where", "rows", "done" if done else "to be done"):
        table.add_column(name, overflow="fold")
    for trace in traces:
        table.add_row(str(trace.path.relative_to(root)), "" if trace.rows is None else str(trace.rows), trace.done)
    for place in places:
        what = "the UID is taken out; a keyed hash stays" if place.table.endswith("consent_log") else "deleted"
        table.add_row(place.table, str(place.rows), what)
    stays = "kept, by keyed hash" if done or known.deleted else "to be put up"
    table.add_row("ledger_tombstones", str(len(known.keys)), stays)
    return table
