"""Value rules, each a small function on a whole column: texts in, texts out, and which of them broke the rule.

Dates are in `dates`, cleaning in `text`, consent in `consent`, Python functions in `functions`. A rule never looks at
more than its column.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.config.fields import Replacement
from gigya_cheetah_assets.mapping.text import in_normal_form

Checked = tuple[pa.Array, pa.Array]
INTEGER = r"^[+-]?[0-9]+(\.0*)?$"
CANONICAL_INTEGER = r"^(0|-?[1-9][0-9]*)$"
DECIMAL = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,2})?$"
# Longer than any id or amount; Python refuses to read integers of more than 4,300 digits.
LONGEST_NUMBER = 300
# Any script in the local part; no blanks, control or invisible characters, no list separators; a domain with a dot.
_NOT_IN_EMAIL = r"@\s\p{Z}\p{C},;<>()\[\]\""
EMAIL = rf"^[^{_NOT_IN_EMAIL}]+@([^.{_NOT_IN_EMAIL}]+\.)+[^.{_NOT_IN_EMAIL}]{{2,}}$"
LONGEST_EMAIL = 254
_TRUE, _FALSE = ("true", "1", "yes", "y", "t", "on"), ("false", "0", "no", "n", "f", "off")


def none_of(texts: pa.Array) -> pa.Array:
    """A mask in which nothing is wrong."""
    return pa.repeat(pa.scalar(False), len(texts))


def wrong(texts: pa.Array, fine: pa.Array) -> pa.Array:
    """Present texts that are not fine."""
    return pc.and_(pc.is_valid(texts), pc.invert(pc.fill_null(fine, False)))


def replaced(texts: pa.Array, replacements: Iterable[Replacement]) -> pa.Array:
    """Regular expressions one after the other (RE2 syntax)."""
    for rule in replacements:
        texts = pc.replace_substring_regex(texts, rule.pattern, rule.with_)
    return texts


def collapsed(texts: pa.Array) -> pa.Array:
    """Runs of white space as one blank."""
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(texts, r"[\s\x{a0}\x{2000}-\x{200a}\x{3000}]+", " "))


def cased(texts: pa.Array, case: str) -> pa.Array:
    """Upper, lower or title case, by Unicode's full rules: `straße` is `STRASSE`, which Arrow's own kernel is not."""
    ascii_only = {"upper": pc.ascii_upper, "lower": pc.ascii_lower, "title": pc.ascii_title}[case]
    full = {"upper": str.upper, "lower": str.lower, "title": str.title}[case]
    other = pc.fill_null(pc.invert(pc.string_is_ascii(texts)), False)
    if not pc.any(other).as_py():
        return ascii_only(texts)
    # Some letters lose their normal form with their case.
    return pc.replace_with_mask(ascii_only(texts), other, in_normal_form(each(texts.filter(other), full)))


def mapped(texts: pa.Array, values: Mapping[str, str]) -> Checked:
    """The value map; what is not in it becomes absent and is reported as unmapped."""
    at = pc.index_in(texts, value_set=pa.array(list(values), pa.string()))
    return pa.array(list(values.values()), pa.string()).take(at), wrong(texts, pc.is_valid(at))


def integer(texts: pa.Array, spec: str | None) -> Checked:
    """Whole numbers: `17`, ` 17`, `+17`, `17.0` and `017` are 17; `1e3` and `17.5` are none."""
    texts = pc.utf8_trim_whitespace(texts)
    canonical = pc.and_(pc.match_substring_regex(texts, CANONICAL_INTEGER), _short(texts))
    other = wrong(texts, canonical)
    if not pc.any(other).as_py():
        return (each(texts, lambda text: format(int(text), spec or "")) if spec else texts), other
    bad = wrong(texts, pc.and_(pc.match_substring_regex(texts, INTEGER), _short(texts)))
    odd = pc.and_(other, pc.invert(bad))
    digits = pc.replace_with_mask(_only(texts, bad), odd, each(texts.filter(odd), _whole))
    return (each(digits, lambda text: format(int(text), spec or "")) if spec else digits), bad


def decimal(texts: pa.Array, spec: str | None) -> Checked:
    """Numbers with a point; without a format no exponent and no trailing zeros: `17.50` is 17.5."""
    texts = pc.utf8_trim_whitespace(texts)
    bad = wrong(texts, pc.and_(pc.match_substring_regex(texts, DECIMAL), _short(texts)))
    return each(_only(texts, bad), lambda text: _decimal(text, spec)), bad


def boolean(texts: pa.Array, values: Mapping[str, str] | None) -> Checked:
    """true, yes, 1, on … and false, no, 0, off …, any letter case; written by the value map or as true/false."""
    at = pc.index_in(pc.utf8_lower(pc.utf8_trim_whitespace(texts)), value_set=pa.array([*_TRUE, *_FALSE]))
    names = {"true": "true", "false": "false", **(values or {})}
    spelled = pa.array([names["true"]] * len(_TRUE) + [names["false"]] * len(_FALSE), pa.string())
    return spelled.take(at), wrong(texts, pc.is_valid(at))


def email(texts: pa.Array) -> Checked:
    """Addresses; their letter case stays, since CheetahMail and Gigya both keep it."""
    short = pc.less_equal(pc.utf8_length(texts), LONGEST_EMAIL)
    return texts, wrong(texts, pc.and_(pc.match_substring_regex(texts, EMAIL), short))


def truncated(texts: pa.Array, length: int) -> pa.Array:
    """The first so many characters."""
    return pc.utf8_slice_codeunits(texts, 0, length)


def hashed(texts: pa.Array, algorithm: str) -> pa.Array:
    """Hex digests of the texts' UTF-8; an identifier for CheetahMail, no protection."""
    return each(texts, lambda text: hashlib.new(algorithm, text.encode(), usedforsecurity=False).hexdigest())


def _short(texts: pa.Array) -> pa.Array:
    return pc.less_equal(pc.binary_length(texts), LONGEST_NUMBER)


def _only(texts: pa.Array, bad: pa.Array) -> pa.Array:
    return pc.if_else(bad, pa.scalar(None, pa.string()), texts)


def each(texts: pa.Array, change: Callable[[str], str]) -> pa.Array:
    """Changes text by text, where no kernel can."""
    return pa.array([None if text is None else change(text) for text in texts.to_pylist()], pa.string())


def _whole(text: str) -> str:
    return str(int(text.partition(".")[0]))


def _decimal(text: str, spec: str | None) -> str:
    number = Decimal(text)
    if spec:
        return format(number, spec)
    plain = format(number, "f")
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if plain in ("-0", "") else plain
