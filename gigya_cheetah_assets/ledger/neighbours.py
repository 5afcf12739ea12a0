"""Other people at the addresses that somebody comes to or goes from. Pure functions; the look-up is the caller's.

CheetahMail keeps consent by address, and an address change carries it along. Consent belongs to the person, so:

- An address change leaves only when both addresses are nobody else's: not in the ledger, not in the same window; and
  when nobody left the new one in another way, since CheetahMail keeps what it has there. Else the move is `contested`:
  the person goes from the lists of the old address and joins those of the new one anew.
- Who comes to an address does not inherit: where another one is opted in there, the address leaves the list. So it
  does when somebody there says no once more, later than what the ledger has of her.
- An opt-out of another one at the new address, or that another one left there, blocks an opt-in that is not provably
  later.
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
from gigya_cheetah_assets.ledger.leaving import LEFT, Decisions, Line, lost_by, own
from gigya_cheetah_assets.ledger.left import Left
from gigya_cheetah_assets.ledger.renewed import renewed_opt_outs
from gigya_cheetah_assets.ledger.shape import RowShape, state_column


@dataclass(frozen=True)
class Moves:
    """Where the people of a frame come from and go to, as far as it matters.

    Attributes:
        old: The address that the ledger knows, in lower case; null where it knows none.
        new: That of the row, in lower case; null where it is empty.
        moved: Both are there and differ.
        arrives: Who moved, or is not known yet.
        renewed: By subscription who said no once more, later than the ledger knows.
        asked: Who may meet somebody: who is new, who moved, who opts in, who said no once more.
    """

    old: Texts
    new: Texts
    moved: Mask
    arrives: Mask
    renewed: Mapping[str, Mask]
    asked: Mask

    @classmethod
    def of(cls, rows: pa.Table, before: Baseline, shape: RowShape) -> Moves:
        """The moves of a frame of rows."""
        old, new = _lowered(before.cells(shape.email)), _lowered(column(rows, shape.email))
        moved = mask(pc.not_equal(old, new))
        arrives = moved | ~mask(before.known)
        asked = arrives.copy()
        renewed = renewed_opt_outs(rows, before, shape)
        for name in shape.subscriptions:
            gains = mask(pc.equal(column(rows, state_column(name)), OPT_IN))
            asked |= renewed[name] | (gains & ~mask(pc.equal(before.consent(name)[0], OPT_IN)))
        return cls(old, new, moved, arrives, renewed, asked & mask(pc.is_valid(new)))

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
) -> Neighbours:
    """Looks at everybody's addresses.

    Args:
        rows: A frame of rows.
        before: The agreed state of the same people.
        shape: Names of the columns.
        holders: Who has an address by the ledger, by address in lower case, the people themselves too.
        crowded: Whose old address somebody of the same window comes to, or whose new one several of it have.
        left: What was left on the new addresses.
    """
    moves, uids = Moves.of(rows, before, shape), column(rows, shape.key).to_pylist()
    found = Neighbours.nobody(rows.num_rows, shape)
    contested = moves.moved & crowded
    blocked = {name: which.copy() for name, which in found.blocked.items()}
    inherited = {name: which.copy() for name, which in found.inherited.items()}
    left = list(left)
    stayed, taken_off = _opt_outs(left), {one.address for one in left}
    old, new = moves.old.to_pylist(), moves.new.to_pylist()
    decisions = {name: Decisions.of(rows, before, name) for name in shape.subscriptions}
    lines: list[Line] = []
    for row in np.flatnonzero(crossed(moves, holders, left)).tolist():
        there = [one for one in holders.get(new[row], ()) if one.uid != uids[row]]
        behind = [one for one in holders.get(old[row] or "", ()) if one.uid != uids[row]] if moves.moved[row] else []
        contested[row] |= bool(moves.moved[row] and (there or behind or new[row] in taken_off))
        for name, one in decisions.items():
            if one.now[row] == OPT_IN:
                outs = [*_outs(there, name), *(at for uid, at in stayed.get((new[row], name), ()) if uid != uids[row])]
                blocked[name][row] = any(not _later(one.at[row], out) for out in outs)
            elif moves.arrives[row] or moves.renewed[name][row]:
                heirs = [*lost_by(there, new[row], [name])]
                inherited[name][row] = bool(heirs)
                lines += heirs
        gone = [name for name, one in decisions.items() if contested[row] and one.leave_old_address(row)]
        lines += lost_by(behind, old[row], gone)
    for row in np.flatnonzero(contested).tolist():
        lines += own(uids[row], old[row], row, decisions)
    return Neighbours(moves.moved, contested, blocked, inherited, pa.Table.from_pylist([*lines], schema=LEFT))


def crossed(moves: Moves, holders: Mapping[str, object], left: Iterable[Left]) -> Mask:
    """Who asks, and comes from or to an address where somebody else is or has left anything: few people."""
    there = pa.array([*holders, *(one.address for one in left)], pa.string())
    return moves.asked & mask(pc.or_(*(pc.is_in(cells, value_set=there) for cells in (moves.new, moves.old))))


def _later(opt_in: int | None, opt_out: int | None) -> bool:
    return opt_in is not None and opt_out is not None and opt_in > opt_out


def _outs(people: Sequence[Holder], name: str) -> list[int | None]:
    return [one.states[name][1] for one in people if one.states.get(name, ("",))[0] == OPT_OUT]


def _opt_outs(left: Iterable[Left]) -> dict[tuple[str, str], list[tuple[str, int | None]]]:
    """Who left an opt-out, and of when it is, by address and subscription."""
    found: dict[tuple[str, str], list[tuple[str, int | None]]] = {}
    for one in left:
        if one.opted_out:
            found.setdefault((one.address, one.subscription), []).append((one.uid, one.decided_at))
    return found


def _lowered(cells: Texts) -> Texts:
    return pc.if_else(pc.equal(cells, ""), None, pc.utf8_lower(cells))
