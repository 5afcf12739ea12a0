"""The Gigya client against the sandbox's site, whose checks and query parser were written apart from the client."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gigya_cheetah_assets.config.gigya import GigyaConfig
from gigya_cheetah_assets.gigya import (
    AccountGone,
    CursorExpired,
    GigyaClient,
    GigyaRefused,
    Page,
    Query,
    TokenBucket,
    get_account,
    page_decoder,
    prefetched,
    restarting,
    search,
)
from gigya_cheetah_assets.gigya.query import Source, any_equals, at_least, chunked, equals, one_of, own_condition
from gigya_cheetah_assets.sandbox import Population, Sandbox

PEOPLE = Population(accounts=300)
USER_KEY = {"env": "SANDBOX_GIGYA_USER_KEY"}
SECRET = {"env": "SANDBOX_GIGYA_SECRET"}
AUTHS: dict[str, dict[str, Any]] = {
    "user_key": {"type": "user_key", "user_key": USER_KEY, "secret": SECRET},
    "signed": {"type": "signed", "user_key": USER_KEY, "secret": SECRET},
    "bearer": {"type": "bearer", "user_key": USER_KEY, "private_key": {"env": "SANDBOX_GIGYA_PRIVATE_KEY"}},
}
Records = list[dict[str, Any]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sandbox")


@pytest.fixture(scope="module")
def sandbox(folder: Path) -> Iterator[Sandbox]:
    with Sandbox(folder, PEOPLE) as running:
        yield running


def _client(sandbox: Sandbox, auth: str = "signed", environ: dict[str, str] | None = None) -> GigyaClient:
    config = GigyaConfig.model_validate(
        {
            "api_domain": sandbox.api_domain,
            "scheme": "http",
            "api_key": {"env": "SANDBOX_GIGYA_API_KEY"},
            "auth": AUTHS[auth],
        }
    )
    return GigyaClient(
        config,
        bucket=TokenBucket(10_000),
        sleep=lambda seconds: time.sleep(min(seconds, 0.02)),
        environ={**sandbox.environ, **(environ or {})},
    )


def _found(client: GigyaClient, *where: str, source: Source = "accounts", page_size: int = 25) -> Records:
    query = Query(["UID", "profile.email"], source, where, page_size)
    return [record for page in search(client, query, page_decoder(dict[str, Any])) for record in page.records]


def _uids(sandbox: Sandbox) -> set[str]:
    return {account["UID"] for account in sandbox.site.accounts() if "UID" in account}


@pytest.mark.parametrize("auth", AUTHS)
def test_every_way_to_sign_in_reads_every_account(sandbox: Sandbox, auth: str) -> None:
    with _client(sandbox, auth) as client:
        found = [record["UID"] for record in _found(client)]
    assert len(found) == len(set(found)) > 200
    assert set(found) == _uids(sandbox)


@pytest.mark.parametrize(
    ("auth", "variable", "value", "code"),
    [
        ("user_key", "SANDBOX_GIGYA_API_KEY", "3_other", 400093),
        ("user_key", "SANDBOX_GIGYA_USER_KEY", "other", 403005),
        ("user_key", "SANDBOX_GIGYA_SECRET", "b3RoZXI=", 403010),
        ("signed", "SANDBOX_GIGYA_SECRET", "b3RoZXI=", 403003),
        ("signed", "SANDBOX_GIGYA_USER_KEY", "other", 403005),
        ("bearer", "SANDBOX_GIGYA_USER_KEY", "other", 400008),
    ],
)
def test_wrong_credentials_stop_the_sync_and_say_where_to_look(
    sandbox: Sandbox, auth: str, variable: str, value: str, code: int
) -> None:
    before = sandbox.requests
    with _client(sandbox, auth, {variable: value}) as client, pytest.raises(GigyaRefused, match=r"gigya\.a") as caught:
        _found(client)
    assert caught.value.code == code
    assert value not in str(caught.value)
    assert sandbox.requests == before + 1


@pytest.mark.parametrize("auth", ["signed", "bearer"])
@pytest.mark.parametrize("ahead", [600.0, -600.0])
def test_a_site_whose_clock_differs_is_followed(folder: Path, auth: str, ahead: float) -> None:
    with Sandbox(folder / "skewed", Population(5), clock_offset=ahead) as sandbox:
        with _client(sandbox, auth) as client:
            assert len(_found(client)) == len(_uids(sandbox))
        assert abs(client.clock.offset - ahead) < 5


FAULTS = (
    "rate_limit=0.1,drop=0.1,error_body=0.1,server_error=0.05,html=0.05,truncated=0.05,stall=0.02,"
    "stall_seconds=0.05,cursor_expiry=0.06,short_pages=0.7,empty_pages=0.2"
)


def _scan(sandbox: Sandbox) -> tuple[list[str], int]:
    """UIDs as a careful reader keeps them, and how often it had to start again."""
    query = Query(["UID", "profile.email"], "accounts", page_size=25)
    kept: list[str] = []
    restarts = []

    def restart() -> None:
        restarts.append(len(kept))
        kept.clear()

    with _client(sandbox) as client:

        def pages() -> Iterator[Page[Records]]:
            return prefetched(search(client, query, page_decoder(dict[str, Any])))

        for page in restarting(pages, restart, attempts=50):
            kept += [record["UID"] for record in page.records]
    return kept, len(restarts)


def test_scans_under_all_faults_lose_nothing_and_double_nothing(folder: Path) -> None:
    restarts = 0
    for seed in range(3):
        with Sandbox(folder / "faulty", PEOPLE, faults=FAULTS, fault_seed=seed) as sandbox:
            kept, again = _scan(sandbox)
            assert sorted(kept) == sorted(_uids(sandbox))
            restarts += again
    assert restarts, "no cursor died, so this proved nothing about starting again"


def test_an_account_that_comes_twice_is_handed_on_twice(folder: Path) -> None:
    with Sandbox(folder / "faulty", PEOPLE, faults="duplicates=1") as sandbox, _client(sandbox) as client:
        found = [record["UID"] for record in _found(client)]
        assert len(found) > len(set(found))
        assert set(found) == _uids(sandbox)


def test_a_cursor_that_waited_too_long_must_start_again(folder: Path) -> None:
    with Sandbox(folder / "short", PEOPLE, cursor_ttl=0.05) as sandbox, _client(sandbox) as client:
        pages = search(client, Query(["UID"], "accounts", page_size=10), page_decoder(dict[str, Any]))
        next(pages)
        time.sleep(0.2)
        with pytest.raises(CursorExpired):
            next(pages)


def test_a_site_with_a_low_limit_is_read_to_the_end(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Sandbox(folder / "limited", PEOPLE, rate_limit=40) as sandbox, _client(sandbox) as client:
        assert len(_found(client, page_size=5)) == len(_uids(sandbox))
    assert "403048" in caplog.text


EMAILS = ['o"hara\\@example.org', "d'arc) OR (1=1@example.org", "zoë+ß😀@example.org", "LIMIT 5@example.org", "\\"]


@pytest.mark.parametrize("email", EMAILS)
def test_any_text_can_be_looked_up(sandbox: Sandbox, email: str) -> None:
    uid = sandbox.site.add_full(profile={"email": email})
    try:
        with _client(sandbox) as client:
            assert [found["UID"] for found in _found(client, any_equals("profile.email", [email, "x"]))] == [uid]
            assert [found["UID"] for found in _found(client, one_of("UID", [uid, email]))] == [uid]
    finally:
        sandbox.site.delete(uid)


def test_many_keys_are_looked_up_in_queries_that_fit(sandbox: Sandbox) -> None:
    known = (account.get("profile", {}).get("email") for account in sandbox.site.accounts())
    emails = {email for email in known if email}
    absent = [f"nobody{number}@example.org" for number in range(1_000)]
    found: set[str] = set()
    with _client(sandbox) as client:
        for group in chunked(sorted([*emails, *absent])):
            where = any_equals("profile.email", group)
            found |= {record["profile"]["email"] for record in _found(client, where, source="emailAccounts")}
    assert found == emails


def test_conditions_of_all_kinds_are_read_by_the_site(sandbox: Sandbox) -> None:
    own = own_condition('data.loyalty.tier = "gold" OR (data.loyalty.points > 10 AND profile.country is not null)')
    with _client(sandbox) as client:
        some = _found(client, at_least("lastUpdatedTimestamp", 0), own, equals("isVerified", True))
        everybody = _found(client, at_least("lastUpdatedTimestamp", 0))
    assert 0 < len(some) < len(everybody)


def test_a_condition_that_the_site_cannot_read_names_the_setting(sandbox: Sandbox) -> None:
    with _client(sandbox) as client, pytest.raises(GigyaRefused, match=r"gigya\.where"):
        _found(client, own_condition("isRegistered ="))


def test_single_accounts_are_read_or_known_to_be_gone(sandbox: Sandbox) -> None:
    uid = min(_uids(sandbox))
    with _client(sandbox, "bearer") as client:
        assert get_account(client, uid)["UID"] == uid
        with pytest.raises(AccountGone):
            get_account(client, "nobody")
