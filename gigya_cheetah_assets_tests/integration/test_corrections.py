"""A value of CheetahMail's that lost a merge is answered by the next window, once, whoever is killed or run again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gigya_cheetah_assets.ledger import Change, InboundFile, InboundState, Item, Ledger, RowShape, Settlement
from gigya_cheetah_assets.ledger.corrections import note
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.outbound.window import last_ended
from gigya_cheetah_assets.sandbox import Sandbox
from gigya_cheetah_assets_tests.integration.reading import delivery_summary, lines
from gigya_cheetah_assets_tests.integration.runs import FIRST, PEOPLE, Runs, runs

FILE = InboundFile("ab" * 32, "subs_20260401.dat", "subscribes", 99)


@pytest.fixture
def outbound(tmp_path: Path) -> Iterator[Runs]:
    with Sandbox(tmp_path / "sandbox", PEOPLE) as sandbox, runs(sandbox, tmp_path / "run") as outbound:
        assert outbound.run(FIRST).success
        yield outbound


def newest(outbound: Runs) -> str:
    return last_ended(outbound.sync.windows, datetime.now(UTC)) or ""


def settle(outbound: Runs, uid: str, change: Change) -> None:
    """An inbound file that asked for something and was refused it."""
    table = FieldTable.from_sync(outbound.sync)
    with Ledger.open() as ledger:
        state = InboundState(ledger, "sandbox", RowShape.of(table.fields))
        state.begin(FILE)
        state.plan(FILE.sha256, [Item(uid, (change,), 2)])
        state.settle(FILE.sha256, [Settlement(uid, "unchanged")])
        assert ledger.open_corrections("sandbox") == 1


def opted_out(outbound: Runs) -> str:
    row = next(row for row in lines(outbound, "profiles", FIRST) if row["NEWSLETTER"] == "0")
    return row["GIGYA_UID"]


def refused_opt_in(column: str = "NEWSLETTER") -> Change:
    return Change(column, "opt_out", "opt_out", "0", False, "opt_out_wins", True, "opt_in", subscription=True)


def test_an_opt_in_that_lost_is_answered_by_an_unsubscribe(outbound: Runs) -> None:
    uid = opted_out(outbound)
    settle(outbound, uid, refused_opt_in())
    assert outbound.run(newest(outbound)).success
    told = lines(outbound, "unsubs", newest(outbound))
    assert [(row["GIGYA_UID"], row["LIST_ID"]) for row in told] == [(uid, "NEWSLETTER")]
    assert [row["GIGYA_UID"] for row in lines(outbound, "profiles", newest(outbound))] == [uid]
    with Ledger.open() as ledger:
        assert ledger.open_corrections("sandbox") == 0


def test_the_window_that_told_it_builds_the_same_files_again(outbound: Runs) -> None:
    settle(outbound, opted_out(outbound), refused_opt_in())
    assert outbound.run(newest(outbound)).success
    before = outbound.files()
    assert outbound.run(newest(outbound)).success
    assert outbound.files() == before


def test_a_name_that_lost_is_told_again_and_no_other_window_tells_it(outbound: Runs) -> None:
    row = next(row for row in lines(outbound, "profiles", FIRST) if row["FNAME"])
    lost = Change("FNAME", row["FNAME"], row["FNAME"], row["FNAME"], False, "gigya_owns", True, "Somebody")
    settle(outbound, row["GIGYA_UID"], lost)
    assert outbound.run(newest(outbound)).success
    (told,) = lines(outbound, "profiles", newest(outbound))
    assert (told["GIGYA_UID"], told["FNAME"]) == (row["GIGYA_UID"], row["FNAME"])
    assert outbound.run("2026-03-05").success
    assert delivery_summary(outbound, "2026-03-05").delivered == 0


def test_an_account_that_is_gone_leaves_its_correction_open(outbound: Runs) -> None:
    with Ledger.open() as ledger, ledger.transaction("sandbox") as (connection, _):
        note(connection, "sandbox", "nobody-any-more", 5)
    assert outbound.run(newest(outbound)).success
    with Ledger.open() as ledger:
        assert ledger.corrections("sandbox", "any") == {"nobody-any-more": 5}
