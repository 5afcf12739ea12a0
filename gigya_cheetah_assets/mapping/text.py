"""Cleaning of text, vectorised: entities, normal form, control characters, ends. Nothing else is changed."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from html.entities import html5

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

# C0, DEL, C1 (with U+0085), line and paragraph separator; a run of them becomes one space.
CONTROL = "[\\x{00}-\\x{1f}\\x{7f}-\\x{9f}\\x{2028}\\x{2029}]+"
_ENTITIES = re.compile(r"&(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_BLANK, _AMPERSAND = np.uint8(ord(" ")), np.uint8(ord("&"))
_PRINTABLE = np.uint8(0x7F - 0x20)


def clean(texts: pa.Array) -> pa.Array:
    """HTML-unescaped once, NFC, control characters and line breaks as one space, ends trimmed.

    Gigya stores `&` of a profile as an entity (Gigya, Profile object), so `AT&amp;T` means `AT&T`. What lacks its
    semicolon is no entity: the `&copy=1` of an address stays.
    """
    special = _special(texts)
    if not special.any():
        return texts
    mask = pa.array(special)
    # Names and places repeat.
    return pc.replace_with_mask(texts, mask, once_each(texts.filter(mask), _cleaned))


def once_each(texts: pa.Array, change: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """Changes each different text once: for columns whose texts repeat."""
    encoded = texts.dictionary_encode()
    return change(encoded.dictionary).take(encoded.indices)


def _special(texts: pa.Array) -> npt.NDArray[np.bool_]:
    """Which texts may need anything: a character beyond plain ASCII, an entity, a blank at an end."""
    _, bounds, characters = texts.buffers()
    offsets = np.frombuffer(bounds, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    data = np.frombuffer(characters if characters is not None else b"", np.uint8)[: offsets[-1]]
    starts, ends = offsets[:-1], offsets[1:]
    result = np.zeros(len(texts), bool)
    # One comparison for both ends of printable ASCII: what is below wraps around.
    hits = np.flatnonzero((data - _BLANK >= _PRINTABLE) | (data == _AMPERSAND))
    result[np.searchsorted(ends, hits[hits >= offsets[0]], side="right")] = True
    filled = np.flatnonzero(ends > starts)
    result[filled] |= (data[starts[filled]] == _BLANK) | (data[ends[filled] - 1] == _BLANK)
    return result


def _cleaned(texts: pa.Array) -> pa.Array:
    texts = _where(texts, pc.match_substring(texts, "&"), _unescaped)
    texts = _where(texts, pc.invert(pc.string_is_ascii(texts)), in_normal_form)
    texts = _where(
        texts,
        pc.match_substring_regex(texts, CONTROL),
        lambda some: pc.replace_substring_regex(some, CONTROL, " "),
    )
    return pc.utf8_trim_whitespace(texts)


def in_normal_form(texts: pa.Array) -> pa.Array:
    """The texts in Unicode NFC."""
    return pc.utf8_normalize(texts, form="NFC")


def _unescaped(texts: pa.Array) -> pa.Array:
    return pa.array([_ENTITIES.sub(_character, text) for text in texts.to_pylist()], pa.string())


def _character(entity: re.Match[str]) -> str:
    name = entity[1]
    return html.unescape(entity[0]) if name.startswith("#") else html5.get(f"{name};", entity[0])


def _where(texts: pa.Array, mask: pa.Array, change: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """Changes only the texts that the mask names: most need nothing."""
    mask = pc.fill_null(mask, False)
    if not pc.any(mask).as_py():
        return texts
    return pc.replace_with_mask(texts, mask, change(texts.filter(mask)))


def joined(*names: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Names of several columns, comma-joined row by row; null where there are none."""
    if all(one.null_count == len(one) for one in names):
        return names[0]
    # `skip` would leave out the rows that have none at all (pyarrow 26).
    texts = pc.binary_join_element_wise(*names, ",", null_handling="replace", null_replacement="")
    texts = pc.utf8_trim(pc.replace_substring_regex(texts, ",+", ","), ",")
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
