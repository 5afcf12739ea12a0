"""What the inbound state keeps, as plain records: files, the change set's items, their fates, parked opt-outs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal, TypeAlias

from gigya_cheetah_assets.ledger.merge_consent import AGREE
from gigya_cheetah_assets.ledger.sides import Decision

Fate: TypeAlias = Literal["pending", "sent", "applied", "unchanged", "rejected", "parked"]
OPEN: tuple[Fate, ...] = ("pending", "sent")
"""The fates that are none yet: not begun, and on its way to Gigya with an answer that is not recorded."""
Status: TypeAlias = Literal["open", "done", "refused"]


@dataclass(frozen=True)
class InboundFile:
    """A file as it was fetched: SHA-256 (hex) of its content, which is its identity, name, kind, size in bytes."""

    sha256: str
    name: str
    kind: str
    size: int


@dataclass(frozen=True)
class InboundRecord:
    """A file that the ledger knows.

    Attributes:
        file: The file, with the name under which it first came.
        status: `open` until it is finished; then `done`, or `refused` as a whole.
        counts: What it counted when it was finished.
        begun_at: Epoch ms.
        finished_at: Epoch ms; None while it is open.
    """

    file: InboundFile
    status: Status
    counts: Mapping[str, int]
    begun_at: int
    finished_at: int | None


@dataclass(frozen=True)
class Change:
    """One decision of the merge, as it is kept.

    Attributes:
        column: The CheetahMail column.
        before: What Gigya had, when the change set was made.
        value: What stands.
        cell: The text that outbound will make of what stands: the same as `value`, but for a subscription the code
            that stands in the cell.
        write: Whether Gigya has to be given it.
        rule: The rule that decided.
        conflict: Whether both sides had claims.
        loser: The value that lost.
        at: Evidence time of what stands, epoch ms.
        line: Line of the file.
        subscription: Whether the values are states.
    """

    column: str
    before: str | None
    value: str | None
    cell: str | None
    write: bool
    rule: str
    conflict: bool = False
    loser: str | None = None
    at: int | None = None
    line: int | None = None
    subscription: bool = False

    @classmethod
    def of(
        cls,
        column: str,
        decision: Decision,
        *,
        before: str | None,
        subscription: bool = False,
        cell: str | None = None,
    ) -> Change:
        """The change that a decision asks for; `cell` is needed where the cell's text is not the value."""
        text = cell if subscription or cell is not None else decision.value
        return cls(column, before, cell=text, subscription=subscription, **asdict(decision))

    @property
    def agreed(self) -> bool:
        """Whether both sides have the value once this is carried out."""
        return self.write or self.rule == AGREE

    @property
    def lost(self) -> bool:
        """Whether CheetahMail holds a value that does not stand, and so has to be told what does."""
        return not self.write and self.loser is not None


@dataclass(frozen=True)
class Item:
    """What a file asks of one account.

    Attributes:
        uid: The account.
        changes: The decisions.
        line: Line of the file that is named in results.
        fate: What became of it.
        code: Gigya's code and the fields it refused, or the reason; None while it is open or if all went well.
        settled_at: Epoch ms.
    """

    uid: str
    changes: tuple[Change, ...]
    line: int | None = None
    fate: Fate = "pending"
    code: str | None = None
    settled_at: int | None = None

    @property
    def writes(self) -> bool:
        """Whether Gigya has to be called."""
        return any(change.write for change in self.changes)

    def fields(self) -> list[dict[str, object]]:
        """The changes as JSON takes them."""
        return [asdict(change) for change in self.changes]


@dataclass(frozen=True)
class Settlement:
    """The fate of one item.

    Attributes:
        uid: The account.
        fate: None of `OPEN`.
        code: Gigya's code and the fields it refused, or the reason.
        updated: A time of Gigya's own clock, epoch ms, at which the account was as agreed: that of the response to
            the update, or the account's last update as it was read. None leaves the ledger's.
        cells: Texts that outbound will make of the account where they differ from the planned ones, by column.
        became: UID or key of the account that was made; from here on the item is about it.
    """

    uid: str
    fate: Fate
    code: str | None = None
    updated: int | None = None
    cells: Mapping[str, str | None] = field(default_factory=dict)
    became: str | None = None


@dataclass(frozen=True)
class ParkedOptOut:
    """An opt-out of an address that no account is known for.

    Attributes:
        address: The address; its letter case and blanks around it do not matter.
        subscription: Column of the subscription.
        decided_at: Epoch ms, None if that is not known.
        source: Name of the file.
        line: Its line.
    """

    address: str
    subscription: str
    decided_at: int | None
    source: str
    line: int | None = None
