"""Cleaning of text, vectorised: entities, normal form, control characters, ends. Nothing else is changed."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from html.entities import html5

import pyarrow as pa
import pyarrow.compute as pc

# C0, DEL, C1 (with U+0085), line and paragraph separator; a run of them becomes one space.
CONTROL = "[\\x{00}-\\x{1f}\\x{7f}-\\x{9f}\\x{2028}\\x{2029}]+"
_ENTITIES = re.compile(r"&(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


def clean(texts: pa.Array) -> pa.Array:
    """HTML-unescaped once, NFC, control characters and line breaks as one space, ends trimmed.

    Gigya stores `&` of a profile as an entity (Gigya, Profile object), so `AT&amp;T` means `AT&T`. What lacks its
    semicolon is no entity: the `&copy=1` of an address stays.
    """
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
