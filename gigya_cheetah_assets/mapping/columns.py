"""One field's column: the source, the rules in their order, and what was found wrong on the way.

The rules themselves are in `values`, `dates`, `text`, `consent` and `functions`; `rows` puts the columns together.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.config import FieldConfig
from gigya_cheetah_assets.mapping import consent, dates, functions, text, values

NOTHING = pa.scalar(None, pa.string())
States = tuple[pa.Array, pa.Array]


@dataclass
class Column:
    """A column on its way through the rules.

    Attributes:
        texts: Its cells so far; null where a rule found the value wrong.
        bad: Which cells are empty because they were wrong.
        errors: The wrong cells by reason, each cell under its first reason only.
        states: Of a subscription: state and time (epoch ms).
    """

    texts: pa.Array
    bad: pa.Array
    errors: list[tuple[str, pa.Array]] = field(default_factory=list)
    states: States | None = None

    def check(self, reason: str, checked: values.Checked) -> None:
        """Takes what a rule made, without the cells that it found wrong."""
        self.texts, wrong = checked
        wrong = pc.and_(wrong, pc.invert(self.bad))
        if not pc.any(wrong).as_py():
            return
        self.errors.append((reason, wrong))
        self.bad = pc.or_(self.bad, wrong)
        self.texts = pc.if_else(wrong, NOTHING, self.texts)

    def fill(self, default: str | None) -> None:
        """`default` stands for absent values, not for wrong ones."""
        if default is not None:
            absent = pc.and_(pc.is_null(self.texts), pc.invert(self.bad))
            self.texts = pc.if_else(absent, default, self.texts)


def mapped(config: FieldConfig, profiles: pa.Table) -> Column:
    """The finished column of a field."""
    column = _subscription(config, profiles) if config.type == "subscription" else _plain(config, profiles)
    if config.key or config.required:
        column.check("missing", (column.texts, pc.is_null(column.texts)))
    return column


def _plain(config: FieldConfig, profiles: pa.Table) -> Column:
    column = Column(_source(config, profiles), values.none_of(profiles))
    _unreadable(config, profiles, column)
    if config.is_date_parts:
        year, month, day = (_present(text.clean(array(profiles, path))) for path in config.paths)
        column.check("not_a_date", dates.from_parts(year, month, day, config.format))
    else:
        _reshape(config, column)
        _typed(config, column)
    column.fill(config.default)
    if config.truncate is not None:
        column.texts = values.truncated(column.texts, config.truncate)
    if config.hash is not None:
        column.texts = values.hashed(column.texts, config.hash)
    if config.max_length is not None:
        short = pc.less_equal(pc.utf8_length(column.texts), config.max_length)
        column.check("too_long", (column.texts, values.wrong(column.texts, short)))
    return column


def _source(config: FieldConfig, profiles: pa.Table) -> pa.Array:
    """The cleaned text: constant, joined array, or the first present of several paths; none of date parts yet."""
    if config.constant is not None:
        return pa.repeat(config.constant, len(profiles))
    if config.is_date_parts:
        return pa.nulls(len(profiles), pa.string())
    if config.key:
        return _present(array(profiles, "UID"))
    texts = [_present(_cleaned(config, _text_of(config, profiles, path))) for path in config.paths]
    return texts[0] if len(texts) == 1 else pc.coalesce(*texts)


def _text_of(config: FieldConfig, profiles: pa.Table, path: str) -> pa.Array:
    found = array(profiles, path)
    return found if config.join is None else pc.binary_join(found, config.join)


def _cleaned(config: FieldConfig, texts: pa.Array) -> pa.Array:
    return texts if config.raw else text.clean(texts)


def _unreadable(config: FieldConfig, profiles: pa.Table, column: Column) -> None:
    """Values of a shape that no rule can read, as extraction named them; a path that stood in for one mends it."""
    found = array(profiles, "value_errors")
    if found.null_count == len(found):
        return
    wanted = {prefix for path in config.paths for prefix in _prefixes(path)}
    kinds = found.dictionary_encode()
    hit = pa.array([not wanted.isdisjoint(paths.split(",")) for paths in kinds.dictionary.to_pylist()], pa.bool_())
    column.check(
        "unreadable", (column.texts, pc.and_(pc.fill_null(hit.take(kinds.indices), False), pc.is_null(column.texts)))
    )


def _prefixes(path: str) -> list[str]:
    """The path and the objects that it lies in: `profile` may be unreadable as a whole."""
    keys = path.split(".")
    return [".".join(keys[:length]) for length in range(1, len(keys) + 1)]


def _reshape(config: FieldConfig, column: Column) -> None:
    """The rules on text, up to the function."""
    _reshape_text(config, column)
    if config.values is not None and config.type != "boolean":
        mapped_texts, unmapped = values.mapped(column.texts, config.values)
        column.check("unmapped", (mapped_texts, unmapped if config.default is None else values.none_of(unmapped)))
    if config.function is not None:
        column.texts = _present(functions.texts_by(config.function, column.texts))


def _reshape_text(config: FieldConfig, column: Column) -> None:
    column.texts = values.replaced(column.texts, config.replace)
    if config.collapse:
        column.texts = values.collapsed(column.texts)
    if config.case is not None:
        column.texts = values.cased(column.texts, config.case)
    if config.replace or config.collapse:
        column.texts = _present(column.texts)


def _typed(config: FieldConfig, column: Column) -> None:
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


def _subscription(config: FieldConfig, profiles: pa.Table) -> Column:
    """The states and their cells; of the rules on text those apply that can turn a data field's text into consent."""
    path = config.paths[0]
    column = Column(array(profiles, path), values.none_of(profiles))
    _unreadable(config, profiles, column)
    if f"{path}.at" in profiles.column_names:
        at = array(profiles, f"{path}.at")
    else:
        at = pa.nulls(len(profiles), pa.int64())
        column.texts = _present(_cleaned(config, column.texts))
        _reshape_text(config, column)
        if config.function is not None:
            column.texts = _present(functions.texts_by(config.function, column.texts))
        column.check("not_a_consent", consent.from_text(column.texts))
    column.states = (column.texts, at)
    column.texts, _ = values.mapped(column.texts, config.cells)
    column.fill(config.default)
    return column


def array(profiles: pa.Table, name: str) -> pa.Array:
    """A column in one piece."""
    return profiles[name].combine_chunks()


def _present(texts: pa.Array) -> pa.Array:
    """An empty text is an absent value."""
    return pc.if_else(pc.equal(texts, ""), NOTHING, texts)
