"""Errors of the Gigya client, by what the caller should do. Which code raises which is the table in `codes`.

    RetryLater
    ├── GigyaUnavailable       the client itself repeats these inside `retry_seconds`
    │   ├── ServerFault        Gigya failed inside: a few attempts only
    │   ├── RateLimited        too many requests to the site: every thread slows down
    │   └── AccountBusy        too many requests for one account (AccountPaused: imports, for a minute)
    └── CursorExpired          throw away what was read and start the search again
    RejectRecord
    └── AccountRejected        Gigya refuses this account's data or state
        └── AccountGone        this account does not exist (any more)
    StopSync
    ├── GigyaRefused           credentials, permission, data centre, query: a person must act
    │   └── ClockSkew          this machine's clock is wrong and Gigya's Date header did not help
    ├── CursorLoop             Gigya gave a cursor id twice
    └── UnexpectedAnswer       an error code or a shape that this version does not know

No text here quotes Gigya's own error texts: they may repeat what was sent.
"""

from __future__ import annotations

from typing import ClassVar

from gigya_cheetah_assets.errors import GigyaCheetahError, RejectRecord, RetryLater, StopSync


class GigyaFault(GigyaCheetahError):
    """What an error from Gigya carries besides its text.

    Args:
        problem: What was called and what came back; no response body, no parameter.
        next_step: What a person should do.
        code: Gigya's `errorCode`, 0 if no answer with a code came.
        call_id: Gigya's id of the call, to look it up in the console.
    """

    def __init__(self, problem: str, *, next_step: str = "", code: int = 0, call_id: str = "") -> None:
        super().__init__(problem, next_step=next_step)
        self.code = code
        self.call_id = call_id


class GigyaUnavailable(GigyaFault, RetryLater):
    """No answer, an answer that Gigya did not write (HTML, half a JSON text), or Gigya asks to try later.

    Attributes:
        tries: Attempts at most, `None` for as many as the budget allows.
        least_wait: Seconds to wait at least before the next attempt.
    """

    tries: ClassVar[int | None] = None
    least_wait: ClassVar[float] = 0.0


class ServerFault(GigyaUnavailable):
    """Gigya failed inside; sometimes an overlong or heavy query, so it is repeated a few times only."""

    tries = 6


class RateLimited(GigyaUnavailable):
    """The site's requests a second are used up (Gigya: Acceptable Use Policy)."""


class AccountBusy(GigyaUnavailable):
    """More than five requests at once for one account; writes of one must be serial (Gigya: getAccountInfo)."""


class AccountPaused(AccountBusy):
    """One account was imported more than five times in a minute (Gigya: importFullAccount)."""

    least_wait = 60.0


class CursorExpired(GigyaFault, RetryLater):
    """Gigya forgot the cursor. Cursors live five minutes between two pages (Gigya: search, pagination).

    Whoever reads must throw away everything that this search gave and start it again, so that no record is lost
    or doubled; `search.restarting` does it. Repeating the call alone is useless.
    """


class AccountRejected(RejectRecord):
    """Gigya refuses this account's data or state; other accounts may go on.

    Attributes:
        code: Gigya's `errorCode`.
        call_id: Gigya's id of the call.
        fields: Names of the fields that broke a rule, never their values; `column` is the first of them.
    """

    def __init__(
        self, problem: str, *, uid: str, code: int, call_id: str, fields: tuple[str, ...] = (), next_step: str = ""
    ) -> None:
        column = fields[0] if fields else ""
        super().__init__(problem, uid=uid, column=column, reason=f"gigya_{code}", next_step=next_step)
        self.code = code
        self.call_id = call_id
        self.fields = fields


class AccountGone(AccountRejected):
    """This site has no such account: deleted, merged into another one, or of another site."""


class GigyaRefused(GigyaFault, StopSync):
    """Gigya refuses the call as such, and would refuse it again.

    Attributes:
        api_domain: The data centre to use, when the site lives in another one; else empty.
    """

    api_domain: str = ""


class ClockSkew(GigyaRefused):
    """Gigya finds the request too old or too new (Gigya: 403002, about two minutes already fail).

    Attributes:
        server_date: The answer's Date header, from which the client corrects its clock once.
    """

    server_date: str | None = None


class CursorLoop(GigyaFault, StopSync):
    """Gigya gave the same cursor id twice in one search; going on would read the same pages for ever."""


class UnexpectedAnswer(GigyaFault, StopSync):
    """Gigya answered, but with an error code or a shape that this version does not know."""
