"""How the account's feeds go wrong: the names of the faults and how they are written."""

from __future__ import annotations

from dataclasses import dataclass, fields

from gigya_cheetah_assets.errors import ConfigError


@dataclass(frozen=True)
class FeedFaults:
    """What real feeds do now and then; the sandbox does it every time.

    Attributes:
        slow: A file grows in small pieces under its final name.
        halves: It is there by half, and some time later whole.
        twice: Before new files the last ones are sent again, with the same names and content.
        again: The same content comes at once under a second name.
        skip_day: Every second drop brings nothing; its rows come with the next one.
        echo: The feeds also tell what came from our own files, unsubscribes with the reason `k`.
    """

    slow: bool = False
    halves: bool = False
    twice: bool = False
    again: bool = False
    skip_day: bool = False
    echo: bool = False

    @classmethod
    def parse(cls, text: str) -> FeedFaults:
        """Reads `slow,twice`; `all` is every one of them.

        Raises:
            ConfigError: An unknown name; lists every finding.
        """
        known = [fault.name for fault in fields(cls)]
        wanted = [name for part in text.split(",") if (name := part.strip())]
        problems = [
            f"--cheetahmail-faults: {name!r} is no fault; there are {', '.join(known)} and all"
            for name in wanted
            if name not in known and name != "all"
        ]
        if problems:
            raise ConfigError(problems, next_step="write for example halves,twice")
        return cls(**{name: True for name in known if name in wanted or "all" in wanted})
