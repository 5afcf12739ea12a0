"""The verdict on each person whom at least one side has, and on each column on which the sides differ.

Plain functions on frames of one part of the people. A difference is *stale* when CheetahMail still has what was last
agreed on, so that a window will tell it the new value, and *conflicting* when its value was never agreed on. Who is
opted in and not mailed since mail came back for good is *undeliverable*: consent agrees, the mailbox does not work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.ledger import Baseline, RowShape
from gigya_cheetah_assets.ledger.arrow import Mask, Texts, mask
from gigya_cheetah_assets.ledger.consents import OPT_IN
from gigya_cheetah_assets.ledger.shape import state_column

STALE, CONFLICTING, UNDELIVERABLE = "stale", "conflicting", "undeliverable"
MISSING_IN_CHEETAHMAIL, MISSING_IN_GIGYA = "missing_in_cheetahmail", "missing_in_gigya"
NOT_EXPORTED = "not_exported"
MAILED_WITHOUT_OPT_IN = "mailed_without_opt_in"
AGREEING = "agreeing"
_BY_WEIGHT = (UNDELIVERABLE, STALE, CONFLICTING, MAILED_WITHOUT_OPT_IN)

DIFFERENCES = pa.schema(
    [
        ("uid", pa.string()),
        ("column", pa.string()),
        ("verdict", pa.string()),
        ("gigya_state", pa.string()),
        ("cheetahmail_state", pa.string()),
    ]
)


@dataclass(frozen=True)
class Part:
    """Both sides of the same people.

    Attributes:
        rows: Frame of rows of Gigya's side in stable order, one a UID, with `_exported`: false for a record that is
            filtered or rejected and so is not CheetahMail's to have.
        events: Typed frame of the full extract, one row a UID: uid and a column for each column it has; the cell of
            a subscription is its state.
        baseline: The ledger's state of the people of `rows`.
        undeliverable: By subscription, the UIDs to whom mail came back for good.
    """

    rows: pa.Table
    events: pa.Table
    baseline: Baseline
    undeliverable: Mapping[str, Collection[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """What a part held.

    Attributes:
        differences: A table of `DIFFERENCES`; without a column for a person whom one side lacks.
        people: People by verdict: the worst of their columns, or `AGREEING`.
        columns: Differences by (column, verdict).
        states: By (subscription, Gigya's state, CheetahMail's state), people whom both have.
    """

    differences: pa.Table
    people: Counter[str]
    columns: Counter[tuple[str, str]]
    states: Counter[tuple[str, str, str]]


def classified(part: Part, shape: RowShape) -> Found:
    """The verdicts on one part."""
    at = pc.index_in(part.rows[shape.key], value_set=part.events["uid"].combine_chunks())
    both, lacking = pc.is_valid(at), mask(pc.is_null(at)) & mask(part.rows["_exported"])
    unknown = pc.invert(pc.is_in(part.events["uid"], value_set=part.rows[shape.key].combine_chunks()))
    pair = _Pair(part, shape, both.combine_chunks(), at)
    tables = [*pair.differences(), *_absent(part.rows[shape.key].filter(pa.array(lacking)), MISSING_IN_CHEETAHMAIL)]
    tables += _absent(part.events["uid"].filter(unknown), MISSING_IN_GIGYA)
    differences = pa.concat_tables([DIFFERENCES.empty_table(), *tables])
    people = Counter({MISSING_IN_CHEETAHMAIL: int(lacking.sum()), MISSING_IN_GIGYA: pc.sum(unknown).as_py() or 0})
    return Found(differences, people + pair.people(), _counted(differences), pair.states())


class _Pair:
    """The people whom both sides have, side by side."""

    def __init__(self, part: Part, shape: RowShape, both: pa.Array, at: pa.Array) -> None:
        self._shape = shape
        self._rows = part.rows.filter(both)
        self._events = part.events.take(at.drop_null())
        self._baseline = part.baseline.take(pc.indices_nonzero(both))
        self._exported = mask(self._rows["_exported"])
        self._undeliverable = part.undeliverable
        self._worst = np.zeros(len(self._rows), np.int8)

    def differences(self) -> Iterator[pa.Table]:
        """The columns on which they differ. Of who is not exported only subscriptions count."""
        for name in self._shape.columns:
            if name == self._shape.key or name not in self._events.column_names:
                continue
            if name in self._shape.subscriptions:
                yield self._subscription(name)
            else:
                yield self._cell(name)

    def people(self) -> Counter[str]:
        """How many people have which verdict at worst."""
        names = np.where(self._exported, AGREEING, NOT_EXPORTED).astype(object)
        for rank, verdict in enumerate(_BY_WEIGHT, start=1):
            names[self._worst == rank] = verdict
        return Counter(names.tolist())

    def states(self) -> Counter[tuple[str, str, str]]:
        """The states of both sides, by subscription."""
        found: Counter[tuple[str, str, str]] = Counter()
        for name in self._shape.subscriptions:
            if name in self._events.column_names:
                pairs = pa.table({"gigya": self._gigya_state(name), "cheetahmail": self._events[name]})
                counted = pairs.group_by(["gigya", "cheetahmail"]).aggregate([([], "count_all")])
                for row in counted.to_pylist():
                    found[name, row["gigya"] or "none", row["cheetahmail"] or "none"] += row["count_all"]
        return found

    def _subscription(self, name: str) -> pa.Table:
        ours, theirs = self._gigya_state(name), self._events[name].combine_chunks()
        agreed = self._baseline.consent(name)[0]
        # CheetahMail knows only two states: what is neither in nor out is the same to it as no opt-in.
        mailed = mask(pc.equal(theirs, OPT_IN)) & ~mask(pc.equal(ours, OPT_IN))
        withheld = mask(pc.equal(ours, OPT_IN)) & ~mask(pc.equal(theirs, OPT_IN)) & self._exported
        verdict = self._verdict(mailed | withheld, theirs, agreed)
        returned = pa.array(list(self._undeliverable.get(name, ())), pa.string())
        came_back = withheld & mask(pc.is_in(self._rows[self._shape.key], value_set=returned))
        verdict = pc.if_else(pa.array(came_back), UNDELIVERABLE, verdict)
        return self._table(name, pc.if_else(pa.array(mailed), MAILED_WITHOUT_OPT_IN, verdict), ours, theirs)

    def _cell(self, name: str) -> pa.Table:
        theirs = _comparable(self._events[name].combine_chunks())
        ours = _comparable(self._rows[name].combine_chunks())
        # A null of the file says nothing; an empty cell says that there is nothing.
        said = mask(pc.is_valid(self._events[name].combine_chunks()))
        differs = said & ~mask(pc.equal(ours, theirs)) & self._exported
        verdict = self._verdict(differs, theirs, _comparable(self._baseline.cells(name)))
        none = pa.nulls(len(theirs), pa.string())
        return self._table(name, verdict, none, none)

    def _verdict(self, differs: Mask, theirs: Texts, agreed: Texts) -> Texts:
        stale = pc.fill_null(pc.equal(pc.fill_null(theirs, ""), pc.fill_null(agreed, "")), False)
        return pc.if_else(pa.array(differs), pc.if_else(stale, STALE, CONFLICTING), pa.scalar(None, pa.string()))

    def _table(self, name: str, verdict: Texts, ours: Texts, theirs: Texts) -> pa.Table:
        rank = pc.fill_null(pc.index_in(verdict, value_set=pa.array(_BY_WEIGHT)), -1)
        self._worst = np.maximum(self._worst, rank.to_numpy(zero_copy_only=False) + 1)
        uids = self._rows[self._shape.key].combine_chunks()
        columns = [uids, pa.repeat(name, len(uids)), verdict, ours, theirs]
        return pa.table(columns, schema=DIFFERENCES).filter(pc.is_valid(verdict))

    def _gigya_state(self, name: str) -> Texts:
        return self._rows[state_column(name)].combine_chunks()


def _absent(uids: pa.ChunkedArray, verdict: str) -> list[pa.Table]:
    none = pa.nulls(len(uids), pa.string())
    return [pa.table([uids, none, pa.repeat(verdict, len(uids)), none, none], schema=DIFFERENCES)]


def _counted(differences: pa.Table) -> Counter[tuple[str, str]]:
    of_columns = differences.filter(pc.is_valid(differences["column"]))
    counted = of_columns.group_by(["column", "verdict"]).aggregate([([], "count_all")])
    return Counter({(row["column"], row["verdict"]): row["count_all"] for row in counted.to_pylist()})


def _comparable(cells: Texts) -> Texts:
    """Texts without letter case, with runs of blanks as one; none and empty are the same. As the merge compares."""
    plain = pc.utf8_lower(pc.utf8_normalize(pc.fill_null(cells, ""), "NFC"))
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(plain, r"\s+", " "))
