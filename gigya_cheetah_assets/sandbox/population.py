"""Who lives in the sandbox, and making the database of them when the folder has another one or none."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gigya_cheetah_assets.errors import ConfigError
from gigya_cheetah_assets.sandbox.gigya.clock import SiteClock
from gigya_cheetah_assets.sandbox.gigya.store import Store, build
from gigya_cheetah_assets.sandbox.people.generate import Period, people
from gigya_cheetah_assets.sandbox.people.load import load

PERIOD = timedelta(days=30)
# Changes when the same seed begins to give other accounts, so that an old folder is made anew.
GENERATION = 3


@dataclass(frozen=True)
class Population:
    """Who lives in the sandbox.

    Attributes:
        accounts: How many are invented.
        seed: The same seed gives the same people.
        load: Accounts of the user's own instead (JSON lines).
        start: Earliest last update; default 30 days before `end`.
        end: Latest last update; default now.
    """

    accounts: int = 2000
    seed: int = 1
    load: Path | None = None
    start: datetime | None = None
    end: datetime | None = None

    def settle(self, path: Path, clock: SiteClock, *, lag: float, expose_uid: bool, fresh: bool) -> Store:
        """The database with these people; one that is there already is used again.

        Raises:
            ConfigError: The file of accounts cannot be read or has wrong lines.
        """
        origin = self._origin()
        if path.exists() and not fresh:
            store = Store(path, clock, lag=lag, expose_uid=expose_uid)
            if store.origin == origin:
                return store
            store.close()
        if self.load is None:
            build(path, people(self.accounts, self.seed, self._period(clock)), origin)
            return Store(path, clock, lag=lag, expose_uid=expose_uid)
        build(path, load(self.load, clock.milliseconds()), origin)
        store = Store(path, clock, lag=lag, expose_uid=expose_uid)
        store.share_emails()
        return store

    def _origin(self) -> str:
        """Text that differs when other accounts are wanted."""
        if self.load is None:
            invented = f"{self.accounts} accounts, seed {self.seed}, {self.start} to {self.end}"
            return f"generation {GENERATION}, {invented}"
        try:
            with self.load.open("rb") as file:
                return f"file {hashlib.file_digest(file, 'sha256').hexdigest()}"
        except OSError as error:
            raise ConfigError([f"{self.load}: {error.strerror}"], next_step="name a file that can be read") from error

    def _period(self, clock: SiteClock) -> Period:
        end = self.end or datetime.fromtimestamp(clock.seconds(), UTC)
        start = self.start or end - PERIOD
        return Period(round(start.timestamp() * 1000), round(end.timestamp() * 1000))
