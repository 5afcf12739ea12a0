"""The site's clock and Gigya's two spellings of a moment: epoch milliseconds and ISO text.

No other module of the sandbox's site asks the machine for the time, so that a test can set the clock wrong.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

NEVER = "0001-01-01T00:00:00Z"


class SiteClock:
    """Time as the site sees it.

    Args:
        offset: Seconds by which the site is ahead of this machine; may be changed at any time.
    """

    def __init__(self, offset: float = 0.0) -> None:
        self.offset = offset

    def seconds(self) -> float:
        """Epoch seconds."""
        return time.time() + self.offset

    def milliseconds(self) -> int:
        """Epoch milliseconds."""
        return int(self.seconds() * 1000)

    def elapsed(self) -> float:
        """Seconds of a clock that only measures distances and that `offset` does not move."""
        return time.monotonic()


def iso(milliseconds: int) -> str:
    """`2026-03-04T09:15:22.041Z`; 0 is the year 0001, as Gigya writes "never" (Gigya: account object, sample)."""
    if milliseconds == 0:
        return NEVER
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def parse_iso(text: object) -> int | None:
    """Epoch milliseconds of an ISO date or date-time, `None` for anything else; no zone means UTC."""
    if not isinstance(text, str) or len(text) < 10 or text[4:5] != "-":
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return round(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000)
