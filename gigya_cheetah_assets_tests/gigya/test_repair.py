from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigya_cheetah_assets.gigya.repair import mended

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=30)


def _without_halves(text: str) -> str:
    return "".join("\ufffd" if "\ud800" <= character <= "\udfff" else character for character in text)


@given(st.text())
def test_whole_text_stays_the_same_object(text: str) -> None:
    for ascii_only in (True, False):
        body = json.dumps({"name": text}, ensure_ascii=ascii_only).encode()
        assert mended(body) is body


@given(ANY_TEXT)
def test_after_mending_every_text_can_be_read(text: str) -> None:
    body = json.dumps({"name": text}).encode()
    # Two halves that stand side by side are a pair as soon as they are JSON text.
    paired = json.loads(body)["name"]
    assert msgspec.json.decode(mended(body)) == {"name": _without_halves(paired)}


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (rb'{"n":"Ana \ud83d"}', "Ana \ufffd"),
        (rb'{"n":"\ude00 Ana"}', "\ufffd Ana"),
        (rb'{"n":"\ud83d\ud83d\ude00"}', "\ufffd😀"),
        (rb'{"n":"\\ud83d"}', r"\ud83d"),
        (rb'{"n":"\\\ud83d"}', "\\\ufffd"),
        (b'{"n":"Ren\xe9"}', "Ren\ufffd"),
    ],
)
def test_half_a_character_becomes_one_replacement(body: bytes, name: str) -> None:
    assert msgspec.json.decode(mended(body)) == {"n": name}


def test_a_text_that_is_cut_off_stays_cut_off() -> None:
    body = b'{"errorCode":0,"results":[{"UID":"a'
    assert mended(body) is body
