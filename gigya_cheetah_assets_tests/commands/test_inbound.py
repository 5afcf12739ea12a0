from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from gigya_cheetah_assets.commands.inbound import inbound
from gigya_cheetah_assets.config import load_syncs
from gigya_cheetah_assets.errors import ConfigError
from gigya_cheetah_assets.inbound.again import due
from gigya_cheetah_assets.inbound.names import identity
from gigya_cheetah_assets.inbound.offers import Offer, write_offer
from gigya_cheetah_assets_tests.syncs import DESIGN_EXAMPLE

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def offer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Offer:
    """A file that was offered once."""
    (tmp_path / "syncs").mkdir()
    (tmp_path / "syncs" / "acme.yaml").write_text(DESIGN_EXAMPLE)
    monkeypatch.setenv("GIGYA_CHEETAH_SYNCS", str(tmp_path / "syncs"))
    monkeypatch.setenv("GIGYA_CHEETAH_DATA", str(tmp_path / "data"))
    known = identity("unsubs_1.dat", 7, NOW, "00" * 32)
    made = Offer(
        partition=known.partition, run_key=known.run_key, name="unsubs_1.dat", kind="unsubscribes", size=7,
        modified=NOW, digest="00" * 32, attempt=0, offered_at=NOW,
    )  # fmt: skip
    write_offer(tmp_path / "data", load_syncs()[0], made)
    return made


@pytest.mark.parametrize("by", ["name", "partition"])
def test_a_file_is_offered_again_by_its_name_or_its_partition(offer: Offer, tmp_path: Path, by: str) -> None:
    told = CliRunner().invoke(inbound, ["retry", getattr(offer, by)])
    assert (told.exit_code, "attempt 2" in told.output, "acme_inbox_sensor" in told.output) == (0, True, True)
    (again,) = due(tmp_path / "data", load_syncs()[0])
    assert (again.partition, again.run_key) == (offer.partition, f"{offer.partition}:1")


@pytest.mark.usefixtures("offer")
def test_a_file_that_nobody_knows_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"other\.dat"):
        CliRunner().invoke(inbound, ["retry", "other.dat"], catch_exceptions=False)
    assert due(tmp_path / "data", load_syncs()[0]) == []
