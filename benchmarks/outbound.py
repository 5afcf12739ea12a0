"""The outbound job beside its peers: rows a second as ratios in one run, and peak memory as it grows.

python -m benchmarks.outbound [--accounts N ...] [--rounds N] [--memory N] [--folder F]
"""

from __future__ import annotations

import argparse
import gzip
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import mkdtemp

import requests

from benchmarks import results
from benchmarks.process import Run, median_ratio, python, run
from benchmarks.results import Result, report
from benchmarks.site import ENVIRON, site
from benchmarks.twenty_columns import write_sync
from gigya_cheetah_assets.gigya import GigyaClient, Query, page_decoder, search

PAGE_SIZE = 1000
TARGETS = {100_000: 4.0, 300_000: 6.0}


def compare(accounts: int, folder: Path, rounds: int) -> list[Result]:
    """The peers and ours in turns at one size, after one round that is not measured: the site keeps its pages then."""
    with site(accounts, folder / f"site-{accounts}") as port:
        naive = partial(_peer, "benchmarks.peer_naive", port, folder / "naive.csv.gz", folder)
        dlt = partial(_peer, "benchmarks.peer_dlt", port, folder / "dlt", folder)
        peers: dict[str, Callable[[], Run]] = {
            "naive": naive,
            "naive, columns selected": partial(naive, "columns"),
            "dlt": dlt,
            "dlt, columns selected": partial(dlt, "columns"),
            "ours": lambda: ours(port, folder),
        }
        runs: dict[str, list[Run]] = {name: [] for name in peers}
        for measured in range(rounds + 1):
            for name, start in peers.items():
                found = start()
                runs[name] += [found] if measured else []
    for name, all_found in runs.items():
        print(f"  {accounts:,} accounts, {name}: {', '.join(map(str, all_found))}")
    print(f"  {accounts:,} accounts, ours: {rows_written(folder):,} rows in the profiles file")
    # The targets are those beside what such scripts and sources do by themselves: they ask for whole accounts.
    targets = {"naive": TARGETS.get(accounts), "dlt": TARGETS.get(accounts)}
    return [
        results.ratio(f"{accounts:,} accounts, {peer} / ours", _median(runs[peer], runs["ours"]), targets.get(peer))
        for peer in peers
        if peer != "ours"
    ]


def memory(small: int, large: int, folder: Path) -> list[Result]:
    """Our peak memory at two sizes with the same page size."""
    peaks = []
    for accounts in (small, large):
        with site(accounts, folder / f"site-{accounts}") as port:
            peaks.append(ours(port, folder).peak_mib)
    growth = peaks[1] / peaks[0]
    return [
        results.at_most(f"peak memory, {large:,} beside {small:,} accounts", growth, 1.10, "x"),
        results.at_most(f"peak memory at {large:,} accounts", peaks[1], 600, " MiB"),
    ]


def hourly(accounts: int, folder: Path) -> list[Result]:
    """A window of 200 changed accounts after an initial load, whole process."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    with site(accounts, folder / f"site-{accounts}") as port:
        first = now - timedelta(hours=3)
        ours(port, folder, every="hour", start=first)
        _change(port, folder, 200)
        seconds = ours(port, folder, every="hour", start=first, window=now - timedelta(hours=1), fresh=False).seconds
    return [results.at_most("an hourly window with 200 changed accounts", seconds, 4, " s")]


def ours(
    port: int,
    folder: Path,
    *,
    every: str = "day",
    start: datetime | None = None,
    window: datetime | None = None,
    fresh: bool = True,
) -> Run:
    """Our job on the site; with a fresh data folder it is the initial load."""
    if start is None:
        start = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    if fresh:
        for name in ("data", "outbox"):
            shutil.rmtree(folder / name, ignore_errors=True)
    write_sync(
        folder / "syncs", http_port=port, outbox=folder / "outbox", page_size=PAGE_SIZE, every=every, start=start
    )
    key = f"{window or start:{'%Y-%m-%d-%H:%M' if every == 'hour' else '%Y-%m-%d'}}"
    environ = {"GIGYA_CHEETAH_SYNCS": str(folder / "syncs"), "GIGYA_CHEETAH_DATA": str(folder / "data"), **ENVIRON}
    return run(python("benchmarks.ours", key), environ, folder / "ours.log")


def _peer(module: str, port: int, out: Path, folder: Path, *how: str) -> Run:
    shutil.rmtree(out, ignore_errors=True)
    command = python(module, f"http://127.0.0.1:{port}", str(PAGE_SIZE), str(out), *how)
    return run(command, {**ENVIRON, "RUNTIME__DLTHUB_TELEMETRY": "false"}, folder / f"{module}.log")


def _median(theirs: list[Run], own: list[Run]) -> float:
    return median_ratio([r.seconds for r in theirs], [r.seconds for r in own])


def _change(port: int, folder: Path, count: int) -> None:
    """Changes some accounts through the site's own API."""
    url = f"http://127.0.0.1:{port}"
    for uid in _some_uids(folder, count):
        body = {
            "apiKey": ENVIRON["SANDBOX_GIGYA_API_KEY"],
            "userKey": ENVIRON["SANDBOX_GIGYA_USER_KEY"],
            "secret": ENVIRON["SANDBOX_GIGYA_SECRET"],
            "UID": uid,
            "data": '{"optInSource":"bench"}',
        }
        answer = requests.post(f"{url}/accounts.setAccountInfo", data=body, timeout=30).json()
        if answer["errorCode"] != 0:
            raise RuntimeError(f"setAccountInfo answered {answer['errorCode']}")


def _some_uids(folder: Path, count: int) -> list[str]:
    from gigya_cheetah_assets.config import load_sync  # noqa: PLC0415 - only for this part

    sync = load_sync(folder / "syncs" / "bench.yaml")
    query = Query(["UID"], "accounts", ["isRegistered = true"], count)
    with GigyaClient(sync.gigya, environ=ENVIRON) as client:
        page = next(iter(search(client, query, page_decoder(dict))))
    return [record["UID"] for record in page.records]


def rows_written(folder: Path) -> int:
    """Rows of our profiles file, without the header."""
    (file,) = (folder / "outbox" / "autoproc").glob("profiles_*.csv.gz")
    with gzip.open(file, "rb") as lines:
        return sum(1 for _ in lines) - 1


def main() -> None:
    """Runs what the options ask for and prints a line for each result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, nargs="*", default=[100_000, 300_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", type=int, default=1_000_000, help="0 leaves it out")
    parser.add_argument("--folder", type=Path, help="keeps the sites for the next time")
    options = parser.parse_args()
    folder = options.folder or Path(mkdtemp(prefix="bench-"))
    report([line for accounts in options.accounts for line in compare(accounts, folder, options.rounds)])
    report(hourly(100_000, folder))
    if options.memory:
        report(memory(100_000, options.memory, folder))


if __name__ == "__main__":
    main()
