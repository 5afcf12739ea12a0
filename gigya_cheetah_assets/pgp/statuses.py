"""What gpg reports on its status lines, counted by keyword.

Its exit code and its texts alone are not enough: a signature by a stranger, a message to a password and a second text
behind the first one all have to be told apart. Source: GnuPG's doc/DETAILS, "Format of the --status-fd output".
"""

from __future__ import annotations

from dataclasses import dataclass, field

import gnupg

_PREFIX = "[GNUPG:] "
# The lower half of a libgpg-error value is its code.
_CODE, _BAD_PASSPHRASE = 0xFFFF, 11


@dataclass
class Statuses:
    """The status lines of one call.

    Attributes:
        lines: Keyword to the arguments of each of its lines.
        success: The program ended with 0.
        too_large: The output was cut at `--max-output`.
        write_failed: The output could not be written, for example because the disk is full.
    """

    lines: dict[str, list[list[str]]] = field(default_factory=dict)
    success: bool = False
    too_large: bool = False
    write_failed: bool = False

    @classmethod
    def of(cls, result: gnupg.StatusHandler) -> Statuses:
        """Reads what python-gnupg gathered from a finished call."""
        texts = (result.stderr or "").splitlines()
        found = cls(success=result.returncode == 0)
        for text in texts:
            if text.startswith(_PREFIX):
                keyword, *arguments = text.removeprefix(_PREFIX).split(" ")
                found.lines.setdefault(keyword, []).append(arguments)
        # These two have no status line; `keyring` sets the language.
        found.too_large = any("exceeded --max-output limit" in text for text in texts)
        found.write_failed = any("error writing to" in text for text in texts) and not found.too_large
        return found

    @property
    def bad_passphrase(self) -> bool:
        """Whether a secret key stayed closed: the passphrase was wrong, or none was given."""
        codes = [line[-1] for keyword in ("FAILURE", "ERROR") for line in self.lines.get(keyword, [])]
        wrong = any(code.isdigit() and int(code) & _CODE == _BAD_PASSPHRASE for code in codes)
        return wrong or (not self.success and self.count("NEED_PASSPHRASE") > 0)

    def count(self, *keywords: str) -> int:
        """How many lines have one of these keywords."""
        return sum(len(self.lines.get(keyword, ())) for keyword in keywords)

    def shown(self, *keywords: str) -> str:
        """Which of these keywords there are, for a message: they hold no data."""
        return ", ".join(keyword for keyword in keywords if keyword in self.lines) or "no reason given"
