from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from gigya_cheetah_assets import plan
from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets_tests.syncs import minimal_sync

NOW = datetime(2026, 1, 3, 12, 30, tzinfo=UTC)


def _text(**changes: object) -> str:
    console = Console(width=160, file=io.StringIO(), highlight=False)
    with console.capture() as captured:
        console.print(plan.of(Sync.model_validate(minimal_sync(**changes)), now=NOW))
    return " ".join(captured.get().split())


@pytest.mark.parametrize(
    ("every", "says"),
    [
        ("hour", "every hour from 2026-01-01 00:00 UTC; 60 have ended"),
        ("day", "every day from 2026-01-01 00:00 UTC; 2"),
    ],
)
def test_the_plan_counts_the_windows_that_have_ended(every: str, says: str) -> None:
    assert says in _text(windows={"every": every, "start": "2026-01-01T00:00:00Z"})


def test_the_plan_says_what_is_read_and_where_it_goes() -> None:
    text = _text()
    assert "accounts of https://us1.gigya.com (full accounts)" in text
    assert "where (all)" in text
    assert "staging/autoproc" in text
    assert "profiles: profiles_{window}.csv (none, utf-8)" in text
    assert "GIGYA_UID" in text
    assert "sample mode" not in text


def test_the_plan_names_variables_and_not_what_is_in_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SFTP_HOST", "sftp.internal.example.com")
    staging = {
        "type": "sftp",
        "host": {"env": "SFTP_HOST"},
        "username": "acme",
        "password": {"env": "SFTP_PASSWORD"},
        "known_hosts": {"env": "SFTP_KNOWN_HOSTS"},
    }
    text = _text(staging=staging, sample_size=10)
    assert "sftp://$SFTP_HOST:22/autoproc" in text
    assert "internal" not in text
    assert "sample mode at most 10 accounts a window" in text


def test_files_stand_in_the_order_of_their_delivery() -> None:
    names = {kind: {"name": f"{kind}_{{window}}.csv"} for kind in ("subscribes", "profiles", "unsubscribes")}
    text = _text(import_files=names)
    places = [text.index(f"file {n} {kind}") for n, kind in enumerate(("unsubscribes", "profiles", "subscribes"), 1)]
    assert places == sorted(places)


def test_the_plan_names_each_segment_with_its_filter_and_its_ways() -> None:
    text = _text(segments=[{"name": "gold", "where": 'data.tier = "gold"', "every": "week", "flag_column": "GOLD"}])
    assert 'gold, every week, changes to column GOLD: data.tier = "gold"' in text
    text = _text(segments=[{"name": "gold", "where": 'data.tier = "gold"'}])
    assert "gold, every day, changes to gigya_segment_gold_{as_of}.csv" in text
