"""CheetahMail's import: files of the outbox, in the order of their kinds, into the list; what was bad is told.

As the real loader: keyed by e-mail, so a profile with a new address makes a second subscriber unless an address
change came before; an update lifts no opt-out, only a file of subscribes does; an empty cell empties the field.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from gigya_cheetah_assets.sandbox.cheetahmail import lists
from gigya_cheetah_assets.sandbox.cheetahmail.acts import Acts, is_address
from gigya_cheetah_assets.sandbox.cheetahmail.jobs import (
    ADDRESS_CHANGES,
    DELETIONS,
    PROFILES,
    SEGMENTS,
    SUBSCRIBES,
    UNSUBSCRIBES,
    Job,
)
from gigya_cheetah_assets.sandbox.cheetahmail.lists import LISTS
from gigya_cheetah_assets.sandbox.cheetahmail.rows import FileProblemError, Row, rows
from gigya_cheetah_assets.staging import RemoteFile, Staging

After = Literal["keep", "move", "remove"]
IMPORTED = "imported"
"""Folder below the outbox for files that were imported."""
SOURCE = "IMPORT"
# Oracle's longest column of text, in bytes.
_LONGEST = 4000


@dataclass
class Imported:
    """What one file brought.

    Attributes:
        name: Its name.
        accepted: Rows that went into the list.
        rejected: Row number and reason of those that did not, with UID and address.
        problem: Why the file was not imported at all; empty when it was.
    """

    name: str
    accepted: int = 0
    rejected: list[tuple[int, str, str, str]] = field(default_factory=list)
    problem: str = ""


class Importer:
    """The import of one account.

    Args:
        acts: What changes the list.
        jobs: Which files are taken.
        echo: Whether the feeds hear of what files changed.
        after: What becomes of an imported file.
        outbox: The outbox's folder, for files that are moved.
        canary: UID of whom the feeds hear in any case; a real account is asked to send such a person's changes.
    """

    def __init__(
        self, acts: Acts, jobs: Iterable[Job], *, echo: bool, after: After, outbox: str, canary: str = ""
    ) -> None:
        self._acts = acts
        self._jobs = list(jobs)
        self._echo = echo
        self._after = after
        self._outbox = outbox
        self._canary = canary

    def import_files(self, staging: Staging) -> list[Imported]:
        """Imports every file that was not imported before, window by window, kind by kind."""
        listed = {file.name: file for file in staging.list() if file.kind == "file"}
        found = []
        with TemporaryDirectory() as scratch:
            for job, file in self._ready(listed):
                local = Path(scratch) / "file"
                staging.fetch(file.name, local)
                rows_told = _counted(staging, file.name, job, listed)
                found.append(self._imported(local, file.name, job, rows_told))
                self._acts.list.note_import(file.name, file.size, file.modified.isoformat())
                self._put_away(staging, file.name, job, listed)
        return found

    def _ready(self, listed: dict[str, RemoteFile]) -> Iterator[tuple[Job, RemoteFile]]:
        places = [(place, job, name) for name in listed for job in self._jobs if (place := job.match(name)) is not None]
        for _, job, name in sorted(places, key=lambda found: found[0]):
            file = listed[name]
            if job.trigger is not None and name + job.trigger not in listed:
                continue
            if not self._acts.list.was_imported(name, file.size, file.modified.isoformat()):
                yield job, file

    def _imported(self, path: Path, name: str, job: Job, rows_told: int | None) -> Imported:
        """Whole or not at all. The staging is not used meanwhile: its server may wait for the list."""
        result = Imported(name)
        try:
            with self._acts.list.changing():
                self._make_room(name, job)
                self._load(path, job, result)
                read = result.accepted + len(result.rejected)
                if rows_told is not None and rows_told != read:
                    raise FileProblemError(f"expected {rows_told} rows, found {read}")  # noqa: TRY301 - undoes all of it
        except FileProblemError as problem:
            return Imported(name, problem=str(problem))
        return result

    def _make_room(self, name: str, job: Job) -> None:
        """A list of all members replaces those before it; of several parts the first does."""
        place = job.match(name)
        if job.replaces is not None and place is not None and place[2] == 1:
            self._acts.list.clear_segment(job.replaces)

    def _load(self, path: Path, job: Job, result: Imported) -> None:
        load = _Loading(self._acts, job.kind, echo=self._echo, canary=self._canary)
        for number, row in rows(path, job):
            problem = "wrong number of cells" if row is None else load.row(row)
            if problem:
                known = row or {}
                email = known.get("EMAIL") or known.get("EMAIL_TO", "")
                result.rejected.append((number, problem, known.get("GIGYA_UID", ""), email))
            else:
                result.accepted += 1

    def _put_away(self, staging: Staging, name: str, job: Job, listed: dict[str, RemoteFile]) -> None:
        if self._after == "keep":
            return
        beside = [name + suffix for suffix in (job.count, job.trigger) if suffix and name + suffix in listed]
        if self._after == "move":
            staging.make_folder(f"{self._outbox}/{IMPORTED}")
        for each in [name, *beside]:
            if self._after == "move":
                staging.move(each, f"{self._outbox}/{IMPORTED}")
            else:
                staging.remove(each)


class _Loading:
    """Takes the rows of one file."""

    def __init__(self, acts: Acts, kind: str, *, echo: bool, canary: str) -> None:
        self._acts = acts
        self._list = acts.list
        self._echo = echo
        self._canary = canary
        self._seen: set[str] = set()
        takers: dict[str, Callable[[Row], str]] = {
            UNSUBSCRIBES: self._unsubscribe,
            ADDRESS_CHANGES: self._move,
            PROFILES: self._update,
            SUBSCRIBES: self._subscribe,
            DELETIONS: self._suppress,
            SEGMENTS: self._segment,
        }
        self._take = takers[kind]

    def row(self, row: Row) -> str:
        """Takes one row; returns why it was not taken."""
        if any(len(text.encode()) > _LONGEST for text in row.values()):
            return "err:data:value too large for column"
        return self._take(row)

    def _unsubscribe(self, row: Row) -> str:
        key, problem = self._key(row)
        if problem or row["LIST_ID"] not in LISTS:
            return problem or "err:unsub:unknown list"
        if self._acts.leave(key, row["LIST_ID"], reason=lists.BULK) and self._echo:
            self._acts.tell_left(key, row["LIST_ID"], lists.BULK)
        return ""

    def _move(self, row: Row) -> str:
        old, new, uid = row["EMAIL_FROM"], row["EMAIL_TO"], row["GIGYA_UID"]
        problem = self._acts.move(old, new, uid)
        if not problem and self._echo:
            self._acts.tell_moved(old, new, uid)
        return problem

    def _update(self, row: Row) -> str:
        key, problem = self._key(row)
        if problem:
            return problem
        if key in self._seen:
            return "address twice in file" if self._list.key == "email" else "UID twice in file"
        self._seen.add(key)
        before = self._list.find(key) if self._echo or row["GIGYA_UID"] == self._canary else None
        self._list.put(key, row["EMAIL"], row)
        self._acts.welcome(key, source=SOURCE)
        changed = {name: text for name, text in row.items() if before and before.fields.get(name, "") != text}
        if changed:
            self._acts.tell_changed(key, changed)
        return ""

    def _subscribe(self, row: Row) -> str:
        key, problem = self._key(row)
        if problem or row["LIST_ID"] not in LISTS:
            return problem or "err:sub:unknown list"
        if self._list.is_blocked(key):
            return "err:email:blocked"
        if self._list.find(key) is None:
            self._list.put(key, row["EMAIL"], {"EMAIL": row["EMAIL"], "GIGYA_UID": row["GIGYA_UID"]})
        if self._acts.join(key, row["LIST_ID"], source=SOURCE) and self._echo:
            self._acts.tell_joined(key, row["LIST_ID"], SOURCE)
        return ""

    def _suppress(self, row: Row) -> str:
        """The subscriber goes, and the address is on no list; only a file of subscribes brings it back."""
        key, problem = self._key(row)
        if problem:
            return problem
        for name in self._acts.suppress(key):
            if self._echo:
                self._acts.tell_left(key, name, lists.ADMIN)
        return ""

    def _segment(self, row: Row) -> str:
        """Addresses of a segment must be on the list already; joining makes nobody mailable."""
        key, problem = self._key(row)
        if problem or row["ACTION"] not in ("J", "L"):
            return problem or "err:segment:unknown action"
        if self._list.find(key) is None:
            return "err:segment:unknown address"
        self._list.set_segment(key, row["SEGMENT_CODE"], inside=row["ACTION"] == "J")
        return ""

    def _key(self, row: Row) -> tuple[str, str]:
        if not is_address(row["EMAIL"]):
            return "", "err:email:illegal" if row["EMAIL"] else "err:email:missing"
        key = self._list.key_of(row["EMAIL"], row["GIGYA_UID"])
        return key, "" if key else "no UID"


def _counted(staging: Staging, name: str, job: Job, listed: dict[str, RemoteFile]) -> int | None:
    """The number of rows that the file beside it tells."""
    if job.count is None or name + job.count not in listed:
        return None
    text = staging.read_range(name + job.count, 0, 64).decode("ascii", "replace").strip()
    return int(text) if text.isdigit() else -1
