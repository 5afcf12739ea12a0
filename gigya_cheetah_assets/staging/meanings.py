"""What a vendor's error code means: which error to raise, in which words, and what to do. Each vendor has its table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gigya_cheetah_assets.errors import GigyaCheetahError


@dataclass(frozen=True)
class Meaning:
    """One row of such a table.

    Attributes:
        error: The class to raise.
        words: What is wrong.
        next_step: What to do.
    """

    error: type[GigyaCheetahError]
    words: str
    next_step: str

    def of(self, what: str, told: str) -> GigyaCheetahError:
        """The error itself.

        Args:
            what: The place and what was wanted.
            told: The vendor's code.
        """
        return self.error(f"{what}: {self.words} ({told})", next_step=self.next_step)

    def for_codes(self, codes: Iterable[str]) -> dict[str, Meaning]:
        """Rows of a table that all mean this."""
        return dict.fromkeys(codes, self)
