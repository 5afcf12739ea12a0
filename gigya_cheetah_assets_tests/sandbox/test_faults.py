"""The fault dial: how it is written, and what each fault looks like to a client."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path

import pytest
import requests

from gigya_cheetah_assets.errors import ConfigError
from gigya_cheetah_assets.sandbox import Faults, Population, Sandbox
from gigya_cheetah_assets.sandbox.faults import Dice
from gigya_cheetah_assets_tests.sandbox.site_calls import KEY_AND_SECRET, call, post, search

COUNT = "SELECT count(*) FROM accounts"


def faulty(known_file: Path, folder: Path, faults: str) -> Sandbox:
    return Sandbox(folder, Population(load=known_file), faults=faults)


def test_the_dial_is_read_from_text() -> None:
    faults = Faults.parse(" rate_limit=0.2, short_pages ,sftp_slow=1.5,,stall_seconds=0 ")
    assert faults == Faults(rate_limit=0.2, short_pages=1.0, sftp_slow=1.5, stall_seconds=0.0)
    assert Faults.parse("") == Faults()


def test_all_turns_everything_on_and_single_faults_can_differ() -> None:
    faults = Faults.parse("all,drop=0.5")
    assert faults.drop == 0.5
    assert faults.html == 0.01
    assert Faults.parse("drop=0.5,all") == faults
    assert all(getattr(faults, name) > 0 for name in ("rate_limit", "short_pages", "sftp_drop", "sftp_slow"))


def test_every_wrong_entry_is_listed_with_what_exists() -> None:
    with pytest.raises(ConfigError) as caught:
        Faults.parse("rate_limt=0.1,drop=2,html=often,drop=nan")
    text = str(caught.value)
    assert "'rate_limt' is no fault; there are rate_limit, drop, error_body" in text
    assert "drop=2: expected a number from 0 to 1" in text
    assert "html=often" in text
    assert "drop=nan" in text


def test_the_same_seed_gives_the_same_faults_at_about_the_wanted_rate() -> None:
    faults = Faults(drop=0.2, html=0.1)
    first, second = (Dice(faults, 5) for _ in range(2))
    rolls = [first.request_fault() for _ in range(2000)]
    assert rolls == [second.request_fault() for _ in range(2000)]
    counts = Counter(rolls)
    assert 320 < counts["drop"] < 480
    assert 140 < counts["html"] < 260
    assert set(counts) == {"drop", "html", None}


def test_a_dropped_call_has_no_answer_and_may_have_taken_effect(known_file: Path, tmp_path: Path) -> None:
    with faulty(known_file, tmp_path, "drop=1") as sandbox:
        for number in range(12):
            with pytest.raises(requests.ConnectionError):
                post(sandbox, "accounts.setAccountInfo", UID="u1", data=json.dumps({f"n{number}": 1}))
        applied = [name for name in sandbox.site.account("u1")["data"] if name.startswith("n")]
        assert 0 < len(applied) < 12


def test_the_sandbox_goes_on_after_dropping_a_kept_connection(known_file: Path, tmp_path: Path) -> None:
    with faulty(known_file, tmp_path, "drop=0.3") as sandbox, requests.Session() as session:
        outcomes: Counter[str] = Counter()
        for _ in range(40):
            try:
                url = f"http://{sandbox.api_domain}/accounts.search"
                outcomes[
                    str(session.post(url, data=KEY_AND_SECRET | {"query": COUNT}, timeout=10).json()["errorCode"])
                ] += 1
            except requests.ConnectionError:
                outcomes["dropped"] += 1
        assert set(outcomes) == {"0", "dropped"}
        assert outcomes["dropped"] > 3


def test_error_bodies_come_with_http_200(known_file: Path, tmp_path: Path) -> None:
    with faulty(known_file, tmp_path, "error_body=1") as sandbox:
        assert {search(sandbox, COUNT)["errorCode"] for _ in range(20)} == {500001, 504001}


def test_the_rate_limit_by_chance_is_403048(known_file: Path, tmp_path: Path) -> None:
    with faulty(known_file, tmp_path, "rate_limit=1") as sandbox:
        assert search(sandbox, COUNT)["errorMessage"] == "Api Rate limit exceeded"
        assert post(sandbox, "accounts.search", query=COUNT, httpStatusCodes="true").status_code == 403


def test_html_and_server_errors_are_no_json(known_file: Path, tmp_path: Path) -> None:
    with faulty(known_file, tmp_path / "html", "html=1") as sandbox:
        page = post(sandbox, "accounts.search", query=COUNT)
        assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert page.text.startswith("<!DOCTYPE html>")
    with faulty(known_file, tmp_path / "busy", "server_error=1") as sandbox:
        busy = post(sandbox, "accounts.search", query=COUNT)
        assert (busy.status_code, busy.text) == (503, "Service Unavailable")


def test_truncated_json_ends_too_early(known_file: Path, tmp_path: Path) -> None:
    with faulty(known_file, tmp_path, "truncated=1") as sandbox:
        for _ in range(5):
            body = post(sandbox, "accounts.search", query=COUNT).text
            with pytest.raises(json.JSONDecodeError):
                json.loads(body)


def test_a_stalled_answer_comes_late_but_whole(known_file: Path, tmp_path: Path) -> None:
    with faulty(known_file, tmp_path, "stall=1,stall_seconds=0.3") as sandbox:
        started = time.monotonic()
        assert search(sandbox, COUNT)["errorCode"] == 0
        assert time.monotonic() - started >= 0.3


def test_a_rate_limit_counts_requests_in_a_second(known_file: Path, tmp_path: Path) -> None:
    with Sandbox(tmp_path, Population(load=known_file), rate_limit=3) as sandbox:
        codes = [call(sandbox, "accounts.search", query=COUNT)["errorCode"] for _ in range(4)]
        assert codes == [0, 0, 0, 403048]
        time.sleep(1.1)
        assert search(sandbox, COUNT)["errorCode"] == 0
        assert sandbox.requests == 5
