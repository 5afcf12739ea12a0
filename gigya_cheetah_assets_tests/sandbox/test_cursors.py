"""Cursors over HTTP: pages, the end, the same id twice, expiry, odd pages."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from gigya_cheetah_assets.sandbox import Population, Sandbox
from gigya_cheetah_assets_tests.sandbox.conftest import END, START
from gigya_cheetah_assets_tests.sandbox.site_calls import call, pages, search

QUERY = "SELECT UID FROM accounts LIMIT 400"


def test_a_cursor_gives_every_account_once(crowd: Sandbox) -> None:
    found = list(pages(crowd, QUERY))
    uids = [row["UID"] for page in found for row in page["results"]]
    assert len(uids) == len(set(uids)) == crowd.site.count()
    assert {page["totalCount"] for page in found} == {len(uids)}
    assert [page["objectsCount"] for page in found[:-1]] == [400] * (len(found) - 1)


def test_the_end_is_an_answer_without_a_cursor_id(crowd: Sandbox) -> None:
    *others, last = pages(crowd, QUERY)
    assert "nextCursorId" not in last
    assert len({page["nextCursorId"] for page in others}) == len(others)


def test_the_same_id_gives_the_same_page_again(crowd: Sandbox) -> None:
    first = search(crowd, QUERY, openCursor="true")
    once, again = (call(crowd, "accounts.search", cursorId=first["nextCursorId"]) for _ in range(2))
    assert once["results"] == again["results"]
    assert once["nextCursorId"] == again["nextCursorId"]


@pytest.mark.parametrize("extra", [{"query": QUERY}, {"openCursor": "true"}])
def test_nothing_of_the_first_request_may_stand_beside_a_cursor_id(crowd: Sandbox, extra: dict[str, str]) -> None:
    cursor = search(crowd, QUERY, openCursor="true")["nextCursorId"]
    assert call(crowd, "accounts.search", cursorId=cursor, **extra)["errorCode"] == 400006


@pytest.mark.parametrize("query", ["SELECT UID FROM accounts START 10", "SELECT count(*) FROM accounts"])
def test_start_and_count_know_no_cursor(crowd: Sandbox, query: str) -> None:
    assert search(crowd, query, openCursor="true")["errorCode"] == 400006


def test_an_unknown_cursor_is_a_bad_parameter_value(crowd: Sandbox) -> None:
    assert call(crowd, "accounts.search", cursorId="nothing")["errorCode"] == 400006


def test_a_search_needs_a_query_or_a_cursor(crowd: Sandbox) -> None:
    assert call(crowd, "accounts.search")["errorCode"] == 400002


def test_a_cursor_dies_when_it_is_not_used(known_file: Path, tmp_path: Path) -> None:
    with Sandbox(tmp_path, Population(load=known_file), cursor_ttl=0.2) as sandbox:
        cursor = search(sandbox, "SELECT UID FROM accounts LIMIT 1", openCursor="true")["nextCursorId"]
        following = call(sandbox, "accounts.search", cursorId=cursor)["nextCursorId"]
        time.sleep(0.3)
        assert call(sandbox, "accounts.search", cursorId=following)["errorCode"] == 400006
        assert call(sandbox, "accounts.search", cursorId=cursor)["errorCode"] == 400006


def test_an_account_deleted_during_the_scan_is_left_out(changeable: Sandbox) -> None:
    first = search(changeable, "SELECT UID FROM accounts LIMIT 1", openCursor="true")
    changeable.site.delete("u2")
    page = call(changeable, "accounts.search", cursorId=first["nextCursorId"])
    assert page["results"] == []
    assert "nextCursorId" in page


def test_short_and_empty_pages_lose_and_double_nothing(tmp_path: Path) -> None:
    with Sandbox(tmp_path, Population(600, start=START, end=END), faults="short_pages,empty_pages=0.3") as sandbox:
        found = list(pages(sandbox, "SELECT UID FROM accounts LIMIT 100"))
        uids = [row["UID"] for page in found for row in page["results"]]
        assert len(uids) == len(set(uids)) == sandbox.site.count()
        sizes = [page["objectsCount"] for page in found]
        assert 0 in sizes[:-1]
        assert len(set(sizes)) > 3


def test_duplicates_show_an_account_on_two_pages(tmp_path: Path) -> None:
    with Sandbox(tmp_path, Population(200, start=START, end=END), faults="duplicates=1") as sandbox:
        found = list(pages(sandbox, "SELECT UID FROM accounts LIMIT 50"))
        uids = [row["UID"] for page in found for row in page["results"]]
        assert len(uids) == sandbox.site.count() + len(found) - 1
        assert len(set(uids)) == sandbox.site.count()


def test_a_cursor_that_dies_by_the_dial_stays_dead(tmp_path: Path) -> None:
    with Sandbox(tmp_path, Population(50, start=START, end=END), faults="cursor_expiry=1") as sandbox:
        cursor = search(sandbox, "SELECT UID FROM accounts LIMIT 5", openCursor="true")["nextCursorId"]
        for _ in range(2):
            assert call(sandbox, "accounts.search", cursorId=cursor)["errorCode"] == 400006
