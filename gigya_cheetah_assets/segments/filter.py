"""A segment's filter at one moment: its conditions, what the site filters and what is filtered here.

`FROM accounts` knows no subscriptions and `FROM emailAccounts` no accounts (Gigya, accounts.search, sources). So a
filter on both is split: each source is asked for those of whom the filter may hold as far as it knows, and what is left
is decided here. A filter on accounts alone the site decides as a whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np

from gigya_cheetah_assets.config import Segment
from gigya_cheetah_assets.grammar import Condition, fill_dates, parse_condition, text_of
from gigya_cheetah_assets.grammar.dates import quote_dates
from gigya_cheetah_assets.grammar.logic import (
    all_but_one,
    at_most_one_fails,
    joined,
    paths,
    singles,
    top_level,
    weakened,
)
from gigya_cheetah_assets.grammar.nodes import Single
from gigya_cheetah_assets.segments.evaluate import column_of, truths

SUBSCRIPTIONS = "subscriptions."
# Conditions are kept as bits of a number of 64.
MOST_CONDITIONS = 60
_QUOTED_DATE = re.compile(r'"(\{[^{}]*\})"')


def of_subscriptions(path: str) -> bool:
    """Whether only e-mail accounts have the field."""
    return path.startswith(SUBSCRIPTIONS)


@dataclass(frozen=True)
class SegmentFilter:
    """A filter whose dates are filled.

    Attributes:
        where: As the sync file has it.
        filled: With the dates of the moment.
        watch: Whether near misses are read too: those of whom exactly one condition fails.
    """

    where: str
    filled: str
    watch: bool

    @classmethod
    def of(cls, segment: Segment, as_of: datetime) -> SegmentFilter:
        """The filter of a segment at a moment."""
        return cls(segment.where, fill_dates(segment.where, as_of), segment.explain_joins)

    @cached_property
    def condition(self) -> Condition:
        """The whole."""
        return parse_condition(self.filled)

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """The top-level conditions: those that all must hold, and of which a join or a leave names one."""
        found = top_level(self.condition)
        return found if len(found) <= MOST_CONDITIONS else (self.condition,)

    @property
    def everything(self) -> int:
        """The bits of somebody of whom all top-level conditions hold."""
        return (1 << len(self.conditions)) - 1

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The top-level conditions as reasons: as the sync file has them, with `{now-90d}` and not its value."""
        found = top_level(parse_condition(quote_dates(self.where)))
        texts = tuple(_QUOTED_DATE.sub(r"\1", text_of(condition)) for condition in found)
        return texts if len(texts) == len(self.conditions) else (self.where,)

    @cached_property
    def split(self) -> bool:
        """Whether the site cannot decide it in one query."""
        return any(map(of_subscriptions, paths(self.condition)))

    @cached_property
    def watching(self) -> bool:
        """Whether near misses are read: of a single condition everybody would be one."""
        return self.watch and len(self.conditions) > 1

    @property
    def account_singles(self) -> tuple[Single, ...]:
        """The single conditions on accounts."""
        return tuple(single for single in singles(self.condition) if not of_subscriptions(single.path))

    @property
    def subscription_singles(self) -> tuple[Single, ...]:
        """The single conditions on subscriptions."""
        return tuple(single for single in singles(self.condition) if of_subscriptions(single.path))

    @property
    def near_misses(self) -> str | None:
        """What the site is asked for near misses, of a filter that it can decide; None when they are not read."""
        return text_of(all_but_one(self.conditions)) if self.watching and not self.split else None

    @property
    def account_part(self) -> str | None:
        """What the site is asked of accounts when it cannot decide; None: all of them."""
        part = weakened(self._wanted, lambda path: not of_subscriptions(path))
        return None if part is None else text_of(part)

    @property
    def subscription_part(self) -> str | None:
        """What the site is asked of e-mail accounts; None: all of them.

        Who is not found is taken for somebody without subscriptions. So where those may satisfy the part themselves,
        nobody may be left out.
        """
        part = weakened(self._wanted, of_subscriptions)
        if part is None or truths(part, self.without_subscriptions).all():
            return None
        return text_of(part)

    @cached_property
    def without_subscriptions(self) -> dict[Single, np.ndarray]:
        """What the single conditions on subscriptions say of one account that has none."""
        return {single: column_of(single, [None], encrypted=False) for single in self.subscription_singles}

    @property
    def _wanted(self) -> Condition:
        if self.watching:
            return at_most_one_fails(self.conditions)
        return joined("AND", self.conditions)
