"""What CheetahMail reports of our files: which opt-outs are told again, how often, and which kinds it has taken."""

from __future__ import annotations

import time

from gigya_cheetah_assets.ledger import DeliveredFile, Ledger
from gigya_cheetah_assets.ledger.import_results import (
    TIMES_TOLD,
    FileResult,
    RefusedOptOut,
    imported_kinds,
    note_result,
)
from gigya_cheetah_assets_tests.ledger.people import SHAPE, T0, Person, deliver, recorded_at

OUT = Person("u1", news="opt_out", at=T0)


def refuses(ledger: Ledger, window: str) -> int:
    """CheetahMail takes the window's file but for her opt-out; returns how many are told again."""
    result = FileResult(f"unsubs_{window}.csv", window, "unsubscribes", failed=False, rejected=1)
    return note_result(ledger, "acme", SHAPE, result, [RefusedOptOut(window, "u1", "NEWS", "mailbox full")])


def tells(ledger: Ledger, number: int) -> bool:
    """The next window reads whom it has to correct; whether it tells her opt-out."""
    window = f"w{number}"
    corrected = ledger.corrections("acme", window)
    found = deliver(ledger, Person("u1", news="opt_out", at=T0, updated=T0 + number), window=window)
    ledger.record("acme", window, [], shape=SHAPE, mapping_version="1", corrected=corrected)
    return found.unsubscribes.num_rows > 0


def test_a_refused_opt_out_is_told_again_three_times_and_then_waits_for_a_person(ledger: Ledger) -> None:
    deliver(ledger, OUT, window="w0")
    for number in range(TIMES_TOLD):
        assert refuses(ledger, f"w{number}") == 1
        assert tells(ledger, number + 1)
    assert refuses(ledger, f"w{TIMES_TOLD}") == 0
    assert ledger.corrections("acme", "next") == {}
    assert not tells(ledger, TIMES_TOLD + 1)


def test_a_report_that_comes_again_is_no_further_refusal(ledger: Ledger) -> None:
    deliver(ledger, OUT, window="w0")
    assert [refuses(ledger, "w0") for _ in range(TIMES_TOLD + 2)] == [1, *[0] * (TIMES_TOLD + 1)]


def test_a_kind_is_imported_when_all_of_its_files_were_reported_since_the_delivery(ledger: Ledger) -> None:
    files = [DeliveredFile("unsubscribes", f"unsubs_{part}.csv", 1, 1, "") for part in (1, 2)]
    files += [DeliveredFile("subscribes", "subs.csv", 1, 1, ""), DeliveredFile("profiles", "profiles.csv", 1, 1, "")]

    def reported(name: str, *, failed: bool = False) -> None:
        note_result(ledger, "acme", SHAPE, FileResult(name, "w0", "", failed=failed, rejected=0), [])

    def recorded() -> set[str]:
        return imported_kinds(ledger, "acme", ledger.deliveries("acme", "w0")[-1])

    now = time.time_ns() // 1_000_000
    ledger.record("acme", "w0", [], shape=SHAPE, mapping_version="1", files=files)
    recorded_at(ledger, now - 1_000)
    assert recorded() == set()
    reported("unsubs_1.csv")
    reported("subs.csv")
    reported("profiles.csv", failed=True)
    assert recorded() == {"subscribes"}
    reported("unsubs_2.csv")
    assert recorded() == {"subscribes", "unsubscribes"}
    # The window ran again, so its files are new.
    recorded_at(ledger, now + 60_000)
    assert recorded() == set()


def test_a_window_that_told_it_again_may_be_refused_again(ledger: Ledger) -> None:
    deliver(ledger, OUT, window="w0")
    recorded_at(ledger, time.time_ns() // 1_000_000 - 1_000)
    assert refuses(ledger, "w0") == 1
    again = deliver(ledger, Person("u1", news="opt_out", at=T0, updated=T0 + 9), window="w0")
    assert again.unsubscribes.num_rows
    recorded_at(ledger, time.time_ns() // 1_000_000 + 60_000)
    assert refuses(ledger, "w0") == 1
