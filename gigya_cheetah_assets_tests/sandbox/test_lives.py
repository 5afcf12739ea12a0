"""The lives that the demo follows: what each act does to the site, and that a life gone wrong is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gigya_cheetah_assets.sandbox import Population, Sandbox, second_opinion
from gigya_cheetah_assets.sandbox.lives import NEWSLETTER, OFFERS, Lives
from gigya_cheetah_assets.sandbox.second_opinion import LISTS

NOBODY = Population(1, 5, start=datetime(2026, 3, 1, tzinfo=UTC), end=datetime(2026, 3, 2, tzinfo=UTC))


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path, NOBODY) as sandbox:
        yield sandbox


def tell(box: Sandbox) -> None:
    """CheetahMail gets what each account should look like there, and nothing else."""
    mail = box.cheetahmail
    for one in mail.subscribers():
        mail.suppress(one.key)
    for document in second_opinion.people(box.site.accounts()):
        row = second_opinion.row(document)
        if row is None:
            continue
        key = mail.list.key_of(row["EMAIL"], row["GIGYA_UID"])
        mail.list.put(key, row["EMAIL"], row)
        for column in LISTS:
            if second_opinion.state(document, column) == "opt_in":
                mail.join(key, column, source="IMPORT")
            else:
                mail.leave(key, column, reason="k")


def test_a_pending_double_opt_in_is_no_opt_in_until_it_is_confirmed(box: Sandbox) -> None:
    lives = Lives.begin(box.site, box.cheetahmail)
    assert second_opinion.state(box.site.account(lives.confirmer), OFFERS) == "pending"
    tell(box)
    assert lives.half_way() == []
    (one,) = [one for one in box.cheetahmail.subscribers() if one.uid == lives.confirmer]
    box.cheetahmail.subscribe(one, OFFERS)
    assert lives.half_way() == ["an opt-in that was not confirmed is mailed"]


def test_lives_that_came_out_as_they_must_have_no_problem(box: Sandbox) -> None:
    lives = Lives.begin(box.site, box.cheetahmail)
    tell(box)
    assert len(lives.go_on()) == 4
    tell(box)
    assert lives.problems() == []


def test_consent_that_went_along_with_an_address_is_told(box: Sandbox) -> None:
    lives = Lives.begin(box.site, box.cheetahmail)
    lives.go_on()
    tell(box)
    (heir,) = [one for one in box.cheetahmail.subscribers() if one.uid == lives.heir]
    box.cheetahmail.subscribe(heir, NEWSLETTER)
    assert lives.problems() == ["consent went along with an address"]


def test_a_subscriber_that_nobody_was_told_of_is_a_problem(box: Sandbox) -> None:
    lives = Lives.begin(box.site, box.cheetahmail)
    tell(box)
    lives.go_on()
    assert "who deleted her account is a subscriber again" in lives.problems()
