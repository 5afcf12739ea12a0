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
from gigya_cheetah_assets.sandbox.cheetahmail.subscribers import Key
from gigya_cheetah_assets.sandbox.server import Sandbox
from gigya_cheetah_assets.sandbox.syncfile import write_sync_file

log = logging.getLogger(__name__)
_LEAVE, _EDIT, _JOIN = 2, 2, 1


@contextmanager
def ticking(box: Sandbox, *, seconds: float, key: Key = "email", misbehaviour: str = "") -> Iterator[None]:
    """Runs the account in a thread of its own while the block runs; every tick a few people act.

    Args:
        box: The running sandbox, whose variables this process gets.
        seconds: Between two ticks; 0 leaves CheetahMail out.
        key: What makes a subscriber.
        misbehaviour: How its feeds go wrong.
    """
    if not seconds:
        yield
        return
    os.environ.update(box.environ)
    sync = load_syncs(write_sync_file(box.folder / "syncs", box))[0]
    inbox = box.sftp_root / sync.staging.inbox
    stop = threading.Event()

    def run() -> None:
        mail = CheetahMail(box.folder / "cheetahmail", inbox, sync, key=key, misbehaviour=misbehaviour)
        try:
            while not stop.wait(seconds):
                _tick(mail)
        finally:
            mail.close()

    thread = threading.Thread(target=run, name="cheetahmail")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _tick(mail: CheetahMail) -> None:
    try:
        mail.import_now()
        for one in mail.some(_LEAVE, column="NEWSLETTER", state="in"):
            mail.unsubscribe(one, "NEWSLETTER")
        for one in mail.some(_JOIN, column="NEWSLETTER", state="out"):
            mail.subscribe(one, "NEWSLETTER")
        for number, one in enumerate(mail.some(_EDIT, column="NEWSLETTER", state="in")):
            mail.edit(one, ZIP=f"{30000 + number}")
        mail.drop()
    except (GigyaCheetahError, sqlite3.Error) as error:
        # The staging may be down, by the fault dial too; the next tick tries again.
        log.warning("the sandbox's CheetahMail account: %s", error)
