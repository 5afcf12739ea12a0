"""Other people at the addresses that somebody comes to or goes from. Pure functions; the look-up is the caller's.

CheetahMail keeps consent by address, and an address change carries it along. Consent belongs to the person, so:

- An address change leaves only when both addresses are nobody else's: not in the ledger, not in the same window; and
  when nobody left the new one in another way, since CheetahMail keeps what it has there. Else the move is `contested`:
  the person goes from the lists of the old address and joins those of the new one anew.
- Who comes to an address does not inherit: where another one is opted in there, the address leaves the list. So it
  does when somebody there says no once more, later than what the ledger has of her.
- An opt-out of another one at the new address, or one that was left there, blocks an opt-in that is not provably later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from gigya_cheetah_assets.ledger.addresses import Holder
from gigya_cheetah_assets.ledger.arrow import Mask, Texts, column, mask, pc, places
from gigya_cheetah_assets.ledger.baseline import Baseline
from gigya_cheetah_assets.ledger.consents import OPT_IN, OPT_OUT
from gigya_cheetah_assets.ledger.left import Left
from gigya_cheetah_assets.ledger.shape import RowShape, at_column, state_column

ADDRESS = r"^[^@\s]+@[^@\s]+$"
"""What looks like an address: one @ and no blanks."""
# What is left at an address: whose, which state, and whether it has to be told anew while the person is there.
LEFT = pa.schema(
    [("uid", pa.string()), ("address", pa.string()), ("subscription", pa.string()), ("state", pa.string()),
     ("at", pa.int64()), ("again", pa.bool_())]
)  # fmt: skip


@dataclass(frozen=True)
class Moves:
    """Where the people of a frame come from and go to, as far as it matters.

    Attributes:
        old: The address that the ledger knows, in lower case; null where it knows none.
        new: That of the row, in lower case; null where it is empty.
        moved: Both are there and differ.
        renewed: By subscription who said no once more, later than the ledger knows.
        asked: Who may meet somebody: who is new, who moved, who opts in, who said no once more.
    """

    old: Texts
    new: Texts
    moved: Mask
    renewed: Mapping[str, Mask]
    asked: Mask

    @classmethod
    def of(cls, rows: pa.Table, before: Baseline, shape: RowShape) -> Moves:
        """The moves of a frame of rows."""
        old, new = _lowered(before.cells(shape.email)), _lowered(column(rows, shape.email))
        moved = mask(pc.not_equal(old, new))
        asked = moved | ~mask(before.known)
        renewed = renewed_opt_outs(rows, before, shape)
        for name in shape.subscriptions:
            gains = mask(pc.equal(column(rows, state_column(name)), OPT_IN))
            asked |= renewed[name] | (gains & ~mask(pc.equal(before.consent(name)[0], OPT_IN)))
        return cls(old, new, moved, renewed, asked & mask(pc.is_valid(new)))

    def addresses(self, uids: Texts) -> list[tuple[str, str]]:
        """Address and UID of all whose neighbours matter."""
        asked = [(self.new, self.asked), (self.old, self.moved)]
        return [
            (address, uid)
            for cells, who in asked
            for address, uid in zip(
                cells.take(places(who)).to_pylist(), uids.take(places(who)).to_pylist(), strict=True
            )
        ]


def renewed_opt_outs(rows: pa.Table, before: Baseline, shape: RowShape) -> dict[str, Mask]:
    """By subscription who is opted out by the ledger and the rows, in these by a later decision."""
    renewed = {}
    for name in shape.subscriptions:
        agreed, agreed_at = before.consent(name)
        still_out = pc.and_(pc.equal(agreed, OPT_OUT), pc.equal(column(rows, state_column(name)), OPT_OUT))
        renewed[name] = mask(pc.and_(still_out, pc.greater(column(rows, at_column(name)), agreed_at)))
    return renewed


@dataclass(frozen=True)
class Neighbours:
    """What others at their addresses mean for the people of a frame, aligned with it.

    Attributes:
        moved: Who has another address than before.
        contested: Whose move must not carry anything along.
        blocked: By subscription whose opt-in an opt-out of the address holds back.
        inherited: By subscription who is not opted in, but is at the address of somebody else who is.
        left: A table of `LEFT`.
    """

    moved: Mask
    contested: Mask
    blocked: Mapping[str, Mask]
    inherited: Mapping[str, Mask]
    left: pa.Table

    @classmethod
    def nobody(cls, count: int, shape: RowShape) -> Neighbours:
        """Nobody else is at any address, and nobody moved."""
        none = np.zeros(count, np.bool_)
        per_list = dict.fromkeys(shape.subscriptions, none)
        return cls(none, none, per_list, per_list, LEFT.empty_table())

    def at(self, positions: Mask) -> Neighbours:
        """Those of some of the people; what is left stays whole."""
        some = {
            name: {key: which[positions] for key, which in getattr(self, name).items()}
            for name in ("blocked", "inherited")
        }
        return replace(self, moved=self.moved[positions], contested=self.contested[positions], **some)

    @property
    def held(self) -> Mask:
        """Whose row may not leave."""
        return np.logical_or.reduce([np.zeros_like(self.moved), *self.blocked.values()])


def neighbours(
    rows: pa.Table,
    before: Baseline,
    shape: RowShape,
    *,
    holders: Mapping[str, Sequence[Holder]],
    crowded: Mask,
    left: Iterable[Left] = (),
    held: bool = False,
) -> Neighbours:
    """Looks at everybody's addresses.

    Args:
        rows: A frame of rows.
        before: The agreed state of the same people.
        shape: Names of the columns.
        holders: Who has an address by the ledger, by address in lower case, the people themselves too.
        crowded: Whose old address somebody of the same window comes to, or whose new one several of it have.
        left: What was left on the new addresses.
        held: Whether the rows may not go on whatever is found.
    """
    moves, uids = Moves.of(rows, before, shape), column(rows, shape.key).to_pylist()
    found = Neighbours.nobody(rows.num_rows, shape)
    contested = moves.moved & crowded
    blocked = {name: which.copy() for name, which in found.blocked.items()}
    inherited = {name: which.copy() for name, which in found.inherited.items()}
    arrives = moves.moved | ~mask(before.known)
    left = list(left)
    stayed: dict[tuple[str | None, str], list[int | None]] = {}
    for one in left:
        stayed.setdefault((one.address, one.subscription), []).extend([one.decided_at] if one.opted_out else [])
    taken_off = {one.address for one in left}
    old, new = moves.old.to_pylist(), moves.new.to_pylist()
    now = {name: _decisions(rows, name) for name in shape.subscriptions}
    agreed = {name: before.consent(name)[0].to_pylist() for name in shape.subscriptions}
    lines: list[dict[str, object]] = []

    def tells(name: str, row: int, stays: bool) -> bool:
        """Whether the old address leaves the list, as `compare` and `rejected` have it."""
        was, state = agreed[name][row], now[name][0][row]
        if state == OPT_IN:
            return was == OPT_IN or was is None or not stays
        return was == OPT_IN or (state == OPT_OUT and was != OPT_OUT)

    for row in np.flatnonzero(moves.asked & _crossed(moves, holders, left)).tolist():
        there = [one for one in holders.get(new[row], ()) if one.uid != uids[row]]
        behind = [one for one in holders.get(old[row] or "", ()) if one.uid != uids[row]] if moves.moved[row] else []
        contested[row] |= bool(moves.moved[row] and (there or behind or new[row] in taken_off))
        for name in shape.subscriptions:
            state, at = now[name][0][row], now[name][1][row]
            if state == OPT_IN:
                outs = [one.states[name][1] for one in there if one.states.get(name, ("",))[0] == OPT_OUT]
                outs += stayed.get((new[row], name), [])
                blocked[name][row] = any(not _later(at, out) for out in outs)
            elif arrives[row] or moves.renewed[name][row]:
                heirs = _opted_in(there, new[row], [name])
                inherited[name][row] = bool(heirs)
                lines += heirs
        stays = held or any(which[row] for which in blocked.values())
        gone = [name for name in shape.subscriptions if tells(name, row, stays)] if contested[row] else []
        lines += _opted_in(behind, old[row], gone)
    own = _own(before, shape, contested, old, uids)
    made = pa.Table.from_pylist([*own, *lines], schema=LEFT)
    return Neighbours(moves.moved, contested, blocked, inherited, made)


def not_recorded_there(rows: pa.Table, before: Baseline, shape: RowShape) -> pa.Table:
    """The opt-outs of rows that may not go on, at addresses under which the ledger does not know their people.

    Returns:
        A table of `LEFT`: others who come to such an address shall be held against them.
    """
    address, uids = _lowered(column(rows, shape.email)), column(rows, shape.key).to_pylist()
    known = pc.fill_null(pc.equal(address, _lowered(before.cells(shape.email))), False)
    elsewhere = mask(pc.and_(pc.match_substring_regex(address, ADDRESS), pc.invert(known)))
    there = address.to_pylist() if elsewhere.any() else []
    lines: list[dict[str, object]] = []
    for name in shape.subscriptions if elsewhere.any() else ():
        states, times = _decisions(rows, name)
        lines += [
            _line(uids[row] or "", there[row], name, (OPT_OUT, times[row]), again=False)
            for row in np.flatnonzero(elsewhere).tolist()
            if states[row] == OPT_OUT
        ]
    return pa.Table.from_pylist(lines, schema=LEFT)


def _crossed(moves: Moves, holders: Mapping[str, object], left: Iterable[Left]) -> Mask:
    """Who comes from or to an address where somebody else is or has left anything: few, so only they are looked at."""
    there = pa.array([*holders, *(one.address for one in left)], pa.string())
    return mask(pc.or_(*(pc.is_in(cells, value_set=there) for cells in (moves.new, moves.old))))


def _later(opt_in: int | None, opt_out: int | None) -> bool:
    return opt_in is not None and opt_out is not None and opt_in > opt_out


def _decisions(rows: pa.Table, name: str) -> tuple[list[str | None], list[int | None]]:
    return column(rows, state_column(name)).to_pylist(), column(rows, at_column(name)).to_pylist()


def _opted_in(people: Sequence[Holder], address: str, subscriptions: Sequence[str]) -> list[dict[str, object]]:
    """What other people lose at an address: their opt-ins there are withdrawn, and told anew if they still hold."""
    return [
        _line(one.uid, address, name, one.states[name], again=True)
        for one in people
        for name in subscriptions
        if one.states.get(name, ("",))[0] == OPT_IN
    ]


def _own(
    before: Baseline, shape: RowShape, contested: Mask, old: Sequence[str | None], uids: Sequence[str]
) -> list[dict[str, object]]:
    """What the people themselves leave behind where they go from a contested address."""
    lines: list[dict[str, object]] = []
    for name in shape.subscriptions if contested.any() else ():
        states, times = (cells.to_pylist() for cells in before.consent(name))
        lines += [
            _line(uids[row], old[row] or "", name, (states[row], times[row]), again=False)
            for row in np.flatnonzero(contested).tolist()
            if states[row] in (OPT_IN, OPT_OUT)
        ]
    return lines


def _line(uid: str, address: str, name: str, decision: tuple[str, int | None], *, again: bool) -> dict[str, object]:
    return {
        "uid": uid,
        "address": address,
        "subscription": name,
        "state": decision[0],
        "at": decision[1],
        "again": again,
    }


def _lowered(cells: Texts) -> Texts:
    return pc.if_else(pc.equal(cells, ""), None, pc.utf8_lower(cells))
