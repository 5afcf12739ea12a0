"""A town of a few people and fewer addresses: accounts, windows of the real outbound steps, CheetahMail's account."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zlib import crc32

import pyarrow as pa

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.config.staging import LocalStaging
from gigya_cheetah_assets.ledger import Ledger
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.outbound import shared_emails
from gigya_cheetah_assets.outbound.corrections import NOBODY, Corrections, wanted
from gigya_cheetah_assets.outbound.deliver import Delivery
from gigya_cheetah_assets.outbound.rows import make_rows
from gigya_cheetah_assets.outbound.summary import ProfilesSummary, RowsSummary
from gigya_cheetah_assets.outbound.window import Window, window_of
from gigya_cheetah_assets.outbound.window_writer import WindowWriter, first_time
from gigya_cheetah_assets.sandbox.cheetahmail import CheetahMail, Setup
from gigya_cheetah_assets.sandbox.cheetahmail.dropping import InboxOnDisk
from gigya_cheetah_assets.sandbox.cheetahmail.subscriber import Key, Subscriber
from gigya_cheetah_assets.staging.local import LocalFolders
from gigya_cheetah_assets.store import folders, summary
from gigya_cheetah_assets_tests.mapping.tables import profiles
from gigya_cheetah_assets_tests.syncs import minimal_sync

START = datetime(2026, 1, 1, tzinfo=UTC)
LISTS = ("NEWSLETTER", "PARTNER_OFFERS")
NAMES = {"unsubscribes": "unsubs", "address_changes": "coa", "profiles": "profiles", "subscribes": "subs"}


def sync_of(folder: Path) -> Sync:
    fields = [
        {"cheetahmail": "GIGYA_UID", "gigya": "UID", "key": True},
        {"cheetahmail": "EMAIL", "gigya": "profile.email", "type": "email", "required": True},
        *(
            {"cheetahmail": name, "gigya": f"subscriptions.{name.lower()}.email", "type": "subscription"}
            for name in LISTS
        ),
    ]
    files = {kind: {"name": f"gigya_{name}_{{window}}.csv"} for kind, name in NAMES.items()}
    staging = {"type": "local", "path": str(folder / "staging")}
    plain = minimal_sync(fields=fields, import_files=files, staging=staging)
    return Sync.model_validate(plain | {"gigya": plain["gigya"] | {"api_key": "a town's own"}})


@dataclass
class Person:
    email: str
    lists: dict[str, tuple[bool, int]] = field(default_factory=dict)
    updated: int = 0


@dataclass
class Town:
    """Made by `town`; time passes by the minute, a window is an hour."""

    folder: Path
    sync: Sync
    ledger: Ledger
    mail: CheetahMail
    people: dict[str, Person] = field(default_factory=dict)
    hour: int = 0
    minute: int = 0
    windows: list[Window] = field(default_factory=list)
    opt_outs: dict[str, list[int]] = field(default_factory=dict)

    @property
    def now(self) -> int:
        return int((START + timedelta(hours=self.hour, minutes=self.minute)).timestamp() * 1000)

    def lives(self, uid: str, email: str) -> None:
        """Somebody has an address from now on."""
        self.minute += 1
        self.people.setdefault(uid, Person(email)).email = email
        self.people[uid].updated = self.now

    def says(self, uid: str, name: str, *, yes: bool) -> None:
        self.minute += 1
        self.people[uid].lists[name] = (yes, self.now)
        if not yes:
            self.opt_outs.setdefault(name, []).append(self.now)
        self.people[uid].updated = self.now

    def window(self, *, imported: bool = True) -> RowsSummary:
        """The hour ends: its window is delivered and, perhaps, imported."""
        key = f"{START + timedelta(hours=self.hour):%Y-%m-%d-%H:%M}"
        self.hour, self.minute = self.hour + 1, 0
        window = window_of(self.sync.windows, key, now=START + timedelta(hours=self.hour, minutes=10))
        self.windows.append(window)
        return self.run(window, imported=imported)

    def run(self, window: Window, *, imported: bool = True) -> RowsSummary:
        made = self.make(window)
        self.deliver(window)
        if imported:
            self.mail.import_now()
        return made

    def make(self, window: Window) -> RowsSummary:
        """The rows of a window, not delivered yet."""
        table = FieldTable.from_sync(self.sync)
        self._extract(table, window)
        return make_rows(self.sync, table, window, self.ledger, data=self.folder / "data")

    def deliver(self, window: Window) -> None:
        table = FieldTable.from_sync(self.sync)
        with LocalFolders(LocalStaging(type="local", path=str(self.folder / "staging"))) as staging:
            Delivery(self.sync, table, window, self.ledger, data=self.folder / "data").run(staging)

    def subscribers(self) -> list[Subscriber]:
        return self.mail.subscribers()

    def mailed(self, name: str) -> set[str]:
        """Addresses on a list."""
        return {one.email for one in self.subscribers() if one.lists.get(name) == "in"}

    def wrongly_mailed(self) -> list[str]:
        """Who is mailed though no present holder of the address has opted in, or a later opt-out of one forbids it.

        An account that knows people by UID knows whose opt-in it is, so it has to be that person's own.
        """
        found = []
        for one in self.subscribers():
            holders = [person for person in self.people.values() if person.email == one.email]
            if self.mail.list.key == "uid":
                holders = [self.people[one.uid]]
            for name in (name for name in LISTS if one.lists.get(name) == "in"):
                said = [person.lists[name] for person in holders if name in person.lists]
                yes, no = ([at for says, at in said if says is which] for which in (True, False))
                if not yes or max(no, default=0) >= max(yes):
                    found.append(f"{name}: {one.uid} at {one.email}")
        return found

    def wrongly_left_out(self) -> list[str]:
        """Opt-ins of those who have an address alone that are not mailed.

        Whoever has an opt-in that is older than anybody's opt-out of that list may be held back as a whole.
        """
        found = []
        for uid, one in self.people.items():
            alone = sum(other.email == one.email for other in self.people.values()) == 1
            ins = {name: at for name, (yes, at) in one.lists.items() if yes}
            if alone and all(at > max(self.opt_outs.get(name, []), default=0) for name, at in ins.items()):
                found += [f"{uid} on {name}" for name in ins if one.email not in self.mailed(name)]
        return found

    def _extract(self, table: FieldTable, window: Window) -> None:
        corrections = wanted(self.ledger, self.sync, table, [window]).get(window.key, NOBODY)
        asked = set(corrections["UID"].to_pylist())
        start, end = (int(at.timestamp() * 1000) for at in (window.start, window.end))
        some = {u: p for u, p in self.people.items() if u in asked or start <= p.updated < end}
        frame = profiles(table, *[_account(uid, person) for uid, person in some.items()]) if some else None
        target = folders.asset_folder(self.folder / "data", self.sync.name, folders.PROFILES, window.stamp)
        with folders.building(target) as building:
            with WindowWriter(table, window, building, Corrections(corrections)) as writer:
                if frame is not None:
                    order = pa.array(sorted(range(len(frame)), key=lambda row: _place(frame["UID"][row].as_py())))
                    writer.add(first_time(frame.take(order)))
                writer.profiles.close()
                writer.corrections.write(building)
            shared = shared_emails.find(table, building, writer.hashes)
            summary.write(building, _summary(window, table, len(some), shared))


@contextmanager
def town(folder: Path, key: Key = "email") -> Iterator[Town]:
    sync = sync_of(folder)
    staging = LocalStaging(type="local", path=str(folder / "staging"))
    for name in ("autoproc", "fromcheetah"):
        (folder / "staging" / name).mkdir(parents=True)
    mail = CheetahMail(
        folder / "mail", lambda: LocalFolders(staging), InboxOnDisk(folder / "staging" / "fromcheetah"), Setup(key=key)
    )
    mail.set_up_for(sync)
    with Ledger.open(f"sqlite:///{folder}/ledger.sqlite") as ledger:
        yield Town(folder, sync, ledger, mail)
    mail.close()


def _account(uid: str, person: Person) -> dict[str, object]:
    consents = {
        name.lower(): {"email": {"isSubscribed": yes, "lastUpdatedSubscriptionState": _iso(at)}}
        for name, (yes, at) in person.lists.items()
    }
    return {
        "UID": uid,
        "profile": {"email": person.email},
        "subscriptions": consents,
        "lastUpdatedTimestamp": person.updated,
    }


def _iso(at: int) -> str:
    return f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%dT%H:%M:%S.000Z}"


def _place(uid: str) -> tuple[int, str]:
    return crc32(uid.encode()), uid


def _summary(window: Window, table: FieldTable, count: int, shared: int) -> ProfilesSummary:
    return ProfilesSummary(
        window=window.key, queries=[], read=count, profiles=count, lite=0, rejected=0, reasons={}, duplicates=0,
        repeats=0, read_by_key=0, shared_emails=shared, problems=[], sample_size=None, mapping_version=table.version,
    )  # fmt: skip
