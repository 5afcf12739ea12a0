"""An account on folders of this machine, with files to import and a clock that tests move."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gigya_cheetah_assets.config.staging import LocalStaging
from gigya_cheetah_assets.sandbox.cheetahmail import CheetahMail, Setup
from gigya_cheetah_assets.sandbox.cheetahmail.dropping import InboxOnDisk
from gigya_cheetah_assets.sandbox.cheetahmail.subscriber import Subscriber
from gigya_cheetah_assets.staging.local import LocalFolders

PROFILES = "GIGYA_UID,EMAIL,FNAME,NEWSLETTER"
UNSUBS = "EMAIL,GIGYA_UID,LIST_ID,OPTOUT_DATE,REASON"
SUBS = "EMAIL,GIGYA_UID,LIST_ID,OPTIN_DATE,OPTIN_SOURCE"
DELETED = "EMAIL,GIGYA_UID,DELETED_AT,REASON"
SEGMENT = "EMAIL,GIGYA_UID,SEGMENT_CODE,ACTION,AS_OF"
COA = "EMAIL_FROM,EMAIL_TO,GIGYA_UID,CHANGED"
FIRST, SECOND = "20260301T000000Z", "20260302T000000Z"
# 2026-03-01 04:30 UTC: still the day before in New York.
NOW = 1_772_339_400.0


@dataclass
class Box:
    """Accounts on one staging folder; `mail` makes one, or another one on the same list."""

    folder: Path
    stack: ExitStack
    now: list[float] = field(default_factory=lambda: [NOW])

    @property
    def outbox(self) -> Path:
        return self.folder / "autoproc"

    @property
    def inbox(self) -> Path:
        return self.folder / "fromcheetah"

    def mail(self, setup: Setup | None = None) -> CheetahMail:
        folders = LocalFolders(LocalStaging(type="local", path=str(self.folder)))
        inbox = InboxOnDisk(self.inbox, pause=0.2)
        account = CheetahMail(self.folder / "list", lambda: folders, inbox, setup, clock=lambda: self.now[0])
        self.stack.callback(account.close)
        return account

    def put(self, name: str, *lines: str) -> Path:
        self.outbox.mkdir(exist_ok=True)
        path = self.outbox / name
        content = "".join(f"{line}\n" for line in lines).encode()
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return path

    def people(self, *rows: str) -> None:
        """A profiles file of the first window: UID, address, name, newsletter."""
        self.put(f"gigya_profiles_{FIRST}.csv", PROFILES, *rows)

    def read(self, pattern: str) -> list[dict[str, str]]:
        """Rows of the only file of this name in the inbox."""
        (path,) = self.inbox.glob(pattern)
        content = path.read_bytes()
        text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text, newline=""), delimiter="|"))


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with ExitStack() as stack:
        yield Box(tmp_path, stack)


def one(mail: CheetahMail, email: str) -> Subscriber:
    """The subscriber with this address."""
    (found,) = [each for each in mail.subscribers() if each.email == email]
    return found
