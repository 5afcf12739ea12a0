"""Joins accounts with their subscriptions into profiles, one part of a spool at a time.

`FROM accounts` has no subscriptions and `FROM emailAccounts` has one row an e-mail address, so each lacks people
that the other has; what is still missing here was read by key before.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.mapping.field_table import FieldTable
from gigya_cheetah_assets.outbound.spool import in_stable_order
from gigya_cheetah_assets.outbound.window import Window

Mask = npt.NDArray[np.bool_]
ACCOUNT_SEEN = "_account_seen"
EMAIL_SEEN = "_email_seen"
NEVER = -1


def scanned(table: pa.Table, column: str, *, undated: int) -> pa.Table:
    """Adds when the scan saw the row's last update (ms), `undated` where the row does not tell."""
    return table.append_column(column, pc.fill_null(table["updated"], undated))


def read_by_key(table: pa.Table, column: str) -> pa.Table:
    """Adds `NEVER`: a row that was read by key does not make its person part of a window."""
    return table.append_column(column, _never(len(table)))


def profiles_of(table: FieldTable, accounts: pa.Table, emails: pa.Table) -> pa.Table:
    """Profiles in stable order with `_account_seen` and `_email_seen`.

    Args:
        table: The field table.
        accounts: `table.account_schema` plus `_account_seen`, one row a UID.
        emails: `table.email_account_schema` plus `_email_seen`, one row a UID (or token).
    """
    lite = _lite_profiles(table, emails.filter(pc.invert(emails["is_full"])))
    at = pc.index_in(accounts["UID"], value_set=emails["UID"].combine_chunks())
    columns = {name: accounts[name] for name in accounts.column_names}
    for name in _subscription_columns(table):
        columns[name] = emails[name].take(at)
    seen = emails[EMAIL_SEEN].take(at)
    columns[EMAIL_SEEN] = pc.fill_null(seen, NEVER)
    columns["updated"] = pc.max_element_wise(accounts["updated"], emails["updated"].take(at))
    full = pa.table(columns).select(lite.column_names)
    return in_stable_order(pa.concat_tables([full, lite.cast(full.schema)]), "UID", latest_by="updated")


def _lite_profiles(table: FieldTable, emails: pa.Table) -> pa.Table:
    names = [*table.profile_schema.names, ACCOUNT_SEEN, EMAIL_SEEN]
    emails = emails.append_column("account", pa.repeat("lite", len(emails)))
    emails = read_by_key(emails, ACCOUNT_SEEN)
    return emails.select(names)


def _never(rows: int) -> pa.Array:
    return pa.repeat(pa.scalar(NEVER, pa.int64()), rows)


def _subscription_columns(table: FieldTable) -> list[str]:
    own = set(table.account_schema.names)
    return [name for name in table.profile_schema.names if name not in own]


def by_window(profiles: pa.Table, windows: Sequence[Window]) -> list[tuple[Window, pa.Table]]:
    """Each window's profiles, with `repeat` true for people whom an earlier of these windows holds too.

    The scan that read all these windows saw each person once, so a repeat is the same profile by construction.
    """
    account_seen = profiles[ACCOUNT_SEEN].to_numpy()
    email_seen = profiles[EMAIL_SEEN].to_numpy()
    plain = profiles.drop_columns([ACCOUNT_SEEN, EMAIL_SEEN])
    taken = np.zeros(len(profiles), dtype=bool)
    result = []
    for window in windows:
        inside = _inside(account_seen, window) | _inside(email_seen, window)
        part = plain.append_column("repeat", pa.array(taken)).filter(pa.array(inside))
        taken |= inside
        result.append((window, part))
    return result


def _inside(seen: npt.NDArray[np.int64], window: Window) -> Mask:
    inside = seen != NEVER
    if window.lower is not None:
        inside &= seen >= window.lower
    if window.upper is not None:
        inside &= seen < window.upper
    return inside
