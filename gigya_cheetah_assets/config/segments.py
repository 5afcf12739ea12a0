"""Segments of accounts: the filter, how joins and leaves reach CheetahMail, and when.

The filter's grammar is checked here, so that a mistake shows without a network; whether the site has such fields is
asked of its schema before a run, in `segments.schema_check`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from gigya_cheetah_assets.config.fields import FieldConfig, RecordFilter
from gigya_cheetah_assets.config.files import FileLayout, ImportFileDefaults, layout_problem
from gigya_cheetah_assets.config.model import ColumnName, Model, Share
from gigya_cheetah_assets.grammar import QueryError, fill_dates, parse_condition
from gigya_cheetah_assets.grammar.logic import singles
from gigya_cheetah_assets.grammar.nodes import Regex

# Off the hour, when the windows run.
_CRONS = {"hour": "35 * * * *", "day": "35 4 * * *", "week": "35 4 * * 1"}
_CRON_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_CRON_ITEM = re.compile(r"(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:/[1-9]\d?)?")
_PLACES = ("{segment}", "{as_of}", "{part}")


def _condition(value: str) -> str:
    try:
        condition = parse_condition(fill_dates(value, datetime.now(UTC)))
    except QueryError as error:
        raise ValueError(f"expected a condition of Gigya's query language ({error})") from error
    for single in singles(condition):
        try:
            re.compile(single.pattern if isinstance(single, Regex) else "")
        except re.error as error:
            raise ValueError(f"{single.path}: expected a regular expression ({error})") from error
    return value


def _every(value: str) -> str:
    if value in _CRONS:
        return value
    items = value.split()
    if len(items) != 5 or not all(_in_range(item, limits) for item, limits in zip(items, _CRON_RANGES, strict=True)):
        raise ValueError("expected hour, day, week or a cron expression in UTC such as '35 4 * * *'")
    return value


def _in_range(item: str, limits: tuple[int, int]) -> bool:
    found = [_CRON_ITEM.fullmatch(part) for part in item.split(",")]
    return all(
        part is not None and all(n is None or limits[0] <= int(n) <= limits[1] for n in part.groups()) for part in found
    )


def _file_name(value: str) -> str:
    if "/" in value or "\\" in value or value.startswith((".", "-", "~")):
        raise ValueError("expected a plain file name, without folders and not hidden")
    plain = value
    for place in _PLACES:
        plain = plain.replace(place, "")
    if "{as_of}" not in value or "{" in plain:
        raise ValueError(f"expected {{as_of}} in the name, and no other placeholders than {', '.join(_PLACES)}")
    return value


class SegmentFile(FileLayout):
    """The file of joins and leaves: its name and what differs from `import_files.defaults` (None = as there).

    Attributes:
        name: `{segment}` is the segment's name, `{as_of}` when its members were read, as `20260101T000000Z`.
        reason_column: Adds the column REASON: which condition of the filter began or ceased to hold.
    """

    name: Annotated[str, AfterValidator(_file_name)] = "gigya_segment_{segment}_{as_of}.csv"
    reason_column: bool = False


class FlagValues(Model):
    """What a flag column says of members and of everybody else."""

    in_: Annotated[str, Field(alias="in")] = "1"
    out: str = "0"


class Segment(Model):
    """Accounts that satisfy a filter, delivered as joins and leaves or in full.

    Attributes:
        name: Its partition, and its code in files.
        where: Gigya's where, with dates such as `{now-90d}`; `gigya.where` is joined to it.
        deliver: `changes`: joins and leaves since the last delivery; `full`: all members each time.
        every: When its schedule runs: hour, day, week, or a cron expression (UTC).
        file: The segment file; without one there is a file of the usual name, or none if there is a flag column.
        flag_column: A column of the profiles file that tells who is a member.
        values: What stands in the flag column.
        record_filter: Whether the sync's record filter holds for it too: whom it leaves out is no subscriber.
        explain_joins: Reads also those of whom one condition fails, so that a later join can say which one it was.
        max_segment_change: Instead of the limit of the same name.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=60)]
    where: Annotated[str, Field(min_length=1), AfterValidator(_condition)]
    deliver: Literal["changes", "full"] = "changes"
    every: Annotated[str, AfterValidator(_every)] = "day"
    file: SegmentFile | None = None
    flag_column: ColumnName | None = None
    values: FlagValues = FlagValues()
    record_filter: bool = True
    explain_joins: bool = True
    max_segment_change: Share | None = None

    @model_validator(mode="after")
    def _flag_tells_members_apart(self) -> Segment:
        if self.values.in_ == self.values.out:
            raise ValueError("values: expected different texts for in and out")
        if self.flag_column is None and self.values != FlagValues():
            raise ValueError("values: expected flag_column beside it, whose cells they are")
        return self

    @property
    def cron(self) -> str:
        """The schedule as a cron expression."""
        return _CRONS.get(self.every, self.every)

    @property
    def flag_field(self) -> FieldConfig | None:
        """The flag column as a field, of somebody who is no member; None where there is no such column."""
        if self.flag_column is None:
            return None
        told = f"{self.values.in_!r} for members of the segment {self.name}"
        return FieldConfig(cheetahmail=self.flag_column, constant=self.values.out, description=told)

    @property
    def written_file(self) -> SegmentFile | None:
        """The file that is delivered, None where the flag column alone carries the segment."""
        return self.file or (SegmentFile() if self.flag_column is None else None)


def segment_problems(
    segments: tuple[Segment, ...],
    columns: set[str],
    defaults: ImportFileDefaults,
    record_filter: tuple[RecordFilter, ...],
) -> list[str]:
    """What is wrong with segments beside each other, beside the columns (in upper case) and the record filter."""
    names, taken, problems = set[str](), set(columns), list[str]()
    elsewhere = [told for condition in record_filter if (told := _not_of_accounts(condition))]
    for place, segment in enumerate(segments):
        if segment.record_filter and elsewhere:
            problems.append(
                f"segments[{place}]: the record filter asks for {', '.join(elsewhere)}, which accounts do not have; "
                "write what you mean into where, and record_filter: false"
            )
        if segment.name in names:
            problems.append(f"segments[{place}].name: {segment.name!r} is there twice")
        names.add(segment.name)
        flag = (segment.flag_column or "").upper()
        if flag and flag in taken:
            problems.append(f"segments[{place}].flag_column: column {segment.flag_column} is there twice")
        taken.add(flag)
        file = segment.written_file
        problem = layout_problem(file.name, file.layout(defaults)) if file else None
        if problem:
            problems.append(f"segments[{place}].file: {problem}")
    files = [file.name.replace("{segment}", s.name) for s in segments if (file := s.written_file)]
    return [*problems, *(["segments: expected a different file name for each"] if len(set(files)) < len(files) else [])]


def _not_of_accounts(condition: RecordFilter) -> str | None:
    """What a condition asks for if accounts alone do not tell it: a segment reads nothing else of everybody."""
    if condition.function is not None:
        return f"the function {condition.function}"
    path = condition.gigya or ""
    return path if path.startswith("subscriptions.") else None
