"""What the ledger refuses or asks to repeat, on the branches of `gigya_cheetah_assets.errors`.

No text here carries a value from a row: identifiers of syncs, versions and counts only.
"""

from __future__ import annotations

from gigya_cheetah_assets.errors import RetryLater, StopSync


class LedgerBusy(RetryLater):
    """Another process writes this ledger, or its database does not answer now."""


class LedgerTooNew(StopSync):
    """The ledger was written by a newer version of this project."""


class LedgerUnusable(StopSync):
    """The database cannot be opened, read or written until a person acts."""


class LedgerDamaged(StopSync):
    """What the ledger holds, or what it is given, does not have the form that it must have."""
