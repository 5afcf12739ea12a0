"""Open cursors: which accounts are on which page, how long an id lives, and that the same id gives the same page.

Source: Gigya, accounts.search, pagination. The accounts are fixed when the cursor opens; their content is read when
a page is asked for.
"""

from __future__ import annotations

import uuid
from array import array
from collections.abc import Callable
from dataclasses import dataclass

from gigya_cheetah_assets.sandbox.faults import Dice
from gigya_cheetah_assets.sandbox.gigya.answers import SiteError
from gigya_cheetah_assets.sandbox.gigya.clock import SiteClock
from gigya_cheetah_assets.sandbox.gigya.projection import Project
from gigya_cheetah_assets.sandbox.gigya.query.fields import Source


@dataclass
class Scan:
    """One query's result.

    Attributes:
        ids: Numbers of the matching accounts, in order.
        size: Accounts a page, at most.
        touched: When the cursor was last used.
    """

    source: Source
    ids: array[int]
    project: Project
    size: int
    touched: float


@dataclass(frozen=True)
class Page:
    """What a cursor id stands for; `following` is the id of the next page, `None` on the last."""

    scan: Scan
    ids: array[int]
    following: str | None


class Cursors:
    """All cursors of a site.

    Args:
        clock: Times the life of a cursor.
        ttl: Seconds that a cursor lives after its last use (Gigya: 300).
        dice: Decides about odd pages.
    """

    def __init__(self, clock: SiteClock, ttl: float, dice: Dice) -> None:
        self._clock = clock
        self._ttl = ttl
        self._dice = dice
        self._starts: dict[str, tuple[Scan, int]] = {}
        self._pages: dict[str, Page] = {}

    def open(self, source: Source, ids: array[int], project: Project, size: int) -> Page:
        """The first page of a new cursor."""
        self._forget(lambda scan: self._clock.elapsed() - scan.touched > self._ttl)
        scan = Scan(source, ids, project, size, self._clock.elapsed())
        return self._cut(scan, 0)

    def page(self, cursor_id: str) -> Page:
        """The page of a cursor id.

        Raises:
            SiteError: 400006, the id is unknown or has expired.
        """
        if cursor_id not in self._starts:
            raise SiteError(400006, "Invalid parameter value: cursorId")
        scan, start = self._starts[cursor_id]
        if self._clock.elapsed() - scan.touched > self._ttl or self._dice.cursor_dies():
            self._forget(lambda other: other is scan)
            raise SiteError(400006, "Invalid parameter value: cursorId")
        scan.touched = self._clock.elapsed()
        if cursor_id not in self._pages:
            self._pages[cursor_id] = self._cut(scan, start)
        return self._pages[cursor_id]

    def _cut(self, scan: Scan, start: int) -> Page:
        size = self._dice.page_size(scan.size)
        stop = min(start + size, len(scan.ids))
        first = start - 1 if 0 < start < stop and self._dice.repeats_account() else start
        following = None
        if stop < len(scan.ids):
            following = uuid.uuid4().hex
            self._starts[following] = (scan, stop)
        return Page(scan, scan.ids[first:stop], following)

    def _forget(self, unwanted: Callable[[Scan], bool]) -> None:
        gone = [cursor_id for cursor_id, (scan, _) in self._starts.items() if unwanted(scan)]
        for cursor_id in gone:
            del self._starts[cursor_id]
            self._pages.pop(cursor_id, None)
