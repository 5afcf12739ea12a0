"""One line of `fields` in the sync file: a CheetahMail column, where it comes from and how it is made.

This is the fact behind mapping, schemas, checks, column lineage and docs; `mapping.field_table` derives them.
Rules apply in the order of the attributes from `replace` to `max_length`.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from gigya_cheetah_assets.config.forms import Form, form_of, problems_of
from gigya_cheetah_assets.config.model import ColumnName, FunctionName, GigyaPath, Model, Regex

FieldType = Literal["string", "integer", "decimal", "boolean", "date", "datetime", "email", "subscription"]


class Replacement(Model):
    r"""A regular expression and what takes the place of each match (`\1` names a group)."""

    pattern: Regex
    with_: Annotated[str, Field(alias="with")] = ""


class FieldConfig(Model):
    r"""A CheetahMail column.

    Attributes:
        cheetahmail: Name of the column.
        gigya: Path of the value; of several paths the first present one, or with `type: date` year, month, day.
        pick: What several paths mean; `auto` is `date_parts` for three paths of a date, else `first`.
        constant: The same text for everybody, instead of a path.
        key: The column that carries the Gigya UID on both sides.
        required: A record without a value is a reject.
        raw: The text stays as it is: no unescaping, no NFC, control characters stay, ends are not trimmed.
        join: Joins an array with this text; a scalar counts as an array of one.
        replace: Regular expressions, one after the other.
        collapse: Runs of white space become one blank.
        case: Letter case.
        values: Value map; a value that is not in it is unmapped and gets `default`. For a boolean the keys are
            `true` and `false`, for a subscription `opt_in` and `opt_out`.
        function: `module:function` from Series to Series, for what no rule says.
        input_format: strptime format of a date that is no ISO date.
        format: strftime format of a date or datetime; format spec such as `.2f` of a number.
        default: Stands for absent and for unmapped values.
        truncate: Cuts the text to so many characters.
        hash: Replaces the text by its hex digest (of UTF-8).
        max_length: A longer text is a value error.
        on_error: What a value error does: empty the cell, or reject the record.
        double_opt_in: Whether a subscription without a double opt-in record counts as confirmed (`auto`) or never
            does (`required`).
        min_version: Oldest version of its document to which a consent statement (`preferences.…`) counts.
        min_date: Oldest date of its document to which a consent statement counts.
        topic_channel_id: Key of a Communication Preference in the account, where that is not `<topic>_<channel>`.
        owner: Who decides when both sides changed the value; `gigya` is never written by the inbound flow.
        description: Shown as the column's description.
    """

    cheetahmail: ColumnName
    gigya: Annotated[tuple[GigyaPath, ...] | None, Field(min_length=1)] = None
    pick: Literal["auto", "first", "date_parts"] = "auto"
    constant: str | None = None
    key: bool = False
    type: FieldType = "string"
    required: bool = False
    raw: bool = False
    join: str | None = None
    replace: tuple[Replacement, ...] = ()
    collapse: bool = False
    case: Literal["upper", "lower", "title"] | None = None
    values: dict[str, str] | None = None
    function: FunctionName | None = None
    input_format: str | None = None
    format: str | None = None
    default: str | None = None
    truncate: Annotated[int | None, Field(ge=1)] = None
    hash: Literal["md5", "sha1", "sha256"] | None = None
    max_length: Annotated[int | None, Field(ge=1)] = None
    on_error: Literal["blank", "reject"] = "blank"
    double_opt_in: Literal["auto", "required"] = "auto"
    min_version: Annotated[float | None, Field(ge=0)] = None
    min_date: date | None = None
    topic_channel_id: Annotated[str | None, Field(min_length=1)] = None
    owner: Literal["gigya", "cheetahmail", "latest"] = "gigya"
    description: str | None = None

    @field_validator("gigya", mode="before")
    @classmethod
    def _one_path_as_tuple(cls, value: object) -> object:
        if isinstance(value, str):
            return (value,)
        return tuple(value) if isinstance(value, list) else value

    @field_validator("values", mode="before")
    @classmethod
    def _keys_as_text(cls, value: object) -> object:
        # YAML reads an unquoted `true:` or `1:` as boolean or number; the map compares texts.
        if not isinstance(value, dict):
            return value
        return {_plain(k): _plain(v) for k, v in value.items()}

    @field_validator("constant", "default", mode="before")
    @classmethod
    def _scalar_as_text(cls, value: object) -> object:
        return value if value is None else _plain(value)

    @model_validator(mode="after")
    def _consistent(self) -> FieldConfig:
        problems = [text for broken, text in self._contradictions() if broken]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _contradictions(self) -> list[tuple[bool, str]]:
        several = len(self.paths) > 1
        number = self.type in ("integer", "decimal")
        return [
            ((self.gigya is None) == (self.constant is None), "expected either gigya or constant"),
            (self.key and (self.type != "string" or several), "key needs one path of type string"),
            (
                self.key and any((self.replace, self.case, self.values, self.default, self.function,
                                  self.truncate, self.hash, self.join, self.collapse)),
                "key must stay as it is: no rule may change it",
            ),
            (self.join is not None and several, "join needs a single path"),
            (
                self.pick == "date_parts" and not (self.type == "date" and len(self.paths) == 3),
                "pick: date_parts needs type: date and three paths: year, month, day",
            ),
            (
                self.input_format is not None and self.type not in ("date", "datetime"),
                "input_format needs type: date or datetime",
            ),
            (
                self.format is not None and not (number or self.type in ("date", "datetime")),
                "format needs a date, datetime, integer or decimal",
            ),
            (number and self.format is not None and not _number_format(self.format, self.type),
             "expected a number format such as .2f"),
            (
                self.type == "subscription" and self.values is not None
                and set(self.values) != {"opt_in", "opt_out"},
                "values of a subscription are opt_in and opt_out",
            ),
            (
                self.type == "subscription" and (several or self.gigya is None),
                "a subscription needs one path in gigya",
            ),
            (
                self.type == "boolean" and self.values is not None
                and not set(self.values) <= {"true", "false"},
                "values of a boolean are true and false",
            ),
            *problems_of(self),
        ]  # fmt: skip

    @property
    def paths(self) -> tuple[str, ...]:
        """The Gigya paths, none for a constant."""
        return self.gigya or ()

    @property
    def form(self) -> Form:
        """In which form Gigya keeps the consent of a subscription."""
        return form_of(self.paths[0]) if self.paths else "field"

    @property
    def cells(self) -> dict[str, str]:
        """The cell of each state of a subscription; what is pending is written as no opt-in."""
        spelled = {"opt_in": "1", "opt_out": "0", **(self.values or {})}
        return {**spelled, "pending": spelled["opt_out"]}

    @property
    def is_date_parts(self) -> bool:
        """Whether the three paths are year, month and day of one date."""
        if self.pick == "auto":
            return self.type == "date" and len(self.paths) == 3
        return self.pick == "date_parts"


class RecordFilter(Model):
    """A condition on the profile; records that break it are counted as filtered and go no further.

    Exactly one of `equals`, `in`, `not_in`, `matches`, `present` goes with `gigya`; `function` stands alone and is
    `module:function` from a DataFrame of profiles to a boolean Series.
    """

    gigya: GigyaPath | None = None
    equals: str | None = None
    in_: Annotated[tuple[str, ...] | None, Field(alias="in")] = None
    not_in: tuple[str, ...] | None = None
    matches: Regex | None = None
    present: bool | None = None
    function: FunctionName | None = None

    @field_validator("equals", mode="before")
    @classmethod
    def _scalar_as_text(cls, value: object) -> object:
        return value if value is None else _plain(value)

    @field_validator("in_", "not_in", mode="before")
    @classmethod
    def _list_as_texts(cls, value: object) -> object:
        return tuple(_plain(v) for v in value) if isinstance(value, list) else value

    @model_validator(mode="after")
    def _one_condition(self) -> RecordFilter:
        tests = [self.equals, self.in_, self.not_in, self.matches, self.present]
        given = sum(test is not None for test in tests)
        if self.function is not None:
            if self.gigya is not None or given:
                raise ValueError("function stands alone, without gigya and without a test")
        elif self.gigya is None or given != 1:
            raise ValueError("expected gigya with one of equals, in, not_in, matches, present")
        return self


def _plain(value: object) -> object:
    """A YAML scalar as the text a person meant: `true` and `1` stay `true` and `1`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return value


def _number_format(spec: str, kind: FieldType) -> bool:
    try:
        format(1 if kind == "integer" else Decimal("1.5"), spec)
    except ValueError:
        return False
    return True
