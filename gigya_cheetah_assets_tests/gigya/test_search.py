from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gigya_cheetah_assets.errors import RetryLater, StopSync
from gigya_cheetah_assets.gigya import (
    CursorExpired,
    CursorLoop,
    GigyaClient,
    GigyaRefused,
    Page,
    Query,
    UnexpectedAnswer,
    page_decoder,
    prefetched,
    restarting,
    search,
)
from gigya_cheetah_assets_tests.gigya.conftest import FakeTime, MakeClient
from gigya_cheetah_assets_tests.gigya.scripted_site import Reply, ScriptedSite, failed, ok, page

SEARCH = "accounts.search"
QUERY = Query(["UID"], "accounts")
DECODE = page_decoder(dict[str, Any])
Pages = Iterator[Page[list[dict[str, Any]]]]


def _pages(client: GigyaClient) -> Pages:
    return search(client, QUERY, DECODE)


def _uids(pages: Pages) -> list[str]:
    return [record["UID"] for found in pages for record in found.records]


def _cursors(site: ScriptedSite) -> list[str | None]:
    return [form.get("cursorId") for form in site.forms(SEARCH)]


def test_the_query_opens_the_cursor_and_then_only_its_id_goes_on(site: ScriptedSite, client: GigyaClient) -> None:
    site.script(SEARCH, page(["a", "b"], "c1"), page(["c"], "c2"), page(["d"]))
    assert _uids(_pages(client)) == ["a", "b", "c", "d"]
    first, second, third = site.forms(SEARCH)
    assert first["query"] == "SELECT UID FROM accounts LIMIT 1000"
    assert first["openCursor"] == "true"
    assert "cursorId" not in first
    for form, cursor in ((second, "c1"), (third, "c2")):
        assert form["cursorId"] == cursor
        assert "query" not in form
        assert "openCursor" not in form
    assert {form["timeout"] for form in site.forms(SEARCH)} == {"60000"}


def test_a_page_tells_what_gigya_told(site: ScriptedSite, client: GigyaClient) -> None:
    site.script(SEARCH, page(["a"], "c1"), page(["b"]))
    first, last = _pages(client)
    assert first == Page([{"UID": "a"}], 99, "c1")
    assert last == Page([{"UID": "b"}], 99, None)


def test_a_short_page_is_not_the_end(site: ScriptedSite, client: GigyaClient) -> None:
    site.script(SEARCH, page(["a", "b"], "c1"), page(["c"], "c2"), page(["d", "e"]))
    assert _uids(_pages(client)) == ["a", "b", "c", "d", "e"]


def test_an_empty_page_is_not_the_end(site: ScriptedSite, client: GigyaClient) -> None:
    site.script(SEARCH, page([], "c1"), ok(nextCursorId="c2"), page(["a"]))
    assert _uids(_pages(client)) == ["a"]


def test_reaching_the_total_count_is_not_the_end(site: ScriptedSite, client: GigyaClient) -> None:
    more = ok(results=[{"UID": "a"}], totalCount=1, nextCursorId="c1")
    site.script(SEARCH, more, page(["b"]))
    assert _uids(_pages(client)) == ["a", "b"]


@pytest.mark.parametrize("last", [ok(results=[]), ok(nextCursorId=None), ok(nextCursorId=""), ok(results=None)])
def test_no_next_cursor_is_the_end(site: ScriptedSite, client: GigyaClient, last: Reply) -> None:
    site.script(SEARCH, page(["a"], "c1"), last)
    assert _uids(_pages(client)) == ["a"]


def test_a_page_is_asked_for_only_when_it_is_wanted(site: ScriptedSite, client: GigyaClient) -> None:
    site.script(SEARCH, page(["a"], "c1"))
    pages = _pages(client)
    assert site.requests == []
    next(pages)
    assert len(site.requests) == 1


@pytest.mark.parametrize(
    "fault",
    [
        failed(403048),
        failed(500001),
        failed(504001),
        Reply(hang_up=True),
        Reply(b"<html>Bad gateway</html>", status=502),
        Reply(b""),
        Reply(page(["b"]).content()[:40]),
        Reply(page(["b"]).content()[:40], cut=100),
    ],
)
def test_a_failed_page_is_asked_for_again_by_the_same_id(site: ScriptedSite, client: GigyaClient, fault: Reply) -> None:
    site.script(SEARCH, fault, page(["a"], "c1"), fault, fault, page(["b"], "c2"), page(["c"]))
    assert _uids(_pages(client)) == ["a", "b", "c"]
    assert _cursors(site) == [None, None, "c1", "c1", "c1", "c2"]


@given(
    st.lists(st.lists(st.sampled_from("abcdef"), max_size=3), min_size=1, max_size=6),
    st.lists(st.sampled_from(["", "rate", "drop", "html"]), min_size=1, max_size=5),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_scan_under_faults_reads_every_page_once(
    site: ScriptedSite, client: GigyaClient, pages: list[list[str]], faults: list[str]
) -> None:
    replies = {"rate": failed(403048), "drop": Reply(hang_up=True), "html": Reply(b"<html>")}
    for number, uids in enumerate(pages):
        fault = faults[number % len(faults)]
        site.script(SEARCH, *([replies[fault]] if fault else []))
        site.script(SEARCH, page(uids, f"c{number}" if number + 1 < len(pages) else None))
    assert _uids(_pages(client)) == [uid for uids in pages for uid in uids]


@pytest.mark.parametrize("second", ["c1", "c0"])
def test_a_repeated_cursor_id_is_an_error_and_no_endless_scan(
    site: ScriptedSite, client: GigyaClient, second: str
) -> None:
    site.script(SEARCH, page(["a"], "c0"), page(["b"], "c1"), page(["c"], second))
    pages = _pages(client)
    next(pages)
    next(pages)
    with pytest.raises(CursorLoop, match="second time"):
        next(pages)
    assert issubclass(CursorLoop, StopSync)


def test_an_expired_cursor_says_that_the_search_must_start_again(site: ScriptedSite, client: GigyaClient) -> None:
    site.script(SEARCH, page(["a"], "c1"), failed(400006, errorMessage="Invalid parameter value"))
    pages = _pages(client)
    next(pages)
    with pytest.raises(CursorExpired, match="start the search again") as caught:
        next(pages)
    assert isinstance(caught.value, RetryLater)
    assert _cursors(site) == [None, "c1"]


def test_a_cursor_that_breaks_the_server_is_given_up_after_a_few_tries(site: ScriptedSite, client: GigyaClient) -> None:
    site.script(SEARCH, page(["a"], "c1"), *[failed(500001)] * 6)
    pages = _pages(client)
    next(pages)
    with pytest.raises(CursorExpired):
        next(pages)
    assert _cursors(site) == [None, *["c1"] * 6]


def test_a_query_that_gigya_refuses_is_no_expired_cursor(site: ScriptedSite, client: GigyaClient) -> None:
    site.script(SEARCH, failed(400006))
    with pytest.raises(GigyaRefused, match=r"gigya\.where"):
        next(_pages(client))


def test_a_page_of_another_shape_stops_the_sync_and_shows_no_value(site: ScriptedSite, client: GigyaClient) -> None:
    site.script(SEARCH, ok(results=[{"UID": {"mail": "ana@example.org"}}]))
    with pytest.raises(UnexpectedAnswer, match=r"\$\.results") as caught:
        next(search(client, QUERY, page_decoder(dict[str, str])))
    assert "ana@" not in str(caught.value)


def test_half_a_character_in_one_account_does_not_hide_the_page(site: ScriptedSite, client: GigyaClient) -> None:
    site.script(SEARCH, Reply(rb'{"errorCode":0,"results":[{"UID":"a"},{"UID":"b","n":"Ana \ud83d"}]}'))
    (found,) = _pages(client)
    assert found.records == [{"UID": "a"}, {"UID": "b", "n": "Ana \ufffd"}]


def test_a_restart_loses_nothing_and_doubles_nothing(site: ScriptedSite, client: GigyaClient) -> None:
    site.script(SEARCH, page(["a"], "c1"), page(["b"], "c2"), failed(400006))
    site.script(SEARCH, page(["a"], "d1"), page(["b"], "d2"), failed(410000))
    site.script(SEARCH, page(["a"], "e1"), page(["b"], "e2"), page(["c"]))
    kept: list[str] = []
    for found in restarting(lambda: prefetched(_pages(client)), kept.clear):
        kept += [record["UID"] for record in found.records]
    assert kept == ["a", "b", "c"]
    assert _cursors(site) == [None, "c1", "c2", None, "d1", "d2", None, "e1", "e2"]


def test_restarts_end(site: ScriptedSite, client: GigyaClient) -> None:
    for number in range(3):
        site.script(SEARCH, page(["a"], f"c{number}"), failed(400006))
    restarts: list[int] = []
    with pytest.raises(CursorExpired):
        list(restarting(lambda: _pages(client), lambda: restarts.append(1), attempts=3))
    assert len(restarts) == 2


def test_an_error_of_the_user_restarts_nothing(site: ScriptedSite, client: GigyaClient) -> None:
    site.script(SEARCH, page(["a"]))

    def use() -> None:
        for _ in restarting(lambda: _pages(client), lambda: pytest.fail("restarted")):
            raise CursorExpired("of another search")

    with pytest.raises(CursorExpired, match="another"):
        use()


def test_pages_are_fetched_ahead_one_at_a_time(site: ScriptedSite, client: GigyaClient) -> None:
    site.script(SEARCH, *[page([str(n)], f"c{n}") for n in range(9)], page(["9"]))
    with closing(prefetched(_pages(client))) as pages:
        assert _uids(pages) == [str(n) for n in range(10)]
    # One connection carried everything, so no two requests of this cursor were under way together.
    assert len({request.connection for request in site.requests}) == 1


def test_a_long_limit_ends_in_the_budget_and_is_worth_a_run_later(
    site: ScriptedSite, make_client: MakeClient, fake: FakeTime
) -> None:
    site.always[SEARCH] = failed(403048)
    with pytest.raises(RetryLater, match="requests_per_second"):
        next(_pages(make_client(retry_seconds=120)))
    assert fake.seconds - 1_000 <= 120
    assert len(site.requests) > 3
