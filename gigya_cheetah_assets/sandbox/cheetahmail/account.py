"""The account as a whole: what it does on a tick of its own schedule."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.sandbox import object_stores
from gigya_cheetah_assets.sandbox.cheetahmail import extracts
from gigya_cheetah_assets.sandbox.cheetahmail.acts import Acts
from gigya_cheetah_assets.sandbox.cheetahmail.dropping import Inbox, InboxOfStaging
from gigya_cheetah_assets.sandbox.cheetahmail.feed_faults import FeedFaults
from gigya_cheetah_assets.sandbox.cheetahmail.importer import After, Imported, Importer
from gigya_cheetah_assets.sandbox.cheetahmail.jobs import jobs_of, usual_jobs
from gigya_cheetah_assets.sandbox.cheetahmail.people import People
from gigya_cheetah_assets.sandbox.cheetahmail.subscriber import Key, Subscriber
from gigya_cheetah_assets.sandbox.cheetahmail.subscribers import SubscriberList
from gigya_cheetah_assets.staging import Staging, open_staging


@dataclass(frozen=True)
class Setup:
    """How an account is set up.

    Attributes:
        key: What makes a subscriber: the address as in the real loader, or the UID as the integration's guide has it.
        faults: How its feeds go wrong, as `FeedFaults.parse` reads it.
        seed: Makes what its people do repeatable.
        after: What becomes of an imported file: it stays, moves to `imported/` of the outbox, or is removed.
        session_seconds: How long a login at the API is good for, by default as long as public clients keep theirs.
    """

    key: Key = "email"
    faults: str = ""
    seed: int = 1
    after: After = "keep"
    session_seconds: float = 8 * 3600.0


class CheetahMail(Acts):
    """An account with its list, its import and its extracts.

    Args:
        folder: Holds its list.
        staging: Opens the staging whose outbox it imports.
        inbox: Where its files are dropped.
        setup: How it is set up.
        clock: The time now, seconds since 1970.
        outbox: The outbox's folder in the staging.

    Attributes:
        reports: Names of the import reports that were dropped.

    Raises:
        ConfigError: The setup names an unknown fault.
    """

    def __init__(
        self,
        folder: Path,
        staging: Callable[[], Staging],
        inbox: Inbox,
        setup: Setup | None = None,
        *,
        clock: Callable[[], float] = time.time,
        outbox: str = "autoproc",
    ) -> None:
        setup = setup or Setup()
        self._faults = FeedFaults.parse(setup.faults)
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(SubscriberList(folder / f"list-by-{setup.key}.sqlite", setup.key), clock)
        self._setup = setup
        self._staging = staging
        self._outbox = outbox
        self._inbox = inbox
        self._jobs = usual_jobs()
        self._people = People(self, setup.seed)
        self._random = random.Random(setup.seed)  # noqa: S311 - people, not secrets
        self._canary = ""
        self._drops = 0
        self._last: list[tuple[str, bytes]] = []
        self.reports: list[str] = []

    def close(self) -> None:
        """Closes the list."""
        self.list.close()

    def set_up_for(self, sync: Sync) -> None:
        """Imports from now on what this sync delivers, through its staging, in the layout of its sync file."""
        self._jobs = jobs_of(sync)
        self._staging = lambda: open_staging(sync.staging)
        self._outbox = sync.staging.outbox
        canary = sync.inbound_files.canary if sync.inbound_files else None
        self._canary = canary.uid if canary else ""
        if sync.staging.type in object_stores.STORES:
            self._inbox = InboxOfStaging(self._staging, sync.staging.inbox)

    def subscribers(self) -> list[Subscriber]:
        """Everybody, by key."""
        return self.list.subscribers()

    def segment(self, code: str) -> set[str]:
        """UIDs of the members of a segment, as the segment files told."""
        return {subscriber.uid for subscriber in self.list.segment(code)}

    def tick(self, people: int = 0) -> None:
        """One turn of its own schedule: import, so many people act, extract."""
        self.import_now()
        self._people.act(people)
        self.drop()

    def import_now(self) -> list[Imported]:
        """The import job: new files of the outbox, then a report into the inbox."""
        importer = Importer(
            self, self._jobs, echo=self._faults.echo, after=self._setup.after, outbox=self._outbox, canary=self._canary
        )  # fmt: skip
        with self._staging() as staging:
            found = importer.import_files(staging)
        self.reports += self._write(extracts.REPORT, extracts.report_rows(found))
        return found

    def drop(self, *feeds: str) -> list[str]:
        """The extract job: each of these feeds that has rows since its last file, all daily ones unless named.

        Returns:
            Names of the files; a feed without rows has none, as the real one.
        """
        self._drops += 1
        if self._faults.skip_day and self._drops % 2 == 0:
            return []
        if self._faults.twice:
            for name, content in self._last:
                self._inbox.write(name, content, self._faults)
        self._last = []
        return [name for feed in feeds or extracts.FEEDS for name in self._dropped(feed)]

    def drop_full(self) -> list[str]:
        """The full extract."""
        return self._write(extracts.FULL, extracts.full_rows(self.subscribers()))

    def people_act(self, count: int) -> list[str]:
        """So many things that people do, by the seeded script; returns what they were."""
        return self._people.act(count)

    def some(self, count: int, *, column: str, state: str) -> list[Subscriber]:
        """A repeatable choice of people with a UID and a state (`in`, `out`) on a list."""
        found = [one for one in self.subscribers() if one.uid and one.lists.get(column) == state]
        return self._random.sample(found, min(count, len(found)))

    def _dropped(self, feed: str) -> list[str]:
        rows, last = self.list.events(feed)
        names = self._write(feed, rows)
        self.list.forget_events(feed, last)
        return names

    def _write(self, feed: str, rows: list[extracts.Row]) -> list[str]:
        if not rows:
            return []
        content = extracts.content(feed, rows)
        names = [self._name(feed) for _ in range(2 if self._faults.again else 1)]
        for name in names:
            self._inbox.write(name, content, self._faults)
            self._last.append((name, content))
        return names

    def _name(self, feed: str) -> str:
        return extracts.file_name(feed, self.list.next_number("file"), self._clock())
