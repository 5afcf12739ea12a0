"""Cleaning of text, vectorised: entities, normal form, control characters, ends. Nothing else is changed."""

from __future__ import annotations

import html
from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

# C0, DEL, C1 (with U+0085), line and paragraph separator; a run of them becomes one space.
CONTROL = "[\\x{00}-\\x{1f}\\x{7f}-\\x{9f}\\x{2028}\\x{2029}]+"


def clean(texts: pa.Array) -> pa.Array:
    """HTML-unescaped once, NFC, control characters and line breaks as one space, ends trimmed.

    Gigya stores `&` of a profile as an entity (Gigya, Profile object), so `AT&amp;T` means `AT&T`.
    """
    texts = _where(texts, pc.match_substring(texts, "&"), _unescaped)
    texts = _where(texts, pc.invert(pc.string_is_ascii(texts)), lambda some: pc.utf8_normalize(some, form="NFC"))
    texts = _where(
        texts,
        pc.match_substring_regex(texts, CONTROL),
        lambda some: pc.replace_substring_regex(some, CONTROL, " "),
    )
    return pc.utf8_trim_whitespace(texts)


def _unescaped(texts: pa.Array) -> pa.Array:
    return pa.array([html.unescape(text) for text in texts.to_pylist()], pa.string())


def _where(texts: pa.Array, mask: pa.Array, change: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """Changes only the texts that the mask names: most need nothing."""
    mask = pc.fill_null(mask, False)
    if not pc.any(mask).as_py():
        return texts
    return pc.replace_with_mask(texts, mask, change(texts.filter(mask)))
