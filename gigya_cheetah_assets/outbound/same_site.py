"""The brake on accounts of another Gigya site than those that the sync delivered before.

A wrong API key gives other people, with UIDs of their own: all of them would be new, and be mailed. Where a site was
replaced on purpose, a person releases the brake for one window, which makes the new site the known one.
"""

from __future__ import annotations

from hashlib import sha256

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.config.secrets import text
from gigya_cheetah_assets.ledger import Ledger
from gigya_cheetah_assets.outbound.brakes import Brake

NAME = "site"
_DIGITS = 12


def fingerprint(sync: Sync) -> str:
    """Stands for the sync's Gigya site: some digits of the hash of its API key."""
    return sha256(f"gigya site {text(sync.gigya.api_key).strip()}".encode()).hexdigest()[:_DIGITS]


def site_brake(ledger: Ledger, sync: Sync) -> Brake:
    """Holds while the sync file names the site whose accounts the ledger knows.

    Raises:
        ConfigError: The variable of the API key is not set.
    """
    own, known = fingerprint(sync), ledger.site(sync.name)
    if known is None:
        return Brake(NAME, None, 0.0, f"site {own}, nothing was delivered before")
    if own == known:
        return Brake(NAME, 0.0, 0.0, f"site {own}")
    return Brake(NAME, 1.0, 0.0, f"gigya.api_key names site {own}, and the ledger knows people of site {known}")
