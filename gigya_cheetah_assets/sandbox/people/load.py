"""Reads accounts of the user's own: JSON lines, one account a line as getAccountInfo gives it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from gigya_cheetah_assets.errors import ConfigError
from gigya_cheetah_assets.sandbox.gigya.rows import TIMES, Row, complete, row_of

_MOST_PROBLEMS = 20
# The end of the year 9999.
_LATEST = 253_402_300_799_999


def load(path: Path, now: int) -> Iterator[Row]:
    """Rows of the file's accounts; a line without UID is a lite account and needs profile.email.

    Args:
        path: UTF-8; empty lines are skipped.
        now: Epoch milliseconds for accounts that do not say when they were updated.

    Raises:
        ConfigError: Lines that are no accounts, by number; values are not shown.
    """
    problems: list[str] = []
    seen: set[str] = set()
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if not line.strip():
                    continue
                try:
                    yield _row(line, now, seen)
                except ValueError as error:
                    problems.append(f"{path}:{number}: {error}")
                    if len(problems) == _MOST_PROBLEMS:
                        break
    except OSError as error:
        problems.append(f"{path}: {error.strerror}")
    if problems:
        raise ConfigError(problems, next_step="correct the lines of the file named by --load")


def _row(line: bytes, now: int, seen: set[str]) -> Row:
    try:
        document: Any = msgspec.json.decode(line)
    except msgspec.DecodeError:
        raise ValueError("expected one JSON object, found no JSON") from None
    if not isinstance(document, dict):
        raise ValueError("expected one JSON object, found other JSON")  # noqa: TRY004 - a wrong line, not a wrong call
    uid = document.get("UID")
    if uid is not None and (not isinstance(uid, str) or not uid):
        raise ValueError("UID: expected a text that is not empty")
    if not isinstance(document.get("token", ""), str):
        raise ValueError("token: expected a text")  # noqa: TRY004 - as above
    for name in TIMES:
        given = document.get(f"{name}Timestamp")
        if given is not None and (type(given) is not int or not 0 <= given <= _LATEST):
            raise ValueError(f"{name}Timestamp: expected whole milliseconds of the years 1970 to 9999")
    account = complete(document, now)
    if uid is None and account.email is None:
        raise ValueError("expected a UID, or profile.email for a lite account")
    if account.key in seen:
        raise ValueError("the UID or token stands in the file twice")
    seen.add(account.key)
    return row_of(account)
