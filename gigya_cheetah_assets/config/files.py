"""The files on either side: `import_files` that CheetahMail loads, `inbound_files` that it extracts."""

from __future__ import annotations

import codecs
from typing import Annotated, ClassVar, Literal, Protocol, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, field_validator, model_validator

from gigya_cheetah_assets.config.model import ColumnName, Model
from gigya_cheetah_assets.config.pgp import PgpIn, PgpOut


def _encoding(value: str) -> str:
    try:
        codecs.lookup(value)
    except LookupError as error:
        raise ValueError("expected an encoding that Python knows, such as utf-8 or cp1252") from error
    return value


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("expected a time zone such as America/New_York or UTC") from error
    return value


Encoding = Annotated[str, AfterValidator(_encoding)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Count = Annotated[int, Field(ge=1)]
Treatment = Literal["opt_out", "opt_out_all", "bounce", "echo", "ignore"]
Delimiter = Annotated[str, Field(min_length=1, max_length=1)]
Compression = Literal["none", "gzip", "zip"]
Format = Literal["delimited", "jsonl"]
Text = Annotated[str, Field(min_length=1)]
Kind = Literal["unsubscribes", "address_changes", "profiles", "subscribes", "deletions"]
Defaults = TypeVar("Defaults", bound=Model)
KINDS_IN_ORDER: tuple[Kind, ...] = ("unsubscribes", "address_changes", "profiles", "subscribes")


class ImportFileDefaults(Model):
    """How a delivered file is written; see docs/files.md.

    Attributes:
        format: `delimited` lines, or `jsonl`: one JSON object a line, in UTF-8.
        quoting: `minimal` quotes only what needs it, `all` every cell.
        max_rows: A kind with more rows is delivered in several files; then its name needs `{part}`.
        count_suffix: When set, a file with this suffix and the number of rows in it follows each delivered file.
        trigger_suffix: When set, an empty file with this suffix follows each delivered file, last of all.
        pgp: Whom the file is encrypted to and who signs it.
    """

    format: Format = "delimited"
    delimiter: Delimiter = ","
    encoding: Encoding = "utf-8"
    header: bool = True
    line_end: Literal["lf", "crlf"] = "lf"
    quoting: Literal["minimal", "all"] = "minimal"
    compression: Compression = "none"
    max_rows: Count | None = None
    count_suffix: Text | None = None
    trigger_suffix: Text | None = None
    pgp: PgpOut | None = None


class FileLayout(Model):
    """What a delivered file has otherwise than the defaults (None = as the defaults)."""

    format: Format | None = None
    delimiter: Delimiter | None = None
    encoding: Encoding | None = None
    header: bool | None = None
    line_end: Literal["lf", "crlf"] | None = None
    quoting: Literal["minimal", "all"] | None = None
    compression: Compression | None = None
    max_rows: Count | None = None
    count_suffix: Text | None = None
    trigger_suffix: Text | None = None
    pgp: PgpOut | None = None

    def layout(self, defaults: ImportFileDefaults) -> ImportFileDefaults:
        """The defaults with this file's own settings laid over them."""
        return _laid_over(defaults, self)


class ImportFile(FileLayout):
    """One kind of delivered file: its name and what differs from the defaults."""

    name: str

    @field_validator("name")
    @classmethod
    def _plain_name_with_window(cls, value: str) -> str:
        if "/" in value or "\\" in value or value.startswith((".", "-", "~")):
            raise ValueError("expected a plain file name, without folders and not hidden")
        if "{window}" not in value:
            raise ValueError("expected {window} in the name: each window needs a file of its own")
        if value.replace("{window}", "").replace("{part}", "").count("{"):
            raise ValueError("expected no other placeholders than {window} and {part}")
        return value


class FilesTogether(Protocol):
    """Files of one window that are delivered together, by kind."""

    @property
    def defaults(self) -> ImportFileDefaults:
        """How they are written unless a kind says otherwise."""

    def in_order(self) -> list[tuple[Kind, ImportFile]]:
        """The kinds in the order in which they must be delivered."""

    def place(self, kind: Kind) -> str:
        """Where the sync file has a kind."""


class ImportFiles(Model):
    """The kinds of delivered files; only `profiles` is required. They leave in `KINDS_IN_ORDER`."""

    defaults: ImportFileDefaults = ImportFileDefaults()
    unsubscribes: ImportFile | None = None
    address_changes: ImportFile | None = None
    profiles: ImportFile
    subscribes: ImportFile | None = None

    @model_validator(mode="after")
    def _distinct_names(self) -> ImportFiles:
        names = [file.name for _, file in self.in_order()]
        if len(set(names)) != len(names):
            raise ValueError("expected a different name for each kind of file")
        return self

    @model_validator(mode="after")
    def _layouts_that_can_be_written(self) -> ImportFiles:
        for kind, file in self.in_order():
            problem = layout_problem(file.name, file.layout(self.defaults))
            if problem is not None:
                raise ValueError(f"{kind}: {problem}")
        return self

    def in_order(self) -> list[tuple[Kind, ImportFile]]:
        """The configured kinds in the order in which they must be delivered."""
        found = ((kind, getattr(self, kind)) for kind in KINDS_IN_ORDER)
        return [(kind, file) for kind, file in found if file is not None]

    def place(self, kind: Kind) -> str:
        """Where the sync file has a kind."""
        return f"import_files.{kind}"


def layout_problem(name: str, layout: ImportFileDefaults) -> str | None:
    """Why no file of this name can be written in this layout; None when it can."""
    if layout.max_rows is not None and "{part}" not in name:
        return "expected {part} in the name: max_rows makes several files of one delivery"
    if layout.format == "jsonl" and codecs.lookup(layout.encoding).name != "utf-8":
        return "expected encoding utf-8, because JSON lines have no other"
    if layout.count_suffix is not None and layout.count_suffix == layout.trigger_suffix:
        return "expected different suffixes for the count file and the trigger file"
    return None


class InboundDefaults(Model):
    """How CheetahMail's files are read unless a feed says otherwise, and what a file may hold.

    Attributes:
        time_zone: Of the times in the files; they have none of their own.
        null_words: Texts that say nothing, as if the column were missing in that row; letter case aside.
        trigger_suffix: When set, a file is read only once a file of its name and this suffix stands beside it.
        look_seconds: How often the inbox is looked into.
        min_age_seconds: How old a file must be, besides being the same at two looks.
        echo_hours: How long after an opt-out that we uploaded its return counts as its echo.
        format: `delimited` lines, or `jsonl`: one JSON object a line.
        member: Shell pattern on the names in a zip of several files; without it a zip must hold one file.
        pgp: Our key and the sender's; a feed with it reads encrypted files only.
        max_megabytes: Of the unpacked file.
        max_ratio: Unpacked to packed size, looked at from 64 MiB on.
        max_members: Entries of a zip.
        max_columns: More refuse the file.
        max_field: Characters of a cell; a longer one rejects its row.
        max_row_bytes: A longer row is rejected.
    """

    format: Format = "delimited"
    delimiter: Literal["auto"] | Delimiter = "auto"
    encoding: Encoding = "utf-8"
    member: Text | None = None
    pgp: PgpIn | None = None
    time_zone: TimeZone = "America/New_York"
    null_words: tuple[str, ...] = ()
    trigger_suffix: Text | None = None
    look_seconds: Count = 30
    min_age_seconds: Annotated[int, Field(ge=0)] = 20
    echo_hours: Annotated[int, Field(ge=0)] = 48
    max_megabytes: Count = 20_480
    max_ratio: Count = 200
    max_members: Count = 1000
    max_columns: Count = 2000
    max_field: Count = 65_536
    max_row_bytes: Count = 1 << 20


class InboundFile(Model):
    """One feed of CheetahMail: the names it has, and what differs from the defaults.

    Attributes:
        pattern: Shell pattern on the name in the inbox; `not` excludes names that it would match too.
        list: CheetahMail list id to the subscription column that it stands for; without it the list of
            `unsubscribes` counts.
        changed_at: Column with the time of a row's change.
        aliases: Canonical column to other header names it may have.
        expect: How often a file must arrive.
        reasons: Reason code of an unsubscribe to what it means, laid over the known ones.
        results: Result code of a bounce to how hard it is.
        events: Event types that are bounces, for a feed that holds other events too.
        first_party: Sources of a subscribe that tell that the person gave it.
        blank_erases: Columns whose empty cell empties the field in Gigya; elsewhere it says nothing.
    """

    pattern: Text
    not_: Annotated[str | None, Field(alias="not")] = None
    list: Annotated[dict[str, ColumnName], Field(default_factory=dict)]
    changed_at: str | None = None
    aliases: Annotated[dict[str, tuple[str, ...]], Field(default_factory=dict)]
    expect: Literal["daily"] | None = None
    format: Format | None = None
    delimiter: Literal["auto"] | Delimiter | None = None
    encoding: Encoding | None = None
    member: Text | None = None
    pgp: PgpIn | None = None
    time_zone: TimeZone | None = None
    null_words: tuple[str, ...] | None = None
    reasons: Annotated[dict[str, Treatment], Field(default_factory=dict)]
    results: Annotated[dict[str, Literal["hard", "soft"]], Field(default_factory=dict)]
    events: tuple[str, ...] = ()
    first_party: tuple[str, ...] = ()
    blank_erases: tuple[ColumnName, ...] = ()

    def layout(self, defaults: InboundDefaults) -> InboundDefaults:
        """The defaults with this feed's own settings laid over them."""
        return _laid_over(defaults, self)


class Canary(Model):
    """A test person of your own whose value changes every day and must come back; see docs/operations.md.

    Attributes:
        uid: The account in Gigya.
        address: Its address; nothing is written to an account that has another one.
        column: The column that carries the day: a plain field of Gigya's that nothing else uses.
        feed: The feed in which it comes back.
    """

    uid: Text
    address: Text
    column: ColumnName
    feed: Literal["profiles", "full_extract"] = "profiles"


class InboundFiles(Model):
    """The feeds that are read from the inbox, by kind, and the canary that tells whether they come at all."""

    KINDS: ClassVar[tuple[str, ...]] = (
        "unsubscribes", "subscribes", "profiles", "address_changes", "bounces", "import_reports", "full_extract",
    )  # fmt: skip

    defaults: InboundDefaults = InboundDefaults()
    unsubscribes: InboundFile | None = None
    subscribes: InboundFile | None = None
    profiles: InboundFile | None = None
    address_changes: InboundFile | None = None
    bounces: InboundFile | None = None
    import_reports: InboundFile | None = None
    full_extract: InboundFile | None = None
    canary: Canary | None = None

    def feeds(self) -> list[tuple[str, InboundFile]]:
        """The configured feeds by kind."""
        found = ((kind, getattr(self, kind)) for kind in self.KINDS)
        return [(kind, feed) for kind, feed in found if feed is not None]


def _laid_over(defaults: Defaults, own: Model) -> Defaults:
    """The defaults with what the other model has of the same name and has set."""
    shared = type(defaults).model_fields.keys() & type(own).model_fields.keys()
    update = {name: value for name in shared if (value := getattr(own, name)) is not None}
    return defaults.model_copy(update=update)
