"""Searching with a cursor: page after page of one query, strictly one request at a time.

Source: Gigya, accounts.search, pagination. The end is an answer without `nextCursorId`: a page may be shorter than
LIMIT or empty and still not be the last. The same cursor id sent again gives the same page, so the client simply
repeats a failed one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from gigya_cheetah_assets.gigya.client import GigyaClient
from gigya_cheetah_assets.gigya.envelope import SearchEnvelope
from gigya_cheetah_assets.gigya.errors import CursorExpired, CursorLoop, ServerFault
from gigya_cheetah_assets.gigya.query import Query

log = logging.getLogger(__name__)
T = TypeVar("T")
PageDecode = Callable[[bytes], tuple[SearchEnvelope, T]]
SEARCH_MILLISECONDS = 60_000
_SEARCH = "accounts.search"


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a search.

    Attributes:
        records: What the decoder made of it; may be empty on any page.
        total_count: Matches of the whole query as Gigya says now; it may drift, so it is for sizing only.
        next_cursor_id: Where the next page is, `None` on the last one.
    """

    records: T
    total_count: int
    next_cursor_id: str | None


def search(client: GigyaClient, query: Query, decode: PageDecode[T], *, method: str = _SEARCH) -> Iterator[Page[T]]:
    """The pages of a query, each asked for when it is wanted.

    A cursor dies five minutes after its last page, so pages must be put away quickly. Records that change during
    the scan may come twice or move between pages: keep the latest of a UID.

    Args:
        client: The site.
        query: What is searched for.
        decode: Reads a page.
        method: Which of Gigya's searches; all have the same cursors.

    Raises:
        CursorExpired: Throw away all that this search gave and start again; nothing is then lost or doubled.
        CursorLoop: Gigya gave a cursor id twice.
        GigyaCheetahError: As `GigyaClient.call`.
    """
    params: dict[str, Any] = {"query": str(query), "openCursor": True}
    seen: set[str] = set()
    while True:
        envelope, records = _page(client, method, params, decode)
        cursor = envelope.next_cursor_id or None
        if cursor in seen:
            raise CursorLoop(
                f"{method} gave a cursor id for the second time, after {len(seen) + 1} pages",
                next_step="run it again; if it stays so, report the callId to SAP support",
                call_id=envelope.call_id or "",
            )
        yield Page(records, envelope.total_count or 0, cursor)
        if cursor is None:
            return
        seen.add(cursor)
        params = {"cursorId": cursor}


def restarting(
    make_pages: Callable[[], Iterable[T]], on_restart: Callable[[], object], attempts: int = 3
) -> Iterator[T]:
    """The pages of a search that starts again from its first page when Gigya forgot the cursor.

    Stands outside of `prefetched`, so that `on_restart` runs in the thread that keeps the pages:
    `restarting(lambda: prefetched(search(...)), spool.clear)`.

    Args:
        make_pages: Starts the search.
        on_restart: Throws away everything that came so far.
        attempts: Searches at most; then the error goes on.

    Raises:
        CursorExpired: The last attempt failed too.
    """
    for attempt in range(1, attempts + 1):
        try:
            yield from make_pages()
        except CursorExpired:
            if attempt == attempts:
                raise
            log.warning("Gigya forgot the cursor; search %d of at most %d starts", attempt + 1, attempts)
            on_restart()
        else:
            return


def _page(client: GigyaClient, method: str, params: dict[str, Any], decode: PageDecode[T]) -> tuple[SearchEnvelope, T]:
    def both(body: bytes) -> tuple[SearchEnvelope, tuple[SearchEnvelope, T]]:
        decoded = decode(body)
        return decoded[0], (decoded[0], decoded[1])

    try:
        # Of the other searches no such parameter is documented.
        patience = {"timeout": SEARCH_MILLISECONDS} if method == _SEARCH else {}
        return client.call(method, {**params, **patience}, both)
    except ServerFault as error:
        # No source names the code of a dead cursor, and some servers fail inside instead of refusing it.
        if error.code == 500001 and "cursorId" in params:
            raise CursorExpired(error.problem, next_step=error.next_step, code=error.code) from error
        raise
