"""The account's own schedule while a sandbox runs: import, people who act, extract."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from gigya_cheetah_assets.config import load_syncs
from gigya_cheetah_assets.errors import GigyaCheetahError
from gigya_cheetah_assets.sandbox.cheetahmail.account import CheetahMail
from gigya_cheetah_assets.sandbox.server import Sandbox
from gigya_cheetah_assets.sandbox.syncfile import write_sync_file

log = logging.getLogger(__name__)
PEOPLE = 8


@contextmanager
def ticking(box: Sandbox, *, seconds: float, people: int = PEOPLE) -> Iterator[None]:
    """Lets the sandbox's account work in a thread of its own while the block runs.

    Args:
        box: The running sandbox, whose variables this process gets.
        seconds: Between two ticks; 0 leaves CheetahMail out.
        people: How many things its people do in each tick.
    """
    if not seconds:
        yield
        return
    os.environ.update(box.environ)
    box.cheetahmail.set_up_for(load_syncs(write_sync_file(box.folder / "syncs", box))[0])
    stop = threading.Event()

    def run() -> None:
        while not stop.wait(seconds):
            _tick(box.cheetahmail, people)

    thread = threading.Thread(target=run, name="cheetahmail")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _tick(mail: CheetahMail, people: int) -> None:
    try:
        mail.tick(people)
    except (GigyaCheetahError, sqlite3.Error) as error:
        # The staging may be down, by the fault dial too; the next tick tries again.
        log.warning("the sandbox's CheetahMail account: %s", error)
