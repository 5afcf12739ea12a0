"""Gigya -> the profiles of one or many windows.

Leaves in each window's folder: `profiles.parquet`, `rejected.parquet` (profiles that broke their schema),
`rejects.parquet` and `.csv`, `shared_emails.parquet` and `summary.json`. Neighbouring windows are read by one query
and split by their times, which gives the same rows as a query each.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets import schemas
from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.gigya import GigyaClient, prefetched
from gigya_cheetah_assets.gigya.query import Source
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.mapping.in_force import in_force
from gigya_cheetah_assets.outbound import join, shared_emails
from gigya_cheetah_assets.outbound.by_key import ByKey
from gigya_cheetah_assets.outbound.corrections import NOBODY, Corrections
from gigya_cheetah_assets.outbound.scan import Scan, Scanned, scans
from gigya_cheetah_assets.outbound.sources import Sources
from gigya_cheetah_assets.outbound.summary import ProfilesSummary
from gigya_cheetah_assets.outbound.window import Window, contiguous
from gigya_cheetah_assets.outbound.window_writer import WindowWriter, first_time
from gigya_cheetah_assets.store import folders, summary

log = logging.getLogger(__name__)
# A week of hours: long enough to save queries, short enough that a repeat after a failure is bearable.
MOST_WINDOWS_A_QUERY = 168


def extract(
    client: GigyaClient,
    sync: Sync,
    table: FieldTable,
    windows: Sequence[Window],
    *,
    data: Path,
    corrections: Mapping[str, pa.Table] | None = None,
) -> list[ProfilesSummary]:
    """Reads the windows, oldest first; each window's folder is replaced as a whole.

    Args:
        client: The site.
        sync: The sync.
        table: Its field table.
        windows: The windows.
        data: The folder of all data.
        corrections: By the key of a window, whom it reads besides its own (`corrections.wanted`).

    Raises:
        GigyaUnavailable: The site did not answer within its budget; windows finished before stay.
        GigyaRefused: The site does not accept the credentials or the query.
    """
    table = in_force(client, table)
    summaries: list[ProfilesSummary] = []
    for run in contiguous(windows, longest=MOST_WINDOWS_A_QUERY):
        summaries += _Extraction(client, sync, table, run, data=data, corrections=corrections or {}).run()
    return summaries


class _Extraction:
    """One query's run of neighbouring windows."""

    def __init__(
        self,
        client: GigyaClient,
        sync: Sync,
        table: FieldTable,
        windows: list[Window],
        *,
        data: Path,
        corrections: Mapping[str, pa.Table],
    ) -> None:
        self._client = client
        self._sync = sync
        self._table = table
        self._windows = windows
        self._data = data
        self._corrections = corrections
        self._by_key = ByKey(client, sync, table)
        self._schema = schemas.profiles_schema(table)
        self._sources = Sources(sync, table, windows, self._by_key)
        self._problems: list[str] = []

    def run(self) -> list[ProfilesSummary]:
        """Scans, joins and writes; the windows' folders take their places together at the end."""
        spool_folder = self._data / self._sync.name / ".spool"
        with folders.private():
            spool_folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=spool_folder) as spools:
            wanted = scans(self._sync, self._table, self._windows, self._by_key)
            scanned = self._scanned(wanted, Path(spools))
            with ExitStack() as stack:
                writers = [self._writer(stack, window) for window in self._windows]
                # A part is joined by a thread while the one before is validated and written.
                for profiles in stack.enter_context(closing(prefetched(self._sources.profiles(scanned), depth=1))):
                    self._split(profiles, writers)
                for writer in writers:
                    self._correct(writer)
                return [self._finish(writer, scanned) for writer in writers]

    def _scanned(self, wanted: list[Scan], folder: Path) -> dict[Source, Scanned]:
        """All sources at once: a cursor is strictly serial, so each waits for the site half of the time."""
        with ThreadPoolExecutor(len(wanted), thread_name_prefix="scan") as threads:
            running = {s.name: threads.submit(s.into, folder, self._client, len(self._windows)) for s in wanted}
            return {name: scan.result() for name, scan in running.items()}

    def _writer(self, stack: ExitStack, window: Window) -> WindowWriter:
        target = folders.asset_folder(self._data, self._sync.name, folders.PROFILES, window.stamp)
        folder = stack.enter_context(folders.building(target))
        wanted = self._corrections.get(window.key, NOBODY)
        return stack.enter_context(WindowWriter(self._table, window, folder, Corrections(wanted)))

    def _split(self, profiles: pa.Table, writers: list[WindowWriter]) -> None:
        """Checks a part and gives each window its share."""
        seen = profiles.select(list(join.SEEN))
        breaches = schemas.validate(self._schema, profiles.select(self._table.profile_schema.names))
        self._problems += breaches.problems
        good = _with(profiles, seen, breaches.good)
        for writer, (_, part) in zip(writers, join.by_window(good, self._windows), strict=True):
            writer.add(part)
        if not len(breaches.rejects):
            return
        bad = join.by_window(_with(profiles, seen, breaches.bad), self._windows)
        for writer, (_, part) in zip(writers, bad, strict=True):
            writer.add_rejected(part, breaches.rejects)

    def _correct(self, writer: WindowWriter) -> None:
        """Adds by key whom the window has to read though no scan found them."""
        if writer.corrections.complete:
            return
        profiles = writer.corrections.missing(self._table, self._by_key).select(self._table.profile_schema.names)
        breaches = schemas.validate(self._schema, profiles)
        self._problems += breaches.problems
        writer.add(first_time(breaches.good))
        writer.add_rejected(first_time(breaches.bad), breaches.rejects)

    def _finish(self, writer: WindowWriter, scanned: dict[Source, Scanned]) -> ProfilesSummary:
        writer.profiles.close()
        writer.rejected.close()
        writer.corrections.write(writer.folder)
        shared = shared_emails.find(self._table, writer.folder, writer.hashes)
        nameless = sum(scan.nameless for scan in scanned.values())
        problems = [*self._problems, *([f"{nameless} records without any key"] if nameless else [])]
        result = ProfilesSummary(
            window=writer.window.key,
            queries=[scan.query for scan in scanned.values()],
            read=writer.profiles.rows + writer.rejected.rows,
            profiles=writer.profiles.rows,
            lite=writer.lite,
            rejected=writer.rejected.rows,
            reasons=summary.nested(writer.rejects.reasons),
            duplicates=self._sources.duplicates,
            repeats=writer.repeats,
            read_by_key=self._by_key.count,
            shared_emails=shared,
            problems=problems,
            sample_size=self._sync.sample_size,
            mapping_version=self._table.version,
            documents=[f"{path}: {document.in_words}" for path, document in sorted(self._table.documents.items())],
        )
        summary.write(writer.folder, result)
        log.info("window %s: %d profiles", writer.window.key, result.profiles)
        return result


def _with(profiles: pa.Table, seen: pa.Table, some: pa.Table) -> pa.Table:
    """Some of the profiles with the times at which the scans saw them."""
    if len(some) < len(profiles):
        seen = seen.take(pc.index_in(some["UID"], value_set=profiles["UID"].combine_chunks()))
    for name in seen.column_names:
        some = some.append_column(name, seen[name])
    return some
