"""One subscriber as the list gives it out, and what it is known by."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Key = Literal["email", "uid"]
MASTER = "MASTER"
"""CheetahMail's list of everybody, id 0; who left it is on no list any more."""


@dataclass(frozen=True)
class Membership:
    """What is known of an address on one list.

    Attributes:
        state: `in` or `out`.
        at: Since when, seconds since 1970.
        reason: CheetahMail's letter of the unsubscribe; empty for those who are in.
        source: Who subscribed it last: `WEB` for the person, `IMPORT` for a file, `API`; empty when nobody did.
        joined: When it was subscribed last; None when it never was.
    """

    state: str
    at: float
    reason: str
    source: str
    joined: float | None


@dataclass(frozen=True)
class Subscriber:
    """One subscriber.

    Attributes:
        key: What it is known by.
        email: As it was written last.
        fields: In upper case, as they were loaded or edited.
        memberships: By list; a list that was never decided on is missing.
        bounces: Hard bounces since the last import or click.
        blocked: Complained about spam: nothing subscribes the address again but the person.
    """

    key: str
    email: str
    fields: dict[str, str] = field(default_factory=dict)
    memberships: dict[str, Membership] = field(default_factory=dict)
    bounces: int = 0
    blocked: bool = False

    @property
    def uid(self) -> str:
        """The Gigya UID that the subscriber carries; empty for somebody whom Gigya does not know."""
        return self.fields.get("GIGYA_UID", "")

    @property
    def lists(self) -> dict[str, str]:
        """State (`in`, `out`) by list."""
        return {name: found.state for name, found in self.memberships.items()}


def address(email: str) -> str:
    """An address as CheetahMail compares it."""
    return email.strip().lower()
