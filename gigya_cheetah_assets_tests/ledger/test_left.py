from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic import command

from gigya_cheetah_assets.ledger import Ledger
from gigya_cheetah_assets.ledger.database import Database
from gigya_cheetah_assets.ledger.left import Left, leave
from gigya_cheetah_assets.ledger.tables import left as table
from gigya_cheetah_assets.ledger.url import ledger_url
from gigya_cheetah_assets_tests.ledger.people import T0
from gigya_cheetah_assets_tests.ledger.test_upgrade import empty, ledger_of_version

AT = "two@example.org"


def left(ledger: Ledger, *found: Left) -> None:
    with ledger.transaction("acme") as (connection, _):
        for one in found:
            leave(connection, "acme", one)


def test_what_was_left_is_found_by_the_address_whatever_its_letter_case(ledger: Ledger) -> None:
    left(ledger, Left(" Two@Example.org", "NEWS", True, T0, "w1", "u1"))
    assert ledger.left("acme", ["TWO@example.org"], but_by="w2") == [Left(AT, "NEWS", True, T0, "w1", "u1")]
    assert ledger.left("acme", ["other@example.org"], but_by="w2") == []
    assert ledger.left("other", [AT], but_by="w2") == []


def test_a_window_that_runs_again_does_not_see_what_it_left_itself(ledger: Ledger) -> None:
    left(ledger, Left(AT, "NEWS", True, T0, "w1", "u1"), Left(AT, "NEWS", True, T0 + 5, "w2", "u1"))
    assert [one.source for one in ledger.left("acme", [AT], but_by="w2")] == ["w1"]


@pytest.mark.parametrize(
    ("first", "second", "stays"),
    [
        ((False, None), (True, T0), (True, T0)),
        ((True, T0), (False, None), (True, T0)),
        ((True, T0), (True, T0 + 1), (True, T0 + 1)),
        ((True, T0 + 1), (True, T0), (True, T0 + 1)),
        ((True, T0), (True, None), (True, None)),
        ((True, None), (True, T0), (True, None)),
    ],
)
def test_of_two_of_one_person_and_window_the_one_that_holds_more_back_stays(
    ledger: Ledger, first: tuple[bool, int | None], second: tuple[bool, int | None], stays: tuple[bool, int | None]
) -> None:
    left(ledger, *(Left(AT, "NEWS", *one, "w1", "u1") for one in (first, second)))
    assert [one[2:4] for one in ledger.left("acme", [AT], but_by="")] == [stays]


def test_opt_outs_that_an_earlier_version_kept_are_still_there(url: str) -> None:
    Ledger.open(url).close()
    empty(url)
    ledger_of_version(url, "0011")
    database = Database(ledger_url(url))
    with database.writing() as connection:
        old = "INSERT INTO ledger_left_opt_outs (sync, address, subscription, decided_at, source, parked_at) VALUES"
        connection.execute(sa.text(f"{old} ('acme', '{AT}', 'NEWS', {T0}, 'w1', {T0})"))
    database.close()
    with Ledger.open(url) as ledger:
        assert ledger.left("acme", [AT], but_by="") == [Left(AT, "NEWS", True, T0, "w1", "")]


def test_what_was_left_before_the_ledger_kept_by_whom_holds_everybody_back(url: str) -> None:
    Ledger.open(url).close()
    empty(url)
    ledger_of_version(url, "0012")
    database = Database(ledger_url(url))
    with database.writing() as connection:
        old = "INSERT INTO ledger_left (sync, address, subscription, source, opted_out, decided_at) VALUES"
        connection.execute(
            sa.text(f"{old} ('acme', '{AT}', 'NEWS', 'w1', true, {T0}), ('acme', '{AT}', 'OFFERS', 'w1', false, NULL)")
        )
    database.close()
    with Ledger.open(url) as ledger:
        found = ledger.left("acme", [AT], but_by="")
    assert sorted(found) == [Left(AT, "NEWS", True, T0, "w1", ""), Left(AT, "OFFERS", False, None, "w1", "")]


def test_the_version_before_gets_of_several_people_what_holds_more_back(url: str) -> None:
    with Ledger.open(url) as ledger:
        left(ledger, Left(AT, "NEWS", True, T0, "w1", "u1"), Left(AT, "NEWS", True, T0 + 5, "w1", "u2"))
        left(ledger, Left(AT, "OFFERS", True, T0, "w1", "u1"), Left(AT, "OFFERS", True, None, "w1", "u2"))
        left(ledger, Left(AT, "OTHERS", False, None, "w1", "u1"), Left(AT, "OTHERS", True, T0, "w1", "u2"))
    ledger_of_version(url, "0012", command.downgrade)
    database = Database(ledger_url(url))
    with database.reading() as connection:
        query = sa.select(table.c.subscription, table.c.opted_out, table.c.decided_at)
        found = connection.execute(query.order_by(table.c.subscription)).all()
    database.close()
    assert found == [
        ("NEWS", True, T0 + 5),
        ("OFFERS", True, None),
        ("OTHERS", True, T0),
    ]
