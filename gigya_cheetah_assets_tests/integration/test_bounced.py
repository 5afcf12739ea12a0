"""Mail that came back for good ends at CheetahMail, and that is no decision of the person, whatever file tells it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gigya_cheetah_assets.sandbox.cheetahmail import Setup
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
