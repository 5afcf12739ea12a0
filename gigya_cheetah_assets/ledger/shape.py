"""The names of a frame of rows: which columns there are, which is the key, the address, a subscription.

The frame is what mapping makes: one string column per CheetahMail column, then `_updated` (epoch ms), then for
each subscription column C `_state.C` and `_at.C`. Values are no business of this module.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gigya_cheetah_assets.config import FieldConfig

UPDATED = "_updated"


def state_column(subscription: str) -> str:
    """Column of a subscription's state: opt_in, opt_out, pending or null."""
    return f"_state.{subscription}"


def at_column(subscription: str) -> str:
    """Column of the time (epoch ms, null if unknown) at which the state came to be."""
    return f"_at.{subscription}"


@dataclass(frozen=True)
class RowShape:
    """Names of the columns of a frame of rows.

    Attributes:
        key: The column with the Gigya UID.
        email: The column with the address.
        columns: All CheetahMail columns in their order, key and address among them.
        subscriptions: Those of `columns` that are subscriptions, in their order.
    """

    key: str
    email: str
    columns: tuple[str, ...]
    subscriptions: tuple[str, ...] = ()

    @classmethod
    def of(cls, fields: Iterable[FieldConfig]) -> RowShape:
        """The shape that a sync's fields give."""
        fields = tuple(fields)
        return cls(
            key=next(field.cheetahmail for field in fields if field.key),
            email=next(field.cheetahmail for field in fields if field.type == "email"),
            columns=tuple(field.cheetahmail for field in fields),
            subscriptions=tuple(field.cheetahmail for field in fields if field.type == "subscription"),
        )

    @property
    def consent_columns(self) -> tuple[str, ...]:
        """`_updated`, then state and time of each subscription: what follows the CheetahMail columns."""
        pairs = ((state_column(name), at_column(name)) for name in self.subscriptions)
        return (UPDATED, *(column for pair in pairs for column in pair))
