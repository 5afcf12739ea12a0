"""The import jobs of the account: which names of the outbox it takes, and how those files are written.

A job is set up at CheetahMail by hand, from the same agreement as the sync file; here it is made from `import_files`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gigya_cheetah_assets.config import Segment, SegmentFile, Sync
from gigya_cheetah_assets.config.deletions import DeletionFiles, Deletions
from gigya_cheetah_assets.config.files import FilesTogether, ImportFile, ImportFileDefaults, ImportFiles

UNSUBSCRIBES, ADDRESS_CHANGES, PROFILES, SUBSCRIBES = "unsubscribes", "address_changes", "profiles", "subscribes"
DELETIONS, SEGMENTS = "deletions", "segments"
_NEEDED = {
    UNSUBSCRIBES: ("EMAIL", "GIGYA_UID", "LIST_ID", "OPTOUT_DATE", "REASON"),
    ADDRESS_CHANGES: ("EMAIL_FROM", "EMAIL_TO", "GIGYA_UID", "CHANGED"),
    SUBSCRIBES: ("EMAIL", "GIGYA_UID", "LIST_ID", "OPTIN_DATE", "OPTIN_SOURCE"),
    DELETIONS: ("EMAIL", "GIGYA_UID", "DELETED_AT", "REASON"),
    SEGMENTS: ("EMAIL", "GIGYA_UID", "SEGMENT_CODE", "ACTION", "AS_OF"),
}
_LAST = 100
_PATTERNS = {
    "{window}": r"(?P<window>\d{8}T\d{6}Z)",
    "{as_of}": r"(?P<window>\d{8}T\d{6}Z)",
    "{part}": r"(?P<part>\d+)",
    "{segment}": r"\w+",
}
_PACKING = r"(?:\.gz|\.zip)?"


@dataclass(frozen=True)
class Job:
    """One kind of file.

    Attributes:
        kind: unsubscribes, address_changes, profiles, subscribes, deletions or segments.
        place: Its place in the order of imports of one window.
        name: What the whole name matches; `window` and `part` are groups.
        columns: Of a file without header, and those that one with a header must have.
        header: Whether the first line names the columns.
        lines: `delimited` or `jsonl`.
        delimiter: Between two cells.
        encoding: Of the text.
        trigger: Suffix of the file that must stand beside it; None: taken as soon as it is there.
        count: Suffix of the file with its number of rows; None: not counted.
        renamed: The job's map from the file's columns to `GIGYA_UID` and `EMAIL`.
        replaces: Code of the segment of which a file holds all members; None: a file tells changes.
    """

    kind: str
    place: int
    name: re.Pattern[str]
    columns: tuple[str, ...]
    header: bool
    lines: str
    delimiter: str
    encoding: str
    trigger: str | None
    count: str | None
    renamed: tuple[tuple[str, str], ...]
    replaces: str | None = None

    def match(self, name: str) -> tuple[str, int, int, str] | None:
        """The file's place in the order of imports, None for a file of another job."""
        found = self.name.fullmatch(name)
        if found is None:
            return None
        groups = found.groupdict()
        return groups["window"], self.place, int(groups.get("part") or 1), name


def jobs_of(sync: Sync) -> list[Job]:
    """The jobs for what a sync delivers. Encrypted files have none: the account has no key."""
    uid = next(field.cheetahmail for field in sync.fields if field.key)
    email = next(field.cheetahmail for field in sync.fields if field.type == "email")
    columns = tuple(field.cheetahmail for field in sync.columns)
    renamed = {uid: "GIGYA_UID", email: "EMAIL"}
    jobs = _jobs(sync.import_files, renamed, columns)
    if sync.deletions.source != "none":
        jobs += _jobs(sync.deletion_files, renamed, columns, first=len(jobs))
    return [*jobs, *_segment_jobs(sync.segments, sync.import_files.defaults, renamed)]


def usual_jobs() -> list[Job]:
    """The jobs for the names of `syncs/sandbox.yaml`, for an account that has not been set up for a sync."""
    names = {UNSUBSCRIBES: "unsubs", ADDRESS_CHANGES: "coa", PROFILES: "profiles", SUBSCRIBES: "subs"}
    files = {kind: ImportFile(name=f"gigya_{short}_{{window}}.csv") for kind, short in names.items()}
    usual = _jobs(ImportFiles.model_validate(files), {}, ("GIGYA_UID", "EMAIL"))
    deletions = _jobs(DeletionFiles(ImportFileDefaults(), Deletions()), {}, (), first=len(usual))
    return [*usual, *deletions, _segment_job(SegmentFile(), ImportFileDefaults(), {}, None)]


def _segment_jobs(segments: Sequence[Segment], defaults: ImportFileDefaults, renamed: dict[str, str]) -> list[Job]:
    made = []
    for segment in segments:
        if segment.written_file is not None:
            own = segment.written_file.model_copy(
                update={"name": segment.written_file.name.replace("{segment}", segment.name)}
            )
            replaces = segment.name if segment.deliver == "full" else None
            made.append(_segment_job(own, defaults, renamed, replaces))
    return made


def _segment_job(file: SegmentFile, defaults: ImportFileDefaults, renamed: dict[str, str], replaces: str | None) -> Job:
    """The job of a segment file: after all other kinds, since its people must be there."""
    back = {ours: theirs for theirs, ours in renamed.items()}
    reason = ("REASON",) if file.reason_column else ()
    columns = tuple(back.get(name, name) for name in (*_NEEDED[SEGMENTS], *reason))
    layout = file.layout(defaults)
    job = _job(SEGMENTS, _LAST, file, layout=layout, columns=columns, renamed=tuple(renamed.items()))
    return replace(job, replaces=replaces)


def _jobs(files: FilesTogether, renamed: dict[str, str], columns: Sequence[str], *, first: int = 0) -> list[Job]:
    """The jobs of some kinds; `first` is the place of the first one."""
    back = {ours: theirs for theirs, ours in renamed.items()}
    made = []
    for place, (kind, file) in enumerate(files.in_order(), start=first):
        needed = [back.get(name, name) for name in _NEEDED[kind]] if kind in _NEEDED else columns
        layout = file.layout(files.defaults)
        made.append(_job(kind, place, file, layout=layout, columns=tuple(needed), renamed=tuple(renamed.items())))
    return made


def _job(
    kind: str,
    place: int,
    file: ImportFile | SegmentFile,
    *,
    layout: ImportFileDefaults,
    columns: tuple[str, ...],
    renamed: tuple[tuple[str, str], ...],
) -> Job:
    name = re.escape(file.name)
    for place_in_name, pattern in _PATTERNS.items():
        name = name.replace(re.escape(place_in_name), pattern)
    return Job(
        kind=kind,
        place=place,
        name=re.compile(name + _PACKING),
        columns=columns,
        header=layout.header,
        lines=layout.format,
        delimiter=layout.delimiter,
        encoding=layout.encoding,
        trigger=layout.trigger_suffix,
        count=layout.count_suffix,
        renamed=renamed,
    )
