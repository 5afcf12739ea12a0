"""The brake of deletions: a log that lists half of all people is more often wrong than true."""

from __future__ import annotations

from gigya_cheetah_assets.config import Limits
from gigya_cheetah_assets.deletions.summary import DeletionsSummary
from gigya_cheetah_assets.outbound.brakes import Brake

NAME = "deletion_share"
_FEWEST_PEOPLE = 20


def deletion_share(found: DeletionsSummary, limits: Limits) -> Brake:
    """Share of the people that the ledger knows whose suppression a window asks for."""
    if found.population < _FEWEST_PEOPLE:
        return Brake(NAME, None, limits.max_deletion_share, f"only {found.population} people known from before")
    text = f"{found.known} of {found.population} known people deleted"
    return Brake(NAME, found.known / found.population, limits.max_deletion_share, text)
