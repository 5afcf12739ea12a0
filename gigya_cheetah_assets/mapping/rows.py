"""Profiles -> rows: each field's rules applied to whole columns, value errors counted, bad records set aside."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.config import FieldConfig
from gigya_cheetah_assets.mapping import consent, dates, filters, text, values
from gigya_cheetah_assets.mapping.field_table import FieldTable

REJECTS = pa.schema([("uid", pa.string()), ("column", pa.string()), ("reason", pa.string())])
_WORTH_THREADS = 5_000
NOTHING = pa.scalar(None, pa.string())


@dataclass(frozen=True)
class Mapped:
    """What became of a batch; profiles = rows + rejected + filtered.

    Attributes:
        rows: Frame of rows: the CheetahMail columns as texts (null is an empty cell), `_updated`, and for each
            subscription C `_state.C` and `_at.C`.
        rejected: Same frame, the records that may not go on, as far as they could be mapped.
        filtered: Same frame, the records that the record filter left out.
        rejects: uid, column, reason; a line for each reason of each rejected record.
        value_errors: Emptied cells and rejects by (column, reason).
    """

    rows: pa.Table
    rejected: pa.Table
    filtered: pa.Table
    rejects: pa.Table
    value_errors: Counter[tuple[str, str]]


@dataclass
class _Column:
    """A column on its way through the rules: its texts so far and what was found wrong, reason by reason."""

    texts: pa.Array
    errors: list[tuple[str, pa.Array]] = field(default_factory=list)

    def check(self, reason: str, checked: values.Checked) -> None:
        self.texts, bad = checked
        self.errors.append((reason, bad))


def map_profiles(table: FieldTable, profiles: pa.Table) -> Mapped:
    """Maps profiles; each row depends on its own profile only."""
    profiles = profiles.combine_chunks()
    keep = filters.kept(profiles, table.record_filter)
    columns: dict[str, pa.Array] = {}
    states: dict[str, pa.Array] = {"_updated": _array(profiles, "updated")}
    problems: list[tuple[str, str, pa.Array]] = []
    errors: Counter[tuple[str, str]] = Counter()
    for config, (column, state) in zip(table.fields, _all_mapped(table, profiles), strict=True):
        columns[config.cheetahmail] = column.texts
        if state is not None:
            states[f"_state.{config.cheetahmail}"], states[f"_at.{config.cheetahmail}"] = state
        for reason, bad in _shape_errors(config, profiles, column):
            wrong = pc.and_(bad, keep)
            count = pc.sum(wrong).as_py() or 0
            if count:
                errors[config.cheetahmail, reason] += count
                if config.key or config.required or config.on_error == "reject":
                    problems.append((config.cheetahmail, reason, wrong))
    rows = pa.table({**columns, **states})
    return _sorted_out(table, rows, keep, problems, errors)


def _sorted_out(
    table: FieldTable,
    rows: pa.Table,
    keep: pa.Array,
    problems: list[tuple[str, str, pa.Array]],
    errors: Counter[tuple[str, str]],
) -> Mapped:
    uids = rows[table.key.cheetahmail].combine_chunks()
    bad = pa.repeat(pa.scalar(False), len(rows))
    lines = [REJECTS.empty_table()]
    for column, reason, mask in problems:
        bad = pc.or_(bad, mask)
        hit = uids.filter(mask)
        lines.append(pa.table([hit, pa.repeat(column, len(hit)), pa.repeat(reason, len(hit))], schema=REJECTS))
    good = pc.and_(keep, pc.invert(bad))
    everything_good = pc.all(good).as_py()
    return Mapped(
        rows=rows if everything_good else rows.filter(good),
        rejected=rows.filter(pc.and_(keep, bad)),
        filtered=rows.filter(pc.invert(keep)),
        rejects=pa.concat_tables(lines),
        value_errors=errors,
    )


def _all_mapped(table: FieldTable, profiles: pa.Table) -> list[tuple[_Column, tuple[pa.Array, pa.Array] | None]]:
    """The columns of all fields; of a large batch on two threads, since Arrow's kernels run without the GIL."""
    if len(profiles) < _WORTH_THREADS:
        return [_mapped(config, profiles) for config in table.fields]
    with ThreadPoolExecutor(2, thread_name_prefix="mapping") as threads:
        return list(threads.map(lambda config: _mapped(config, profiles), table.fields))


def _mapped(config: FieldConfig, profiles: pa.Table) -> tuple[_Column, tuple[pa.Array, pa.Array] | None]:
    """The finished column, and for a subscription its states and times."""
    if config.type == "subscription":
        return _subscription(config, profiles)
    column = _source(config, profiles)
    if not config.is_date_parts:
        _reshape(config, column)
        _typed(config, column)
    if config.default is not None:
        absent_or_unmapped = pc.invert(
            _any([bad for reason, bad in column.errors if reason != "unmapped"], column.texts)
        )
        column.texts = pc.if_else(pc.and_(pc.is_null(column.texts), absent_or_unmapped), config.default, column.texts)
        column.errors = [(reason, bad) for reason, bad in column.errors if reason != "unmapped"]
    _finish(config, column)
    return column, None


def _source(config: FieldConfig, profiles: pa.Table) -> _Column:
    """The raw text: constant, joined array, date parts, or the first present of several paths."""
    if config.constant is not None:
        return _Column(pa.repeat(config.constant, len(profiles)))
    if config.key:
        return _Column(_array(profiles, "UID"))
    if config.is_date_parts:
        parts = [text.clean(_array(profiles, path)) for path in config.paths]
        column = _Column(parts[0])
        year, month, day = (_present(part) for part in parts)
        column.check("not_a_date", dates.from_parts(year, month, day, config.format))
        return column
    texts = [_cleaned(config, _text_of(config, profiles, path)) for path in config.paths]
    return _Column(texts[0] if len(texts) == 1 else pc.coalesce(*texts))


def _text_of(config: FieldConfig, profiles: pa.Table, path: str) -> pa.Array:
    array = _array(profiles, path)
    return array if config.join is None else pc.binary_join(array, config.join)


def _cleaned(config: FieldConfig, texts: pa.Array) -> pa.Array:
    return _present(texts if config.raw else text.clean(texts))


def _reshape(config: FieldConfig, column: _Column) -> None:
    column.texts = values.replaced(column.texts, config.replace)
    if config.collapse:
        column.texts = values.collapsed(column.texts)
    if config.case is not None:
        column.texts = values.cased(column.texts, config.case)
    if config.replace or config.collapse:
        column.texts = _present(column.texts)
    if config.values is not None and config.type != "boolean":
        column.check("unmapped", values.mapped(column.texts, config.values))
    if config.function is not None:
        column.texts = _present(values.by_function(column.texts, config.function))


def _typed(config: FieldConfig, column: _Column) -> None:
    texts = column.texts
    match config.type:
        case "integer":
            column.check("not_an_integer", values.integer(texts, config.format))
        case "decimal":
            column.check("not_a_number", values.decimal(texts, config.format))
        case "boolean":
            column.check("not_a_boolean", values.boolean(texts, config.values))
        case "date":
            column.check("not_a_date", dates.date(texts, config.input_format, config.format))
        case "datetime":
            column.check("not_a_datetime", dates.datetime(texts, config.input_format, config.format))
        case "email":
            column.check("not_an_email", values.email(texts))
        case "string" | "subscription":
            pass


def _finish(config: FieldConfig, column: _Column) -> None:
    """What comes last: truncate, hash, length; then wrong cells are emptied."""
    bad = _any([mask for _, mask in column.errors], column.texts)
    column.texts = pc.if_else(bad, NOTHING, column.texts)
    if config.truncate is not None:
        column.texts = values.truncated(column.texts, config.truncate)
    if config.hash is not None:
        column.texts = values.hashed(column.texts, config.hash)
    if config.max_length is not None:
        long = pc.fill_null(pc.greater(pc.utf8_length(column.texts), config.max_length), False)
        column.errors.append(("too_long", long))
        column.texts = pc.if_else(long, NOTHING, column.texts)
    if config.key or config.required:
        column.errors.append(
            ("missing", pc.and_(pc.is_null(column.texts), pc.invert(_any([m for _, m in column.errors], bad))))
        )


def _subscription(config: FieldConfig, profiles: pa.Table) -> tuple[_Column, tuple[pa.Array, pa.Array]]:
    path = config.paths[0]
    if f"{path}.at" in profiles.column_names:
        states, at = _array(profiles, path), _array(profiles, f"{path}.at")
        column = _Column(states)
    else:
        column = _Column(_array(profiles, path))
        column.check("not_a_consent", consent.from_text(column.texts))
        states, at = column.texts, pa.nulls(len(profiles), pa.int64())
    spelled = {consent.OPT_IN: "1", consent.OPT_OUT: "0", **(config.values or {})}
    spelled[consent.PENDING] = spelled[consent.OPT_OUT]
    column.texts, _ = values.mapped(states, spelled)
    if config.default is not None:
        column.texts = pc.fill_null(column.texts, config.default)
    if config.required:
        column.errors.append(("missing", pc.is_null(column.texts)))
    return column, (states, at)


def _shape_errors(config: FieldConfig, profiles: pa.Table, column: _Column) -> list[tuple[str, pa.Array]]:
    """The column's errors, with those of extraction: values of a shape that no rule can read."""
    found = profiles["value_errors"].combine_chunks()
    if found.null_count == len(found):
        return column.errors
    unreadable = [
        pc.fill_null(pc.match_substring(pc.binary_join_element_wise(",", found, ",", ""), f",{path},"), False)
        for path in config.paths
    ]
    return [*column.errors, *(("unreadable", mask) for mask in unreadable)]


def _array(profiles: pa.Table, name: str) -> pa.Array:
    return profiles[name].combine_chunks()


def _present(texts: pa.Array) -> pa.Array:
    """An empty text is an absent value."""
    return pc.if_else(pc.equal(texts, ""), NOTHING, texts)


def _any(masks: list[pa.Array], like: pa.Array) -> pa.Array:
    result = values.none_of(like)
    for mask in masks:
        result = pc.or_(result, mask)
    return result
