"""Accounts of another Gigya site than those that were delivered before stop at a brake, in every direction."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gigya_cheetah_assets.ledger import Ledger
from gigya_cheetah_assets.outbound.same_site import fingerprint, site_brake
from gigya_cheetah_assets.outbound.window import window_of
from gigya_cheetah_assets.sandbox import Sandbox
from gigya_cheetah_assets_tests.integration.reading import failure
from gigya_cheetah_assets_tests.integration.runs import FIRST, PEOPLE, Runs, runs

SECOND, THIRD = "2026-03-02", "2026-03-03"
OTHER = "0123456789ab"


@pytest.fixture
def outbound(tmp_path: Path) -> Iterator[Runs]:
    with Sandbox(tmp_path / "sandbox", PEOPLE) as sandbox, runs(sandbox, tmp_path / "run") as made:
        yield made


def test_a_window_of_another_site_stops_until_a_person_releases_it_and_then_that_site_is_the_known_one(
    outbound: Runs,
) -> None:
    assert outbound.run(FIRST).success
    own = fingerprint(outbound.sync)
    with Ledger.open() as ledger:
        assert ledger.site("sandbox") == own
        ledger.note_site("sandbox", OTHER)
        assert not site_brake(ledger, outbound.sync).holds
    before = outbound.files()
    stopped = failure(outbound.run(SECOND))
    assert f"gigya.api_key names site {own}, and the ledger knows people of site {OTHER}" in stopped
    assert f"gigya-cheetah release sandbox {SECOND} site" in stopped
    assert outbound.files() == before
    with Ledger.open() as ledger:
        stamp = window_of(outbound.sync.windows, SECOND, now=datetime.now(UTC)).stamp
        ledger.release("sandbox", stamp, "site")
    assert outbound.run(SECOND).success
    assert outbound.run(THIRD).success


def test_the_first_delivery_makes_its_site_the_known_one(outbound: Runs) -> None:
    with Ledger.open() as ledger:
        assert ledger.site("sandbox") is None
        assert site_brake(ledger, outbound.sync).holds


def test_the_fingerprint_tells_sites_apart_and_does_not_show_the_key(
    outbound: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = fingerprint(outbound.sync)
    monkeypatch.setenv("SANDBOX_GIGYA_API_KEY", "4_another-site")
    other = fingerprint(outbound.sync)
    assert one != other
    assert "4_another-site"[2:] not in other
