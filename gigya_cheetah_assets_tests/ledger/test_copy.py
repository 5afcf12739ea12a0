from __future__ import annotations

from pathlib import Path

import pytest

from gigya_cheetah_assets.ledger import Ledger
from gigya_cheetah_assets.ledger.copy import main
from gigya_cheetah_assets_tests.ledger.people import SHAPE, T0, Person, changes, deliver, frame


def test_a_ledger_moves_to_postgresql_and_back(
    tmp_path: Path, empty_postgres: str, capsys: pytest.CaptureFixture[str]
) -> None:
    first, last = f"sqlite:///{tmp_path}/first.sqlite", f"sqlite:///{tmp_path}/last.sqlite"
    people = [Person(f"ü{i}", f"u{i}@example.org", name="Ж\x00", news="opt_out", at=T0) for i in range(50)]
    with Ledger.open(first) as ledger:
        deliver(ledger, *people, window="w1")
        ledger.release("acme", "w1", "volume")
        deliveries = ledger.deliveries("acme")
    assert main([first, empty_postgres]) == 0
    assert main([empty_postgres, last]) == 0
    assert "ledger_agreed: 50 rows" in capsys.readouterr().out
    for url in (empty_postgres, last):
        with Ledger.open(url) as ledger:
            assert changes(ledger, frame(*people), window="w2").unchanged == 50
            assert (ledger.population("acme"), ledger.deliveries("acme")) == (50, deliveries)
            assert ledger.is_released("acme", "w1", "volume")
            assert (ledger.consent_count("acme"), ledger.verify_consents("acme")) == (50, None)
            assert ledger.record("acme", "w2", [], shape=SHAPE, mapping_version="another") == 2


def test_a_ledger_in_use_is_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = f"sqlite:///{tmp_path}/first.sqlite", f"sqlite:///{tmp_path}/second.sqlite"
    for url in (first, second):
        with Ledger.open(url) as ledger:
            deliver(ledger, Person("u1"), window="w1")
    assert main([first, second]) == 1
    assert "wanted an empty one" in capsys.readouterr().err
    with Ledger.open(second) as ledger:
        assert ledger.revision("acme") == 1


def test_the_command_says_how_it_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["only one"]) == 2
    assert "SOURCE_URL TARGET_URL" in capsys.readouterr().err
