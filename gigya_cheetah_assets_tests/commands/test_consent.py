from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from gigya_cheetah_assets.commands.consent import consent, explain
from gigya_cheetah_assets.errors import ConfigError
from gigya_cheetah_assets.ledger import LEDGER_VARIABLE, Change, InboundFile, InboundState, Item, Ledger, Settlement
from gigya_cheetah_assets_tests.ledger.people import SHAPE, T0, Person, deliver, recorded_at
from gigya_cheetah_assets_tests.syncs import DESIGN_EXAMPLE

OUT = Change("NEWS", "opt_in", "opt_out", "0", True, "opt_out_wins", at=T0 + 5, line=2, subscription=True)
NAME = Change("FNAME", "Xenia", "Bogdana", "Bogdana", True, "latest_cheetahmail", True, "Xenia", T0 + 5, 2)


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """A sync file, and the ledger that the commands will open."""
    (tmp_path / "syncs").mkdir()
    (tmp_path / "syncs" / "acme.yaml").write_text(DESIGN_EXAMPLE)
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    monkeypatch.setenv("GIGYA_CHEETAH_SYNCS", str(tmp_path / "syncs"))
    monkeypatch.setenv(LEDGER_VARIABLE, url)
    with Ledger.open(url) as ledger:
        deliver(ledger, Person("u1", "xenia@example.org", "Xenia", news="opt_in", at=T0), window="20260101T000000Z")
        # Before the opt-out of the file, so that nothing has crossed.
        recorded_at(ledger, T0)
        state = InboundState(ledger, "acme", SHAPE)
        state.begin(InboundFile("ab" * 32, "unsubs_20260101.dat", "unsubscribes", 1))
        state.plan("ab" * 32, [Item("u1", (OUT, NAME), 2), Item("u2", (), 3, "rejected", "unknown_uid")])
        state.settle("ab" * 32, [Settlement("u1", "applied")])
    return ledger


def run(command: object, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(command, list(arguments))  # type: ignore[arg-type] # a click command
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def test_an_account_is_explained_by_identifiers_only(known: Ledger) -> None:
    code, output = run(explain, "u1")
    assert code == 0
    lines = output.splitlines()
    assert "window 20260101T000000Z: revision 1: no file" in output
    assert "20260101T000000Z: NEWS: none -> opt_in; gigya; outbound_delivery; row 1 of the log" in output
    assert "unsubs_20260101.dat, line 2: NEWS: opt_in -> opt_out; cheetahmail; opt_out_wins" in output
    assert "FNAME: latest_cheetahmail, conflict; applied" in output
    assert lines[-1].startswith("now ")
    assert lines[-1].endswith("inbound abababababababab: NEWS opt_out")
    for value in ("xenia", "bogdana"):
        assert value not in output.lower()


def test_values_are_shown_when_they_are_asked_for(known: Ledger) -> None:
    _, output = run(explain, "u1", "--reveal")
    for text in ("before = Xenia", "stands = Bogdana", "lost = Xenia", "EMAIL = xenia@example.org", "OFFERS = (empty)"):
        assert text in output


def test_a_reject_has_a_history_too_and_a_stranger_has_none(known: Ledger) -> None:
    assert "unsubs_20260101.dat, line 3: rejected (unknown_uid)" in run(explain, "u2")[1]
    assert run(explain, "stranger") == (1, "acme: nothing is known of this UID\n")


def test_a_whole_log_is_verified(known: Ledger) -> None:
    assert run(consent, "verify") == (0, "acme: 2 rows of the consent log, all as they were written\n")


def test_a_tampered_log_is_named_with_its_row(known: Ledger, tmp_path: Path) -> None:
    with known._database.writing() as connection:
        connection.execute(sa.text("DELETE FROM ledger_consent_log WHERE seq = 2"))
    known.close()
    code, output = run(consent, "verify")
    assert (code, "row 2 of the consent log is broken" in output) == (1, True)


def test_a_sync_that_does_not_exist_is_not_verified(known: Ledger) -> None:
    with pytest.raises(ConfigError, match="no sync is named"):
        run(consent, "verify", "--sync", "acne")
