"""What a person decided, as one compact text a row: `NEWSLETTER=o1767225600000;OFFERS=i;`, and back by column.

The letter is the state (i opt_in, o opt_out, p pending), the number the time in epoch ms if it is known; a column
without a state is left out. Column names stand in the text, so that it is readable whatever the mapping was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from gigya_cheetah_assets.ledger.arrow import Numbers, Texts, pc, texts
from gigya_cheetah_assets.ledger.errors import LedgerDamaged
from gigya_cheetah_assets.ledger.shape import at_column, state_column

OPT_IN, OPT_OUT, PENDING = STATES = ("opt_in", "opt_out", "pending")
_LETTERS = "iop"


def encode_consents(table: pa.Table, subscriptions: Sequence[str], *, times: bool = True) -> Texts:
    """One text a row, from the columns `_state.C` and `_at.C` of each subscription.

    Args:
        table: With these columns.
        subscriptions: Names of the columns C.
        times: Without them it is what `without_times` makes of the text with them.

    Raises:
        LedgerDamaged: A state is none of opt_in, opt_out, pending, null.
    """
    if not subscriptions:
        return pa.array([""] * table.num_rows, pa.string())
    parts = [_part(table, name, times=times) for name in subscriptions]
    # Not null_handling="skip": pyarrow drops a row whose parts are all null.
    return pc.binary_join_element_wise(*parts, "", null_handling="replace", null_replacement="")


def without_times(consents: Texts) -> Texts:
    """The texts with the states alone."""
    return pc.replace_substring_regex(consents, r"=([iop])-?[0-9]+;", r"=\1;")


def decode_consents(consents: Texts, subscription: str) -> tuple[Texts, Numbers]:
    """State and time of one subscription; both null where the text says nothing of it."""
    found = pc.extract_regex(consents, rf"(?:^|;){subscription}=(?P<state>[iop])(?P<at>-?[0-9]*);")
    letters = pc.index_in(pc.struct_field(found, "state"), value_set=pa.array(list(_LETTERS)))
    digits = pc.struct_field(found, "at")
    return pa.array(STATES).take(letters), pc.if_else(pc.equal(digits, ""), None, digits).cast(pa.int64())


def parse_consents(consents: str) -> dict[str, tuple[str, int | None]]:
    """State and time by subscription, of one person; the plain way, for few."""
    parts = (part.rpartition("=") for part in consents.split(";") if part)
    return {name: (STATES[_LETTERS.index(told[0])], int(told[1:]) if told[1:] else None) for name, _, told in parts}


def format_consents(states: Mapping[str, tuple[str, int | None]]) -> str:
    """The text of one person's decisions, in the order of the mapping; the reverse of `parse_consents`."""
    return "".join(
        f"{name}={_LETTERS[STATES.index(state)]}{'' if at is None else at};" for name, (state, at) in states.items()
    )


def _part(table: pa.Table, name: str, *, times: bool) -> Texts:
    states = texts(table.column(state_column(name)))
    codes = pc.index_in(states, value_set=pa.array(STATES))
    if codes.null_count != states.null_count:
        raise LedgerDamaged(
            f"column {state_column(name)} should hold {', '.join(STATES)} or null, found another state",
            next_step="mend the mapping of this subscription",
        )
    if not times:
        return pa.array([f"{name}={letter};" for letter in _LETTERS]).take(codes)
    prefixes = pa.array([f"{name}={letter}" for letter in _LETTERS]).take(codes)
    numbers = pc.fill_null(texts(table.column(at_column(name)).cast(pa.int64())), "")
    return pc.binary_join_element_wise(prefixes, numbers, ";", "")
