"""One sync: a Gigya site joined to a CheetahMail account. What spans several parts of the file is checked here."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field, model_validator

from gigya_cheetah_assets.config.deadlines import OptOutDeadlines
from gigya_cheetah_assets.config.deletions import DeletionFiles, Deletions
from gigya_cheetah_assets.config.fields import FieldConfig, RecordFilter
from gigya_cheetah_assets.config.files import ImportFiles, InboundFiles, layout_problem
from gigya_cheetah_assets.config.gigya import GigyaConfig
from gigya_cheetah_assets.config.model import Model, Share
from gigya_cheetah_assets.config.segments import Segment, segment_problems
from gigya_cheetah_assets.config.staging import StagingConfig


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


class Windows(Model):
    """The time partitions of the outbound flow, in UTC.

    Attributes:
        start: Start of the first window; that window reads everything older too (the initial load).
        delay_minutes: How long after its end a window is read: Gigya's search lags up to 30 s behind writes.
        overlap_seconds: How far before its start a window reads; what comes twice is the same and stays out.
    """

    every: Literal["hour", "day"] = "hour"
    start: Annotated[AwareDatetime, AfterValidator(_utc)]
    delay_minutes: Annotated[int, Field(ge=0, le=59)] = 5
    overlap_seconds: Annotated[int, Field(ge=0, le=3600)] = 60

    @model_validator(mode="after")
    def _start_on_a_boundary(self) -> Windows:
        fine = (self.start.minute, self.start.second, self.start.microsecond) == (0, 0, 0)
        if not fine or (self.every == "day" and self.start.hour != 0):
            raise ValueError(f"expected a start on a full {self.every} (UTC)")
        return self


class Limits(Model):
    """Shares, and a number of new accounts, at which a sync brakes before it writes; see `gigya-cheetah release`."""

    max_reject_share: Share = 0.02
    max_volume_drop: Share = 0.5
    max_opt_out_share: Share = 0.1
    max_opt_in_share: Share = 0.1
    max_blank_share: Share = 0.1
    max_created: Annotated[int, Field(ge=0)] = 100
    max_deletion_share: Share = 0.05
    max_segment_change: Share = 0.5


class Sync(Model):
    """One sync file.

    Attributes:
        create_accounts: Whether rows about people whom Gigya does not know make accounts, and of which kind.
        record_filter: Conditions that all must hold for a record to be exported; the others are filtered.
        sample_size: Sample mode: only so many accounts of a window, the lowest UIDs by their stable order.
        retention_days: How long local copies and Parquet of personal data are kept; see docs/operations.md.
        automation: Whether schedules and sensors are on when the daemon starts.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=60)]
    gigya: GigyaConfig
    windows: Windows
    staging: StagingConfig
    import_files: ImportFiles
    record_filter: tuple[RecordFilter, ...] = ()
    fields: Annotated[tuple[FieldConfig, ...], Field(min_length=1)]
    inbound_files: InboundFiles | None = None
    create_accounts: Literal["never", "lite", "full"] = "never"
    segments: tuple[Segment, ...] = ()
    deletions: Deletions = Deletions()
    limits: Limits = Limits()
    opt_out_deadlines: OptOutDeadlines = OptOutDeadlines()
    sample_size: Annotated[int | None, Field(ge=1)] = None
    retention_days: Annotated[int, Field(ge=1, le=3650)] = 30
    automation: Literal["running", "stopped"] = "stopped"

    @property
    def columns(self) -> tuple[FieldConfig, ...]:
        """All columns of the profiles file: the fields, then the flag columns of segments, which say "no" here."""
        flags = (segment.flag_field for segment in self.segments)
        return (*self.fields, *(field for field in flags if field is not None))

    @model_validator(mode="after")
    def _fields_fit_together(self) -> Sync:
        columns = {field.cheetahmail.upper() for field in self.fields}
        problems = [
            *self._field_problems(),
            *self._creation_problems(),
            *self._list_problems(),
            *self._deadline_problems(),
            *self._deletion_problems(),
            *segment_problems(self.segments, columns, self.import_files.defaults, self.record_filter),
            *self._canary_problems(),
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _field_problems(self) -> list[str]:
        names = Counter(field.cheetahmail.upper() for field in self.fields)
        twice = sorted(name for name, count in names.items() if count > 1)
        keys = [field for field in self.fields if field.key]
        emails = [field for field in self.fields if field.type == "email"]
        problems = []
        if twice:
            problems.append(f"fields: column {', '.join(twice)} is there twice (letter case aside)")
        if len(keys) != 1:
            problems.append(f"fields: expected exactly one field with key: true, found {len(keys)}")
        elif keys[0].paths != ("UID",):
            problems.append("fields: the key field must have gigya: UID")
        if len(emails) != 1:
            problems.append(f"fields: expected exactly one field of type email, found {len(emails)}")
        return problems

    @property
    def deletion_files(self) -> DeletionFiles:
        """The suppression file, as it is delivered."""
        return DeletionFiles(self.import_files.defaults, self.deletions)

    def _deletion_problems(self) -> list[str]:
        problem = layout_problem(self.deletions.name, self.deletions.layout(self.import_files.defaults))
        if self.deletions.source == "none":
            return []
        if any(file.name == self.deletions.name for _, file in self.import_files.in_order()):
            problem = "expected a name that no kind of import_files has"
        return [] if problem is None else [f"deletions: {problem}"]

    def _creation_problems(self) -> list[str]:
        if self.create_accounts in ("never", self.gigya.accounts) or self.gigya.accounts == "both":
            return []
        kind, read = self.create_accounts, self.gigya.accounts
        return [f"create_accounts: expected gigya.accounts: both, since {kind} accounts are not read with {read}"]

    def _deadline_problems(self) -> list[str]:
        column = self.opt_out_deadlines.country_column
        if column is None or any(field.cheetahmail == column for field in self.fields):
            return []
        return [f"opt_out_deadlines.country_column: {column} is no column of fields"]

    def _canary_problems(self) -> list[str]:
        files = self.inbound_files
        if files is None or files.canary is None:
            return []
        canary, where = files.canary, "inbound_files.canary"
        problems = [] if getattr(files, canary.feed) else [f"{where}.feed: inbound_files has no {canary.feed}"]
        field = next((field for field in self.fields if field.cheetahmail == canary.column), None)
        if field is None:
            return [*problems, f"{where}.column: {canary.column} is no column of fields"]
        plain = field.type == "string" and len(field.paths) == 1 and field.owner == "gigya" and not field.key
        rules = (field.constant, field.hash, field.function, field.truncate, field.values, field.join)
        if not plain or any(rule is not None for rule in rules) or field.replace:
            problems.append(f"{where}.column: expected a plain text of Gigya's that {canary.column} carries unchanged")
        return problems

    def _list_problems(self) -> list[str]:
        if self.inbound_files is None:
            return []
        subscriptions = {field.cheetahmail for field in self.fields if field.type == "subscription"}
        feeds = ((kind, getattr(self.inbound_files, kind)) for kind in InboundFiles.KINDS)
        return [
            f"inbound_files.{kind}.list: {column} is no field of type subscription"
            for kind, feed in feeds
            if feed is not None
            for column in feed.list.values()
            if column not in subscriptions
        ]
