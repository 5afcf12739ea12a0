"""Reads the delivered files back over SFTP and compares each row with its account on the sandbox's site."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.sandbox import second_opinion
from gigya_cheetah_assets.sandbox.second_opinion import LISTS, Document
from gigya_cheetah_assets.sandbox.server import Sandbox
from gigya_cheetah_assets.staging import open_staging

Row = dict[str, str]


@dataclass
class Delivered:
    """What CheetahMail would hold after loading all files in their order.

    Attributes:
        rows: The latest row by UID.
        mailable: (UID, list) of everyone who is subscribed.
        left: (UID, list) of everyone who was ever unsubscribed.
    """

    rows: dict[str, Row] = field(default_factory=dict)
    mailable: set[tuple[str, str]] = field(default_factory=set)
    left: set[tuple[str, str]] = field(default_factory=set)


@dataclass
class Differences:
    """What does not agree; UIDs only."""

    compared: int = 0
    shared: int = 0
    found: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The result in words, at most twenty differences."""
        if not self.found:
            note = f" ({self.shared} more share an e-mail address and were looked at for consent only)"
            return [f"Read back over SFTP: {self.compared} accounts compared column by column, all agree{note}."]
        return [f"{len(self.found)} differences between delivered rows and accounts:", *self.found[:20]]


def compare_with_site(sandbox: Sandbox, sync: Sync) -> Differences:
    """Compares every account of the site with what was delivered."""
    with TemporaryDirectory() as folder:
        delivered = _delivered(sync, Path(folder))
    everybody = second_opinion.people(sandbox.site.accounts())
    addresses = Counter(_address(doc) for doc in everybody)
    documents = [doc for doc in everybody if doc.get("isRegistered") or not doc.get("UID")]
    differences = Differences()
    for document in documents:
        uid = second_opinion.key(document)
        shared = addresses[_address(document)] > 1
        differences.found += _consent_differences(uid, document, delivered, shared=shared)
        if shared:
            differences.shared += 1
            continue
        differences.compared += 1
        differences.found += _row_differences(uid, second_opinion.row(document), delivered.rows.get(uid))
    known = {second_opinion.key(document) for document in documents}
    differences.found += [f"{uid}: delivered, but no account of this sync" for uid in delivered.rows.keys() - known]
    return differences


def _address(document: Document) -> str:
    return second_opinion.address(document) or str(id(document))


def _row_differences(uid: str, expected: Row | None, found: Row | None) -> list[str]:
    if expected is None or found is None:
        return [] if expected is found else [f"{uid}: {'should not have' if expected is None else 'should have'} a row"]
    return [f"{uid}: column {name} differs" for name in expected if expected[name] != found.get(name)]


def _consent_differences(uid: str, document: Document, delivered: Delivered, *, shared: bool) -> list[str]:
    found = []
    for column in LISTS:
        state = second_opinion.state(document, column)
        mailable = (uid, column) in delivered.mailable
        if mailable and state != "opt_in":
            found.append(f"{uid}: is mailed on {column} without an opt-in")
        usable = second_opinion.row(document) is not None and not shared
        if usable and state == "opt_in" and not mailable:
            found.append(f"{uid}: opted in to {column} but is not subscribed")
        if usable and state == "opt_out" and (uid, column) not in delivered.left:
            found.append(f"{uid}: opted out of {column} but was not unsubscribed")
    return found


def _delivered(sync: Sync, folder: Path) -> Delivered:
    """All files, window by window and within a window in the order of their kinds."""
    result = Delivered()
    kinds = {file.name.split("{window}")[0]: kind for kind, file in sync.import_files.in_order()}
    order = list(kinds.values())
    with open_staging(sync.staging) as staging:
        names = [file.name for file in staging.list()]
        found = [
            (_stamp(name, prefix), order.index(kind), kind, name)
            for name in names
            for prefix, kind in kinds.items()
            if name.startswith(prefix)
        ]
        for _, _, kind, name in sorted(found):
            staging.fetch(name, folder / name)
            for row in _rows(folder / name):
                _load(result, kind, row)
    return result


def _stamp(name: str, prefix: str) -> str:
    return name.removeprefix(prefix).split(".")[0]


def _rows(path: Path) -> Iterator[Row]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _load(result: Delivered, kind: str, row: Row) -> None:
    uid = row["GIGYA_UID"]
    if kind == "profiles":
        result.rows[uid] = row
    elif kind == "subscribes":
        result.mailable.add((uid, row["LIST_ID"]))
    elif kind == "unsubscribes":
        result.mailable.discard((uid, row["LIST_ID"]))
        result.left.add((uid, row["LIST_ID"]))
