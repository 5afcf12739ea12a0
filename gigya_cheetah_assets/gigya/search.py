"""Searching with a cursor: page after page of one query, strictly one request at a time.

Source: Gigya, accounts.search, pagination. The end is an answer without `nextCursorId`: a page may be shorter than
LIMIT or empty and still not be the last. The same cursor id sent again gives the same page, so a failed page is
simply asked for again.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from gigya_cheetah_assets.errors import StopSync
from gigya_cheetah_assets.gigya.client import GigyaClient
from gigya_cheetah_assets.gigya.envelope import SearchEnvelope
from gigya_cheetah_assets.gigya.errors import CursorExpired, GigyaRefused
from gigya_cheetah_assets.gigya.query import Query

T = TypeVar("T")
PageDecode = Callable[[bytes], tuple[SearchEnvelope, T]]
SEARCH_MILLISECONDS = 60_000
# Gigya names no code for a dead cursor; an unknown value of `cursorId` is a bad parameter value.
_DEAD_CURSOR = 400006


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page: what the decoder made of it, and how many accounts match in all (for sizing only; it may drift)."""

    records: T
    total_count: int


def search(client: GigyaClient, query: Query, decode: PageDecode[T]) -> Iterator[Page[T]]:
    """The pages of a query.

    Raises:
        CursorExpired: Throw away what was read of this query and search again; nothing is then lost or doubled.
        StopSync: The site gave a cursor id that it had given before, which would never end.
    """
    params: dict[str, Any] = {"query": str(query), "openCursor": True, "timeout": SEARCH_MILLISECONDS}
    seen: set[str] = set()
    while True:
        envelope, records = _page(client, params, decode)
        yield Page(records, envelope.total_count or 0)
        cursor = envelope.next_cursor_id
        if not cursor:
            return
        if cursor in seen:
            raise StopSync(
                "accounts.search gave the same cursor id twice; it would go on for ever",
                next_step="run the window again; if it persists, ask Gigya's support",
            )
        seen.add(cursor)
        params = {"cursorId": cursor, "timeout": SEARCH_MILLISECONDS}


def _page(client: GigyaClient, params: dict[str, Any], decode: PageDecode[T]) -> tuple[SearchEnvelope, T]:
    def both(body: bytes) -> tuple[SearchEnvelope, tuple[SearchEnvelope, T]]:
        decoded = decode(body)
        return decoded[0], decoded

    try:
        return client.call("accounts.search", params, both)
    except GigyaRefused as error:
        if "cursorId" in params and error.code == _DEAD_CURSOR:
            raise CursorExpired("the site no longer knows the cursor", next_step="read the query again") from error
        raise


def prefetched(items: Iterator[T], depth: int = 2) -> Iterator[T]:
    """The same items, fetched by a thread of their own at most `depth` ahead of who uses them.

    An error of the source comes out here. Ending early (`close`, an error of the user) ends the thread.
    """
    buffer: queue.Queue[tuple[str, Any]] = queue.Queue(maxsize=depth)
    stopped = threading.Event()
    thread = threading.Thread(target=_fill, args=(items, buffer, stopped), name="prefetch", daemon=True)
    thread.start()
    try:
        while True:
            kind, value = buffer.get()
            if kind == "end":
                return
            if kind == "error":
                raise value
            yield value
    finally:
        stopped.set()
        while thread.is_alive():
            try:
                buffer.get(timeout=0.05)
            except queue.Empty:
                continue
        thread.join()


def _fill(items: Iterator[Any], buffer: queue.Queue[tuple[str, Any]], stopped: threading.Event) -> None:
    try:
        for item in items:
            buffer.put(("item", item))
            if stopped.is_set():
                return
    except BaseException as error:  # noqa: BLE001 - handed to the other thread, which raises it
        buffer.put(("error", error))
    else:
        buffer.put(("end", None))
