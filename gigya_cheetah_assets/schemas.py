"""The pandera schemas between the assets, made from the field table, and how a breach is taken apart.

A breach by a record makes a reject; a breach by the whole frame (a column, a type, a key that stands twice) is a
text without values. Personal values in pandera's failure cases never leave this module.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import pandera.pandas as pa
import pyarrow as arrow
import pyarrow.compute as pc

from gigya_cheetah_assets.config import FieldConfig
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.mapping.values import EMAIL

DUPLICATE_KEYS = "duplicate keys"
_REJECTS = arrow.schema([("uid", arrow.string()), ("column", arrow.string()), ("reason", arrow.string())])
_STATES = ["opt_in", "opt_out", "pending"]
_TEXT = pd.ArrowDtype(arrow.string())


@dataclass(frozen=True)
class Schema:
    """A pandera schema with the name of its key column; other columns of a frame are passed through unchecked."""

    key: str
    columns: tuple[str, ...]
    checks: pa.DataFrameSchema


@dataclass(frozen=True)
class Breaches:
    """What a validation found.

    Attributes:
        good: The rows without a breach.
        bad: The rows with one.
        rejects: uid, column, reason.
        problems: Breaches by the whole frame, in words, without values.
    """

    good: arrow.Table
    bad: arrow.Table
    rejects: arrow.Table
    problems: list[str]


def profiles_schema(table: FieldTable) -> Schema:
    """What `gigya_profiles` promises: the columns of `table.profile_schema`, a UID, known states."""
    columns = {column.name: pa.Column(pd.ArrowDtype(column.type), nullable=True) for column in table.profile_schema}
    columns["UID"] = pa.Column(_TEXT, _key_check(), nullable=False)
    columns["account"] = pa.Column(_TEXT, pa.Check.isin(["full", "lite"], error="known_kind"), nullable=False)
    for path in table.dated_paths:
        columns[path] = pa.Column(_TEXT, pa.Check.isin(_STATES, error="known_state"), nullable=True)
    return Schema("UID", tuple(columns), pa.DataFrameSchema(columns, strict=True, ordered=True))


def rows_schema(table: FieldTable) -> Schema:
    """What `cheetahmail_rows` promises: the columns of the field table, each within its own rules."""
    columns = {
        field.cheetahmail: pa.Column(_TEXT, _checks(field), nullable=not (field.key or field.required))
        for field in table.fields
    }
    key = table.key.cheetahmail
    return Schema(key, tuple(columns), pa.DataFrameSchema(columns, strict=True, ordered=True))


def deletions_schema() -> Schema:
    """What `gigya_deletions` promises of the accounts that a source tells: a UID, when and how."""
    columns = {
        "uid": pa.Column(_TEXT, _key_check(), nullable=False),
        "deleted_at": pa.Column(pd.ArrowDtype(arrow.int64()), pa.Check.ge(0, error="a_time"), nullable=False),
        "reason": pa.Column(_TEXT, nullable=False),
    }
    return Schema("uid", tuple(columns), pa.DataFrameSchema(columns, strict=True, ordered=True))


def validate(schema: Schema, frame: arrow.Table) -> Breaches:
    """Validates a frame as a whole; a call costs some 20 ms whatever its rows, so give it many.

    Args:
        schema: One of the two above.
        frame: At least the schema's columns; what is more goes along with its row.
    """
    problems = _duplicates(schema, frame)
    own = [name for name in frame.column_names if name in schema.columns]
    try:
        schema.checks.validate(frame.select(own).to_pandas(types_mapper=pd.ArrowDtype), lazy=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases
        # A wrong type is listed cell by cell, yet it is the column that is wrong.
        whole = cases["index"].isna() | cases["check"].astype(str).str.startswith("dtype(")
        problems += sorted({f"{_column(case)}: {case['check']}" for _, case in cases[whole].iterrows()})
        return _split(schema, frame, cases[~whole], problems)
    return Breaches(frame, frame.slice(0, 0), _REJECTS.empty_table(), problems)


def _split(schema: Schema, frame: arrow.Table, cases: pd.DataFrame, problems: list[str]) -> Breaches:
    lines = [(int(case["index"]), str(case["column"]), _reason(str(case["check"]))) for _, case in cases.iterrows()]
    lines = sorted(set(lines))
    at = arrow.array([index for index, _, _ in lines], arrow.int64())
    rejects = arrow.table(
        [
            frame[schema.key].take(at),
            arrow.array([column for _, column, _ in lines], arrow.string()),
            arrow.array([reason for _, _, reason in lines], arrow.string()),
        ],
        schema=_REJECTS,
    )
    bad = pc.is_in(arrow.array(range(len(frame)), arrow.int64()), value_set=pc.unique(at))
    return Breaches(frame.filter(pc.invert(bad)), frame.filter(bad), rejects, problems)


def _duplicates(schema: Schema, frame: arrow.Table) -> list[str]:
    if schema.key not in frame.column_names:
        return []
    keys = frame[schema.key].drop_null()
    twice = len(keys) - pc.count_distinct(keys).as_py()
    return [f"{DUPLICATE_KEYS}: {twice} in {schema.key}"] if twice else []


def _checks(field: FieldConfig) -> list[pa.Check]:
    checks: list[pa.Check] = []
    if field.key:
        checks.append(_key_check())
    if field.max_length is not None:
        checks.append(_vectorised("too_long", lambda s, n=field.max_length: s.str.len() <= n))
    if field.type == "email" and field.hash is None:
        checks.append(_matches("not_an_email", EMAIL))
    if _allowed(field) is not None:
        checks.append(pa.Check.isin(_allowed(field), error="not_a_mapped_value"))
    return checks


def _allowed(field: FieldConfig) -> list[str] | None:
    """The values that a value map can give, where no rule after it changes them."""
    if field.values is None or field.function or field.truncate or field.hash:
        return None
    return sorted({*field.values.values(), *([field.default] if field.default is not None else [])})


def _key_check() -> pa.Check:
    return _matches("malformed_key", "^[^\\s\\x{00}-\\x{1f}\\x{7f}]{1,200}$")


def _matches(name: str, pattern: str) -> pa.Check:
    return _vectorised(name, lambda s: pd.Series(_match(s, pattern), index=s.index))


def _match(series: pd.Series, pattern: str) -> pd.Series:
    texts = arrow.array(series, arrow.string(), from_pandas=True)
    return pc.match_substring_regex(texts, pattern).to_pandas()


def _vectorised(name: str, fine: Callable[..., pd.Series]) -> pa.Check:
    return pa.Check(fine, name=name, error=name, ignore_na=True)


def _column(case: pd.Series) -> str:
    column = case["column"] if isinstance(case["column"], str) else case["failure_case"]
    return str(column)


def _reason(check: str) -> str:
    if check == "not_nullable":
        return "missing"
    return check.split("(", 1)[0]
