"""Mail that came back for good ends at CheetahMail, and that is no decision of the person, whatever file tells it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gigya_cheetah_assets.sandbox.cheetahmail import Setup
from gigya_cheetah_assets_tests.integration.test_consent_forms import Loop, _loop


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[Loop]:
    yield from _loop(tmp_path, Setup())


def test_a_full_extract_does_not_make_an_opt_out_of_mail_that_came_back(loop: Loop) -> None:
    (uid,) = loop.people("NEWSLETTER", "opt_in", 1)
    for _ in range(3):
        loop.mail.bounce(loop.subscriber(uid))
    assert loop.subscriber(uid).lists["NEWSLETTER"] == "out"
    loop.mail.drop_full()
    loop.drop_and_read()
    assert loop.state(uid, "NEWSLETTER") == "opt_in"
