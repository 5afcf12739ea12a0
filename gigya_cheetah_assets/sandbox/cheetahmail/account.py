"""The account as a whole: what it does on a tick, and what its people do."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.sandbox.cheetahmail.extracts import (
    HEADERS,
    REPORT_HEADER,
    Dropper,
    Misbehaviour,
    full_rows,
    report_rows,
    stamp,
)
from gigya_cheetah_assets.sandbox.cheetahmail.importer import Imported, import_files
from gigya_cheetah_assets.sandbox.cheetahmail.subscribers import Key, Subscriber, SubscriberList
from gigya_cheetah_assets.staging import open_staging

LISTS = {"NEWSLETTER": "2098000001", "PARTNER_OFFERS": "2098000002"}
"""CheetahMail's list ids of the sandbox, by the column that stands for each."""


class CheetahMail:
    """The account of one sandbox.

    Args:
        folder: Holds its list.
        inbox: The inbox folder of the staging, on disk.
        sync: Tells where the staging's outbox is; the account reads it as any user of the staging.
        key: What makes a subscriber.
        misbehaviour: How its feeds go wrong.
        seed: Makes what people do repeatable.

    Attributes:
        reports: Names of the import reports that were dropped.
    """

    def __init__(
        self, folder: Path, inbox: Path, sync: Sync, *, key: Key = "email", misbehaviour: str = "", seed: int = 0
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._sync = sync
        self._list = SubscriberList(folder / f"subscribers-{key}.sqlite", key)
        self._dropper = Dropper(inbox, Misbehaviour.parse(misbehaviour))
        self._random = random.Random(seed)  # noqa: S311 - people, not secrets
        self.reports: list[str] = []

    def close(self) -> None:
        """Closes the list."""
        self._list.close()

    def subscribers(self) -> list[Subscriber]:
        """Everybody, by address."""
        return list(self._list.subscribers())

    def import_now(self) -> list[Imported]:
        """The import job: new files of the outbox, then a report into the inbox."""
        with open_staging(self._sync.staging) as staging:
            found = import_files(staging, self._list)
        self.reports += self._dropper.drop("loader_events", report_rows(found), REPORT_HEADER)
        return found

    def drop(self) -> list[str]:
        """The extract job: every feed that has rows since the last time; returns the files' names."""
        names = [
            name for feed, header in HEADERS.items() for name in self._dropper.drop(feed, self._taken(feed), header)
        ]
        return [*names, *self._drop_profiles("demo", self._list.take_events("demo"))]

    def drop_full(self) -> list[str]:
        """The full extract."""
        return self._drop_profiles("full", full_rows(self.subscribers(), LISTS))

    def tick(self) -> None:
        """One turn of its own schedule."""
        self.import_now()
        self.drop()

    def unsubscribe(self, subscriber: Subscriber, column: str, *, reason: str = "w") -> None:
        """The person leaves a list; a complaint (`a`) leaves all of them."""
        now = time.time()
        for name in LISTS if reason == "a" else [column]:
            self._list.set_state(self._key(subscriber), name, "out", now, reason=reason, source="person")
        row = {"EMAIL": subscriber.email, "GIGYA_UID": subscriber.uid, "PID": LISTS[column]}
        self._list.note_event("unsubs", now, {**row, "REASON": reason, "DATE_UNSUB": stamp(now)})

    def subscribe(self, subscriber: Subscriber, column: str, *, source: str = "WEB") -> None:
        """The person joins a list by a web form, or somebody imports them (`IMPORT`)."""
        now = time.time()
        self._list.set_state(self._key(subscriber), column, "in", now, reason="", source=source)
        row = {"EMAIL": subscriber.email, "GIGYA_UID": subscriber.uid, "PID": LISTS[column]}
        self._list.note_event("subs", now, {**row, "SOURCE": source, "DATE_SUB": stamp(now)})

    def edit(self, subscriber: Subscriber, **fields: str) -> None:
        """The person changes fields on the preference page."""
        now = time.time()
        self._list.upsert(subscriber.email, {**subscriber.fields, **fields}, now)
        row = {"GIGYA_UID": subscriber.uid, "EMAIL": subscriber.email, **fields}
        self._list.note_event("demo", now, {**row, "DATE_CHANGED": stamp(now)})

    def change_address(self, subscriber: Subscriber, new: str) -> None:
        """The person changes the address at CheetahMail."""
        now = time.time()
        self._list.move(subscriber.email, new)
        row = {"GIGYA_UID": subscriber.uid, "EMAIL_FROM": subscriber.email, "EMAIL_TO": new}
        self._list.note_event("coa", now, {**row, "DATE_CHANGED": stamp(now)})

    def bounce(self, subscriber: Subscriber, code: str = "H") -> None:
        """A mail came back."""
        now = time.time()
        row = {"EMAIL": subscriber.email, "GIGYA_UID": subscriber.uid, "TIMESTAMP": stamp(now), "RESULTCODE": code}
        self._list.note_event("bounces", now, row)

    def some(self, count: int, *, column: str, state: str) -> list[Subscriber]:
        """A repeatable choice of people with a state (`in`, `out`) on a list."""
        found = [one for one in self.subscribers() if one.uid and one.lists.get(column) == state]
        return self._random.sample(found, min(count, len(found)))

    def _taken(self, feed: str) -> Iterator[dict[str, str]]:
        return iter(self._list.take_events(feed))

    def _key(self, subscriber: Subscriber) -> str:
        return self._list.key_of(subscriber.email, subscriber.uid)

    def _drop_profiles(self, feed: str, rows: list[dict[str, str]]) -> list[str]:
        names = dict.fromkeys(name for row in rows for name in row)
        first = [name for name in ("GIGYA_UID", "EMAIL", "DATE_CHANGED") if name in names]
        return self._dropper.drop(feed, rows, tuple(dict.fromkeys([*first, *names])))
