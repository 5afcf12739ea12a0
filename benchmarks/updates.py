"""Updates of accounts against the sandbox, whose every answer takes 100 ms: how near they come to what is possible.

Each update is two requests: the account is read again, then written. 16 requests are in flight, so no more than 160 a
second can be answered; under a lower rate of the sync file, requests wait for their turn.
"""

from __future__ import annotations

import logging
import tempfile
import time
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks import results
from benchmarks.results import Result
from benchmarks.site import ENVIRON, site
from benchmarks.twenty_columns import FIELDS, INBOUND_FILES, sync_content
from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.gigya import GigyaClient, Query, page_decoder, search
from gigya_cheetah_assets.gigya.limits import TokenBucket
from gigya_cheetah_assets.inbound.accounts import IN_FLIGHT
from gigya_cheetah_assets.inbound.change_set import make_change_set
from gigya_cheetah_assets.inbound.read import read_file
from gigya_cheetah_assets.inbound.take import state_of
from gigya_cheetah_assets.inbound.updates import apply_updates
from gigya_cheetah_assets.ledger import InboundFile, Ledger
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.store import folders

ACCOUNTS, LATENCY, RATE = 2000, 0.1, 50.0
_UNLIMITED = 10_000.0


class Turns(TokenBucket):
    """A bucket that notes when it let a request pass."""

    def __init__(self, rate: float) -> None:
        super().__init__(rate)
        self.at: list[float] = []

    def take(self) -> None:
        """Waits for the caller's turn."""
        super().take()
        self.at.append(time.monotonic())

    @property
    def rate(self) -> float:
        """Requests a second from the first turn to the end of the last answer."""
        return len(self.at) / (max(self.at) - min(self.at) + LATENCY)

    @property
    def most(self) -> int:
        """The most requests within any second."""
        at = np.sort(self.at)
        return int((np.searchsorted(at, at + 1.0) - np.arange(len(at))).max())


def run(accounts: int = ACCOUNTS) -> list[Result]:
    """Once without a limit of the rate, once with one."""
    with (
        tempfile.TemporaryDirectory() as folder,
        site(2 * accounts, Path(folder) / "site", f"stall=1,stall_seconds={LATENCY}") as port,
    ):
        free = _updated(port, Path(folder), accounts, _UNLIMITED)
        held = _updated(port, Path(folder), accounts // 2, RATE)
    print(f"  updates, {IN_FLIGHT} in flight: {free.rate:.0f} requests a second; at {RATE:g} a second: {held.rate:.1f}")
    return [
        results.at_least(
            "updates, requests a second beside in flight / latency", free.rate * LATENCY / IN_FLIGHT, 0.85
        ),
        results.at_least(f"updates, requests a second beside a rate of {RATE:g}", held.rate / RATE, 0.95),
        # A turn may come a moment late and the next one in time, so that one more falls into a second.
        results.at_most(f"updates at {RATE:g} a second, requests within any second", held.most, RATE + 1, ""),
    ]


def _updated(port: int, folder: Path, accounts: int, rate: float) -> Turns:
    """A file that asks for one value of each account, through all three steps; the turns of the last one."""
    sync = _sync(port, folder)
    table, partition, data = FieldTable.from_sync(sync), f"at_{rate:g}", folder / "data"
    file = folder / f"demo_{partition}.csv"
    turns = Turns(rate)
    with (
        GigyaClient(sync.gigya, environ=ENVIRON) as free,
        GigyaClient(sync.gigya, environ=ENVIRON, bucket=turns) as held,
        Ledger.open(f"sqlite:///{folder / 'ledger.sqlite'}") as ledger,
    ):
        file.write_text(_rows(_people(free, accounts), partition), encoding="utf-8")
        rows = folders.asset_folder(data, sync.name, folders.INBOUND_ROWS, partition)
        read = read_file(
            file, name=file.name, kind="profiles", sync=sync, table=table, folder=rows, now=datetime.now(UTC)
        )
        state_of(ledger, sync, table).begin(InboundFile(read.sha256, file.name, "profiles", read.size))
        make_change_set(free, sync, table, partition, data=data, ledger=ledger, report=logging.info)
        done = apply_updates(held, sync, table, partition, data=data, ledger=ledger, report=logging.info)
    assert done.applied == accounts, done
    return turns


def _sync(port: int, folder: Path) -> Sync:
    owned = [field | ({"owner": "cheetahmail"} if field["cheetahmail"] == "OPTIN_PLACE" else {}) for field in FIELDS]
    content = sync_content(http_port=port, outbox=folder / "outbox")
    return Sync.model_validate(content | {"fields": owned, "inbound_files": INBOUND_FILES})


def _people(client: GigyaClient, count: int) -> list[tuple[str, str]]:
    """UIDs and addresses of accounts that have one."""
    query = Query(["UID", "profile.email"], "accounts", ["isRegistered = true"], 1000)
    records = (record for page in search(client, query, page_decoder(dict)) for record in page.records)
    known = ((record["UID"], record.get("profile", {}).get("email")) for record in records)
    return list(islice(((uid, email) for uid, email in known if email), count))


def _rows(people: list[tuple[str, str]], value: str) -> str:
    lines = (f"{uid},{email},{value},{datetime.now(UTC):%Y%m%d%H%M%S}" for uid, email in people)
    return "\n".join(("GIGYA_UID,EMAIL,OPTIN_PLACE,DATE_CHANGED", *lines))


def main() -> None:
    """The report."""
    results.report(run())


if __name__ == "__main__":
    main()
