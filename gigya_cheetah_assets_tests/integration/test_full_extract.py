"""Both sides by a full extract: whom mail does not reach, and who is mailed without a valid opt-in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from gigya_cheetah_assets.commands.consent import consent
from gigya_cheetah_assets.sandbox.cheetahmail import Setup
from gigya_cheetah_assets.sandbox.second_opinion import LISTS
from gigya_cheetah_assets_tests.integration.loop import Loop, looping


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[Loop]:
    yield from looping(tmp_path, Setup())


def test_mail_that_came_back_is_known_and_a_full_extract_makes_no_opt_out_of_it(loop: Loop) -> None:
    uid, leaver = loop.people("NEWSLETTER", "opt_in", 2)
    (told,) = loop.people("MAGAZINE", "opt_in", 1)
    for _ in range(3):
        loop.mail.bounce(loop.subscriber(uid))
    assert loop.subscriber(uid).lists["NEWSLETTER"] == "out"
    assert loop.drop_and_read()["mail_came_back_for_good"] > 0
    # Whose opt-out a lost file told is caught by the full extract; that of a mailbox is none.
    for one, column in ((leaver, "NEWSLETTER"), (told, "MAGAZINE")):
        loop.mail.leave(loop.subscriber(one).key, column, reason="w")
    loop.mail.drop_full()
    loop.drop_and_read()
    assert loop.state(uid, "NEWSLETTER") == "opt_in"
    assert (loop.state(leaver, "NEWSLETTER"), loop.state(told, "MAGAZINE")) == ("opt_out", "opt_out")
    result = loop.reconcile()
    assert result.columns["NEWSLETTER"]["undeliverable"] == 1
    assert "conflicting" not in result.columns["NEWSLETTER"]
    assert result.people["undeliverable"] == 1


def test_the_report_names_nobody_unless_it_is_asked_and_says_when_a_newer_extract_is_there(
    loop: Loop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid = loop.people("MAGAZINE", "opt_out", 1)[0]
    loop.mail.join(loop.subscriber(uid).key, "MAGAZINE", source="IMPORT")
    loop.mail.drop_full()
    loop.drop_and_read()
    loop.reconcile()
    (tmp_path / "syncs").mkdir()
    (tmp_path / "syncs" / "sandbox.yaml").write_text(yaml.safe_dump(loop.content), encoding="utf-8")
    monkeypatch.setenv("GIGYA_CHEETAH_SYNCS", str(tmp_path / "syncs"))
    short, long = (CliRunner().invoke(consent, ["report", *more]) for more in ([], ["--uids"]))
    assert (short.exit_code, long.exit_code) == (1, 1)
    for column in LISTS:
        assert f"  {column}" in short.output
    assert uid not in short.output
    assert "@" not in long.output
    assert f"  {uid}  MAGAZINE  opt_out / opt_in  mailed_without_opt_in" in long.output
    assert "a newer one was read since" not in short.output
    loop.mail.drop_full()
    loop.drop_and_read()
    assert "a newer one was read since" in CliRunner().invoke(consent, ["report"]).output


def test_who_subscribes_again_is_mailed_again(loop: Loop) -> None:
    (uid,) = loop.people("NEWSLETTER", "opt_in", 1)
    for _ in range(3):
        loop.mail.bounce(loop.subscriber(uid))
    loop.drop_and_read()
    loop.mail.subscribe(loop.subscriber(uid), "NEWSLETTER")
    loop.drop_and_read()
    loop.mail.leave(loop.subscriber(uid).key, "NEWSLETTER", reason="w")
    loop.mail.drop_full()
    loop.drop_and_read()
    assert loop.state(uid, "NEWSLETTER") == "opt_out", "this time it is a decision"
