"""What a merge is given and what it answers: the sides, the agreed base, a field's rule, the decision. No rules here.

Values are the texts of CheetahMail's cells on all three sides, so the caller maps the account first; the value of a
subscription is its state (opt_in, opt_out, pending) instead. Times are epoch ms.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

Owner: TypeAlias = Literal["gigya", "cheetahmail", "latest"]
Canonical: TypeAlias = Callable[[str], str]


def canonical_text(text: str) -> str:
    """The form in which texts are compared: NFC, without letter case, runs of blanks as one, none at the ends."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def canonical_date(*formats: str) -> Canonical:
    """Compares dates by what they mean: reads each of some strptime formats, and ISO 8601.

    A text that is no date in any of them is compared as a text.
    """

    def canonical(text: str) -> str:
        stripped = text.strip()
        for layout in formats:
            try:
                return datetime.strptime(stripped, layout).isoformat()  # noqa: DTZ007 - both sides lack the zone alike
            except ValueError:
                continue
        try:
            return datetime.fromisoformat(stripped).isoformat()
        except ValueError:
            return canonical_text(text)

    return canonical


@dataclass(frozen=True)
class FieldRule:
    """How one column is merged.

    Attributes:
        owner: Who decides when both sides changed it; `gigya` is never written.
        subscription: Whether the values are states, to which the rules of consent apply.
        canonical: The form in which two values are compared.
        blank_erases: Whether an empty cell in the file empties the field; otherwise it says nothing.
    """

    owner: Owner = "gigya"
    subscription: bool = False
    canonical: Canonical = canonical_text
    blank_erases: bool = False

    def same(self, one: str | None, other: str | None) -> bool:
        """Whether two values mean the same; no value and an empty one do."""
        return self.canonical(one or "") == self.canonical(other or "")


@dataclass(frozen=True)
class Side:
    """One side's value of a field.

    Attributes:
        value: The value; None is an empty cell, or no decision.
        at: When it came to be; None if that is not known.
        first_party: Whether the person gave this opt-in (web form, preference page), not an import or an admin.
            Of Gigya's side it is taken for granted.
        event: Whether the file tells that this happened (unsubscribed, subscribed), not only that it is so (a
            snapshot, such as a full extract or a subscription's column in a profile file).
        line: Line of the file that said so.
    """

    value: str | None
    at: int | None = None
    first_party: bool = False
    event: bool = True
    line: int | None = None


@dataclass(frozen=True)
class Asked:
    """A value that we wrote, or may have written, to Gigya, while something else is what was agreed on.

    Attributes:
        value: The value; None is an empty cell.
        at: Evidence time of it, epoch ms.
        written: When it was written, epoch ms; None if nobody knows whether and when.
    """

    value: str | None
    at: int | None = None
    written: int | None = None


@dataclass(frozen=True)
class Base:
    """What both sides were last known to agree on.

    Attributes:
        value: The agreed value.
        at: When that value came to be, on whichever side: the evidence, not the time of a transfer.
        written: When we ourselves last wrote it to Gigya: the time that Gigya shows for it is then that of our
            writing, and no evidence of a decision. None if we never did.
        known: Whether anything was agreed at all.
        asked: Other values that Gigya may have from us.
    """

    value: str | None = None
    at: int | None = None
    written: int | None = None
    known: bool = True
    asked: tuple[Asked, ...] = ()


UNKNOWN = Base(known=False)


@dataclass(frozen=True)
class Decision:
    """What stands, and why.

    Attributes:
        value: The value that stands.
        write: Whether Gigya has to be given it; else Gigya has it.
        rule: Name of the rule that decided; the names are the constants of `merge` and `merge_consent`.
        conflict: Whether both sides had claims that exclude each other.
        loser: The value that does not stand, None if none lost. When nothing is written it is CheetahMail's, which
            then has to be told.
        at: Evidence time of the value that stands; to be agreed on together with it.
        line: Line of the file that was looked at.
    """

    value: str | None
    write: bool
    rule: str
    conflict: bool = False
    loser: str | None = None
    at: int | None = None
    line: int | None = None
