"""What the two steps of deletions counted, written as `summary.json` beside their data and shown in the UI."""

from __future__ import annotations

import msgspec

from gigya_cheetah_assets.cheetahmail import Manifest
from gigya_cheetah_assets.store.summary import Reasons


class DeletionsSummary(msgspec.Struct, kw_only=True, frozen=True):
    """What `gigya_deletions` found; read = failed + nameless + repeated + alive + rejected + erased + deleted.

    Attributes:
        source: `audit_log` or `stream`.
        query: What was asked; it holds no personal data.
        read: Records of the source.
        failed: Calls that did not succeed.
        nameless: Records that do not tell whose account it was.
        repeated: Further records of the same account.
        alive: Accounts that exist again, or still.
        rejected: Accounts whose UID is none, by `reasons[column][reason]`.
        erased: People who were erased here: nothing of them is kept again.
        deleted: Rows of deletions.parquet.
        known: Those of them who are CheetahMail's to forget: the ledger has an address, and no other window told.
        population: People that the ledger knows.
    """

    window: str
    source: str
    query: str
    read: int
    failed: int
    nameless: int
    repeated: int
    alive: int
    rejected: int
    erased: int
    deleted: int
    known: int
    population: int
    reasons: Reasons
    problems: list[str]


class DeletionFileSummary(msgspec.Struct, kw_only=True, frozen=True):
    """What `staged_deletion_file` delivered; read = delivered + never_delivered + told_before.

    Attributes:
        delivered: People whom the suppression file names.
        never_delivered: People of whom CheetahMail never got a row.
        told_before: People of whom another window told.
        readdressed: Accounts that have the address of a deleted one: the next window delivers them anew.
        former_addresses: Rows of the file besides: former addresses under which CheetahMail may have somebody.
        files: Manifests.
        revision: The ledger's revision with the tombstones.
    """

    window: str
    read: int
    delivered: int
    never_delivered: int
    told_before: int
    readdressed: int
    former_addresses: int
    files: list[Manifest]
    revision: int
