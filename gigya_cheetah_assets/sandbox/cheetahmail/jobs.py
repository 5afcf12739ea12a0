"""The import jobs of the account: which names of the outbox it takes, and how those files are written.

A job is set up at CheetahMail by hand, from the same agreement as the sync file; here it is made from `import_files`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.config.deletions import DeletionFiles, Deletions
from gigya_cheetah_assets.config.files import FilesTogether, ImportFile, ImportFileDefaults, ImportFiles

UNSUBSCRIBES, ADDRESS_CHANGES, PROFILES, SUBSCRIBES = "unsubscribes", "address_changes", "profiles", "subscribes"
DELETIONS = "deletions"
_NEEDED = {
    UNSUBSCRIBES: ("EMAIL", "GIGYA_UID", "LIST_ID", "OPTOUT_DATE", "REASON"),
    ADDRESS_CHANGES: ("EMAIL_FROM", "EMAIL_TO", "GIGYA_UID", "CHANGED"),
    SUBSCRIBES: ("EMAIL", "GIGYA_UID", "LIST_ID", "OPTIN_DATE", "OPTIN_SOURCE"),
    DELETIONS: ("EMAIL", "GIGYA_UID", "DELETED_AT", "REASON"),
}
_PACKING = r"(?:\.gz|\.zip)?"


@dataclass(frozen=True)
class Job:
    """One kind of file.

    Attributes:
        kind: unsubscribes, address_changes, profiles, subscribes or deletions.
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
    return jobs


def usual_jobs() -> list[Job]:
    """The jobs for the names of `syncs/sandbox.yaml`, for an account that has not been set up for a sync."""
    names = {UNSUBSCRIBES: "unsubs", ADDRESS_CHANGES: "coa", PROFILES: "profiles", SUBSCRIBES: "subs"}
    files = {kind: ImportFile(name=f"gigya_{short}_{{window}}.csv") for kind, short in names.items()}
    usual = _jobs(ImportFiles.model_validate(files), {}, ("GIGYA_UID", "EMAIL"))
    return [*usual, *_jobs(DeletionFiles(ImportFileDefaults(), Deletions()), {}, (), first=len(usual))]


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
    file: ImportFile,
    *,
    layout: ImportFileDefaults,
    columns: tuple[str, ...],
    renamed: tuple[tuple[str, str], ...],
) -> Job:
    name = (
        re.escape(file.name).replace(r"\{window\}", r"(?P<window>\d{8}T\d{6}Z)").replace(r"\{part\}", r"(?P<part>\d+)")
    )
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
