"""Which syncs a command is about: the one that was named, else all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from gigya_cheetah_assets.config import Sync, load_syncs
from gigya_cheetah_assets.errors import ConfigError

F = TypeVar("F", bound=Callable[..., Any])


def sync_option(command: F) -> F:
    """Adds `--sync NAME` to a command, as its argument `sync_name`."""
    return click.option("--sync", "sync_name", metavar="NAME", help="Only this sync; default: all of them.")(command)


def chosen_syncs(name: str | None) -> list[Sync]:
    """The syncs that a command is about.

    Raises:
        ConfigError: No sync has that name, or there is none at all.
    """
    syncs = load_syncs()
    found = [sync for sync in syncs if name in (None, sync.name)]
    if not found:
        named = f"no sync is named {name!r}" if name else "there is no sync file"
        raise ConfigError([named], next_step="gigya-cheetah check lists the syncs")
    return found
