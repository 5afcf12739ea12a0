from __future__ import annotations

from gigya_cheetah_assets.connecting.steps import Attempt, Step, in_a_row, try_all
from gigya_cheetah_assets.errors import RetryLater, StopSync


def broken() -> str:
    raise StopSync("no right to list", next_step="give it")


def test_a_step_that_fails_holds_up_only_those_that_need_it() -> None:
    attempts = [
        Attempt("list", broken),
        Attempt("read", lambda: "7 bytes", ("list",)),
        Attempt("write", lambda: "done"),
        Attempt("delete", lambda: "gone", ("write",)),
    ]
    assert try_all("outbox", attempts) == [
        Step("outbox", "list", "fails", "no right to list", "give it"),
        Step("outbox", "read", "not tried"),
        Step("outbox", "write", "works", "done"),
        Step("outbox", "delete", "works", "gone"),
    ]


def test_in_a_row_nothing_is_tried_after_the_first_failure() -> None:
    calls: list[str] = []

    def attempt(name: str) -> Attempt:
        def action() -> str:
            calls.append(name)
            if name == "connect":
                raise RetryLater("no answer")
            return ""

        return Attempt(name, action)

    steps = try_all("staging", in_a_row([attempt(name) for name in ("resolve", "connect", "host key", "log in")]))
    assert [step.outcome for step in steps] == ["works", "fails", "not tried", "not tried"]
    assert calls == ["resolve", "connect"]
