"""Which database holds the ledger: the setting, its default and what is refused. Opening it is in `database`."""

from __future__ import annotations

import os
from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

from gigya_cheetah_assets.config import data_folder
from gigya_cheetah_assets.errors import ConfigError

LEDGER_VARIABLE = "GIGYA_CHEETAH_LEDGER"


def ledger_url(url: str | None = None, environ: Mapping[str, str] | None = None) -> URL:
    """The given URL, else `GIGYA_CHEETAH_LEDGER`, else `ledger.sqlite` in the data folder.

    Raises:
        ConfigError: It is no URL, names another kind of database, or a database in memory.
    """
    known = os.environ if environ is None else environ
    text = url or known.get(LEDGER_VARIABLE) or ""
    if not text:
        return URL.create("sqlite", database=str((data_folder(known) / "ledger.sqlite").absolute()))
    try:
        made = sa.make_url(text)
    except ArgumentError:
        raise _wrong_url("expected a SQLAlchemy URL") from None
    kind = made.get_backend_name()
    if kind in ("postgresql", "postgres"):
        return made.set(drivername="postgresql+psycopg")
    if kind != "sqlite":
        raise _wrong_url(f"expected sqlite or postgresql, found {kind}")
    if made.database in (None, "", ":memory:"):
        raise _wrong_url("expected a file: a ledger in memory would forget every opt-out")
    return made


def _wrong_url(problem: str) -> ConfigError:
    # The URL may hold a password, so it is not repeated here.
    example = "postgresql://user@host/database or sqlite:////folder/ledger.sqlite"
    return ConfigError([f"ledger URL: {problem}"], next_step=f"set {LEDGER_VARIABLE} to {example}")
