"""What each step counted, written as `summary.json` beside its data and shown as metadata in the UI."""

from __future__ import annotations

import msgspec

from gigya_cheetah_assets.cheetahmail import Manifest
from gigya_cheetah_assets.store.summary import Reasons


class ProfilesSummary(msgspec.Struct, kw_only=True, frozen=True):
    """What `gigya_profiles` read for one window.

    Attributes:
        queries: The searches that were run; they hold no personal data.
        read: Distinct accounts: profiles plus rejected.
        profiles: Rows of profiles.parquet, `lite` of them lite accounts.
        rejected: Accounts that broke the profiles' schema, by `reasons[column][reason]`.
        duplicates: Repetitions of an account inside the scan that were collapsed to the latest.
        repeats: Accounts that an earlier window of the same run holds too.
        read_by_key: Accounts and subscriptions that the other source lacked and that were read one by one.
        shared_emails: Accounts that share their e-mail address with another account of the window.
        sample_size: Set in sample mode.
        documents: The oldest document to which the site takes each consent statement.
    """

    window: str
    queries: list[str]
    read: int
    profiles: int
    lite: int
    rejected: int
    reasons: Reasons
    duplicates: int
    repeats: int
    read_by_key: int
    shared_emails: int
    problems: list[str]
    sample_size: int | None
    mapping_version: str
    documents: list[str] = []


class RowsSummary(msgspec.Struct, kw_only=True, frozen=True):
    """What `cheetahmail_rows` made of one window; read = changed + unchanged + filtered + rejected.

    Attributes:
        kinds: Rows by kind of file.
        carried: Rows by kind that an earlier run of the window told, and this one tells on; counted nowhere else.
        value_errors: Emptied cells and rejects by column and reason.
        flips: Per subscription column, how many known people turned to `opt_in` or to `opt_out`.
        known: People of this window whom the ledger knew before.
        unaddressable: Opt-outs of rejected records without any address; they stay in the rejects.
        handed_over: Lite accounts that turned out to have registered; the UID's row goes on where theirs ended.
        ledger_revision: The ledger's state that the rows were compared with.
        seen_at: When rows of the window were first made, epoch ms: that is when its opt-outs were first seen.
    """

    window: str
    read: int
    changed: int
    unchanged: int
    filtered: int
    rejected: int
    reasons: Reasons
    value_errors: Reasons
    problems: list[str]
    kinds: dict[str, int]
    flips: dict[str, dict[str, int]]
    known: int
    unaddressable: int
    handed_over: int = 0
    ledger_revision: int
    mapping_version: str
    sample_size: int | None
    seen_at: int = 0
    carried: dict[str, int] = {}


class DeliverySummary(msgspec.Struct, kw_only=True, frozen=True):
    """What `staged_import_files` delivered for one window.

    Attributes:
        files: Their manifests, in the order of delivery.
        superseded: Changed rows left out because a later delivery holds something newer of the same person.
        carried_over: Rows of all kinds that an earlier run of the window told, and this one tells on.
        revision: The ledger's revision with this delivery.
        seen_at: When rows of the window were first made, epoch ms.
    """

    window: str
    read: int
    delivered: int
    unchanged: int
    filtered: int
    rejected: int
    superseded: int
    files: list[Manifest]
    revision: int
    mapping_version: str
    sample_size: int | None
    seen_at: int = 0
    carried_over: int = 0
