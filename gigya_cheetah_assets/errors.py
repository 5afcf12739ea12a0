"""The one error tree, ordered by what the caller should do.

    GigyaCheetahError
    ├── RetryLater      the same call may succeed later: rate limit, transport, a busy server
    ├── RejectRecord    one record may not go on: count it, keep it, carry on with the others
    ├── RefuseFile      one file is refused as a whole; other files go on
    └── StopSync        nothing more may happen until a person acts: settings, credentials, a brake

Packages derive their own classes from these four (`gigya.errors`, `staging.errors`), so that callers decide by
class and never by message. No text here may carry personal data: name counts, columns and identifiers only.
"""

from __future__ import annotations


class GigyaCheetahError(Exception):
    """What went wrong and what a person can do about it.

    Args:
        problem: What was wanted, what was found, where.
        next_step: The one thing to do now; printed after the problem.
    """

    def __init__(self, problem: str, *, next_step: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.problem}. Next: {self.next_step}" if self.next_step else self.problem


class RetryLater(GigyaCheetahError):
    """The same call may succeed later; whoever holds the retry budget repeats it."""


class RejectRecord(GigyaCheetahError):
    """One record may not go on.

    Args:
        problem: What was wrong with it, without its values.
        uid: Key of the record.
        column: Column or field path that broke the rule.
        reason: Short machine-readable reason, as counted in checks.
    """

    def __init__(self, problem: str, *, uid: str, column: str, reason: str, next_step: str = "") -> None:
        super().__init__(problem, next_step=next_step)
        self.uid = uid
        self.column = column
        self.reason = reason


class RefuseFile(GigyaCheetahError):
    """One file is refused as a whole, before any of its rows had an effect."""


class StopSync(GigyaCheetahError):
    """Nothing more may happen in this sync until a person acts."""


class ConfigError(StopSync):
    """The sync files or their environment are wrong; `problems` lists every finding, a line each."""

    def __init__(self, problems: list[str], *, next_step: str = "") -> None:
        super().__init__("\n".join(problems), next_step=next_step)
        self.problems = problems

    def __str__(self) -> str:
        return f"{self.problem}\nNext: {self.next_step}" if self.next_step else self.problem
