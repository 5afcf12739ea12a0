"""The fault dial: which faults there are, how they are written, and the dice that decide when one happens.

What a fault looks like on the wire is in `gigya.app` and `sftp`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, fields

from gigya_cheetah_assets.errors import ConfigError


def _dial(on: float) -> float:
    """A share of requests; `on` is what the name alone means."""
    return field(default=0.0, metadata={"on": on})


@dataclass(frozen=True)
class Faults:
    """How often the sandbox misbehaves.

    Each is the share (0 to 1) of requests, pages or transfers it happens to, except for the two times. The number
    beside it is what the name alone means.

    Attributes:
        rate_limit: 403048 in place of an answer.
        drop: The connection ends without an answer, before or after the call took effect.
        error_body: HTTP 200 with 500001 or 504001.
        server_error: HTTP 503 with a text page.
        html: HTTP 200 with an HTML page.
        truncated: The JSON ends too early.
        stall: The answer comes `stall_seconds` late.
        cursor_expiry: The cursor dies in the middle of a scan.
        short_pages: Pages of a random smaller size.
        empty_pages: Pages without results that are not the last.
        duplicates: A page begins with the last account of the page before.
        sftp_drop: The SFTP connection ends in the middle of a file.
        stall_seconds: How late a stalled answer comes.
        sftp_slow: Seconds that each SFTP read and write takes longer.
    """

    rate_limit: float = _dial(0.05)
    drop: float = _dial(0.02)
    error_body: float = _dial(0.02)
    server_error: float = _dial(0.02)
    html: float = _dial(0.01)
    truncated: float = _dial(0.01)
    stall: float = _dial(0.01)
    cursor_expiry: float = _dial(0.005)
    short_pages: float = _dial(1.0)
    empty_pages: float = _dial(0.1)
    duplicates: float = _dial(0.01)
    sftp_drop: float = _dial(0.02)
    stall_seconds: float = field(default=3.0, metadata={"on": 3.0})
    sftp_slow: float = _dial(0.01)

    @classmethod
    def parse(cls, text: str) -> Faults:
        """Reads `rate_limit=0.05,short_pages,drop=0.02`; `all` is every fault by name alone.

        Raises:
            ConfigError: An unknown name or a value that is no share; lists every finding.
        """
        values: dict[str, float] = {}
        problems: list[str] = []
        for entry in filter(None, (part.strip() for part in text.split(","))):
            name, _, value = (part.strip() for part in entry.partition("="))
            if name == "all":
                values = {**_ON, **values}
            elif name not in _ON:
                problems.append(f"--faults: {name!r} is no fault; there are {', '.join(_ON)} and all")
            elif not value:
                values[name] = _ON[name]
            else:
                values[name] = _number(name, value, problems)
        if problems:
            raise ConfigError(problems, next_step="write for example rate_limit=0.05,short_pages,drop=0.02")
        return cls(**values)


_ON: dict[str, float] = {dial.name: dial.metadata["on"] for dial in fields(Faults)}
_SECONDS = ("stall_seconds", "sftp_slow")


def _number(name: str, text: str, problems: list[str]) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    highest = 3600.0 if name in _SECONDS else 1.0
    if not 0 <= value <= highest:
        problems.append(f"--faults: {name}={text}: expected a number from 0 to {highest:g}")
    return value


class Dice:
    """Decides by chance, in the same way for the same seed and the same order of requests."""

    def __init__(self, faults: Faults, seed: int = 0) -> None:
        self.faults = faults
        self._random = random.Random(seed)  # noqa: S311 - chance that can be repeated is the purpose
        self._was_empty = False

    def request_fault(self) -> str | None:
        """What happens to this request: the name of a fault, or nothing."""
        roll = self._random.random()
        for name in ("rate_limit", "drop", "error_body", "server_error", "html", "truncated", "stall"):
            share: float = getattr(self.faults, name)
            if roll < share:
                return name
            roll -= share
        return None

    def coin(self) -> bool:
        """One of two."""
        return self._random.random() < 0.5

    def fraction(self) -> float:
        """From 0 up to 1."""
        return self._random.random()

    def cursor_dies(self) -> bool:
        """Whether the cursor is dead from now on."""
        return self._hits(self.faults.cursor_expiry)

    def repeats_account(self) -> bool:
        """Whether a page begins with an account of the page before."""
        return self._hits(self.faults.duplicates)

    def page_size(self, limit: int) -> int:
        """Accounts on this page; never 0 twice in a row, so that a scan ends."""
        if not self._was_empty and self._hits(self.faults.empty_pages):
            self._was_empty = True
            return 0
        self._was_empty = False
        return self._random.randint(1, limit) if self._hits(self.faults.short_pages) else limit

    def transfer_breaks(self) -> bool:
        """Whether this SFTP transfer is cut."""
        return self._hits(self.faults.sftp_drop)

    def _hits(self, share: float) -> bool:
        return share > 0 and self._random.random() < share
