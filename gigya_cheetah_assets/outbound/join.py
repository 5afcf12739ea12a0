"""Joins accounts with their subscriptions and communications into profiles, one part of a spool at a time.

`FROM accounts` has neither and `FROM emailAccounts` has one row an e-mail address, so each lacks people that the other
has; what is still missing here was read by key before, in `sources`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.mapping.field_table import FieldTable
from gigya_cheetah_assets.mapping.text import joined
from gigya_cheetah_assets.outbound.spool import in_stable_order
from gigya_cheetah_assets.outbound.window import Window

Mask = npt.NDArray[np.bool_]
ACCOUNT_SEEN = "_account_seen"
EMAIL_SEEN = "_email_seen"
COMMUNICATIONS_SEEN = "_communications_seen"
SEEN = (ACCOUNT_SEEN, EMAIL_SEEN, COMMUNICATIONS_SEEN)
NEVER = -1
_TIMES = pa.list_(pa.int64())


def scanned(table: pa.Table, column: str, *, undated: int) -> pa.Table:
    """Adds when the scan saw the row's last update (ms), `undated` where the row does not tell."""
    return table.append_column(column, pc.fill_null(table["updated"], undated))


def read_by_key(table: pa.Table, column: str) -> pa.Table:
    """Adds `NEVER`: a row that was read by key does not make its person part of a window."""
    return table.append_column(column, _never(len(table)))


def unseen(communications: pa.Table) -> pa.Table:
    """Adds that no scan saw these people's decisions."""
    return communications.append_column(COMMUNICATIONS_SEEN, pa.nulls(len(communications), _TIMES))


def profiles_of(
    table: FieldTable, accounts: pa.Table, emails: pa.Table, communications: pa.Table | None = None
) -> pa.Table:
    """Profiles in stable order with `_account_seen`, `_email_seen` and `_communications_seen`.

    Args:
        table: The field table.
        accounts: `table.account_schema` plus `_account_seen`, one row a UID.
        emails: `table.email_account_schema` plus `_email_seen`, one row a UID (or token).
        communications: `table.communication_schema` plus `_communications_seen`, the times (ms) of all decisions that
            the scan saw, one row a UID; None where nobody has any.
    """
    if communications is None:
        communications = unseen(table.communication_schema.empty_table())
    lite = _lite_profiles(table, emails.filter(pc.invert(emails["is_full"])))
    at = pc.index_in(accounts["UID"], value_set=emails["UID"].combine_chunks())
    decided = pc.index_in(accounts["UID"], value_set=communications["UID"].combine_chunks())
    columns = {name: accounts[name] for name in accounts.column_names}
    columns |= {name: emails[name].take(at) for name in _consents(table, emails)}
    columns |= {name: communications[name].take(decided) for name in _consents(table, communications)}
    columns[EMAIL_SEEN] = pc.fill_null(emails[EMAIL_SEEN].take(at), NEVER)
    columns[COMMUNICATIONS_SEEN] = communications[COMMUNICATIONS_SEEN].take(decided)
    others = (emails["updated"].take(at), communications["updated"].take(decided))
    columns["updated"] = pc.max_element_wise(accounts["updated"], *others)
    errors = (emails["value_errors"].take(at), communications["value_errors"].take(decided))
    columns["value_errors"] = joined(accounts["value_errors"], *errors)
    full = pa.table(columns).select(lite.column_names)
    # Without lite accounts they are in order, and in one piece, already.
    both = pa.concat_tables([full, lite.cast(full.schema)]) if len(lite) else full
    return in_stable_order(both, "UID", latest_by="updated")


def _lite_profiles(table: FieldTable, emails: pa.Table) -> pa.Table:
    """E-mail accounts without an account have no consent statements and no communications."""
    emails = emails.append_column("account", pa.repeat("lite", len(emails)))
    emails = read_by_key(emails, ACCOUNT_SEEN).append_column(COMMUNICATIONS_SEEN, pa.nulls(len(emails), _TIMES))
    for column in table.profile_schema:
        if column.name not in emails.column_names:
            emails = emails.append_column(column, pa.nulls(len(emails), column.type))
    return emails.select([*table.profile_schema.names, *SEEN])


def _never(rows: int) -> pa.Array:
    return pa.repeat(pa.scalar(NEVER, pa.int64()), rows)


def _consents(table: FieldTable, source: pa.Table) -> list[str]:
    """What profiles have of another source than the accounts."""
    own = set(table.account_schema.names)
    return [name for name in table.profile_schema.names if name not in own and name in source.column_names]


def by_window(profiles: pa.Table, windows: Sequence[Window]) -> list[tuple[Window, pa.Table]]:
    """Each window's profiles, with `repeat` true for people whom an earlier of these windows holds too.

    The scan that read all these windows saw each person once, so a repeat is the same profile by construction.
    """
    once = [profiles[name].to_numpy() for name in (ACCOUNT_SEEN, EMAIL_SEEN)]
    decisions = profiles[COMMUNICATIONS_SEEN].combine_chunks()
    plain = profiles.drop_columns(list(SEEN))
    taken = np.zeros(len(profiles), dtype=bool)
    result = []
    for window in windows:
        inside = _inside(once[0], window) | _inside(once[1], window) | _any_inside(decisions, window)
        part = plain.append_column("repeat", pa.array(taken)).filter(pa.array(inside))
        taken |= inside
        result.append((window, part))
    return result


def _any_inside(times: pa.ListArray, window: Window) -> Mask:
    """Whose list has a time inside."""
    inside = np.zeros(len(times), dtype=bool)
    hits = _inside(pc.list_flatten(times).to_numpy(zero_copy_only=False), window)
    inside[pc.list_parent_indices(times).to_numpy()[hits]] = True
    return inside


def _inside(seen: npt.NDArray[np.int64], window: Window) -> Mask:
    inside = seen != NEVER
    if window.lower is not None:
        inside &= seen >= window.lower
    if window.upper is not None:
        inside &= seen < window.upper
    return inside
