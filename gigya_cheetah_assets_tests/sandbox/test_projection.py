"""Projection: the fast way for whole pages and the slow way for odd documents give the same results."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from gigya_cheetah_assets.grammar.nodes import Selected
from gigya_cheetah_assets.sandbox.gigya.projection import projection

KEYS = st.sampled_from(["a", "b", "subscriptions", "email", "x.y", "é"])
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.text(max_size=3))
DOCUMENTS = st.recursive(
    st.dictionaries(KEYS, SCALARS, max_size=3),
    lambda inner: st.dictionaries(KEYS, st.one_of(SCALARS, inner, st.lists(inner, max_size=2)), max_size=3),
    max_leaves=8,
)
PATHS = st.lists(
    st.sampled_from(["a", "a.b", "a.b.a", "b", "subscriptions.x.y.email", "subscriptions.x.y.email.a", "é.b"]),
    min_size=1,
    max_size=4,
    unique=True,
)


def project(paths: list[str], documents: list[dict[str, Any]]) -> list[Any]:
    selected = tuple(Selected(path) for path in paths)
    found: list[Any] = msgspec.json.decode(projection(selected)([msgspec.json.encode(doc) for doc in documents]))
    return found


@given(PATHS, st.lists(DOCUMENTS, max_size=4))
def test_a_page_gives_what_its_documents_give_one_by_one(paths: list[str], documents: list[dict[str, Any]]) -> None:
    assert project(paths, documents) == [project(paths, [document])[0] for document in documents]


@given(PATHS, DOCUMENTS)
def test_an_odd_neighbour_changes_nothing(paths: list[str], document: dict[str, Any]) -> None:
    odd = {"a": 5, "subscriptions": "none", "é": [1]}
    assert project(paths, [document, odd])[0] == project(paths, [document])[0]


@given(PATHS, DOCUMENTS)
def test_every_selected_scalar_is_there_and_nothing_else(paths: list[str], document: dict[str, Any]) -> None:
    result = project(paths, [document])[0]
    for path in paths:
        value = _at(document, path)
        if not isinstance(value, dict | list) and value is not _ABSENT:
            assert _at(result, path) == value
    assert set(result) <= {path.split(".")[0] for path in paths}


_ABSENT = object()


def _at(value: Any, path: str) -> Any:
    for key in path.split("."):
        if not isinstance(value, dict) or key not in value:
            return _ABSENT
        value = value[key]
    return value


def test_selecting_an_object_and_one_of_its_fields_gives_the_object() -> None:
    document = {"a": {"b": 1, "c": 2}}
    assert project(["a.b", "a"], [document]) == [document]


def test_a_star_gives_everything() -> None:
    documents = [{"a": {"b": 1}}, {}]
    assert project(["*", "a"], documents) == documents
