"""What conditions mean to the sandbox's site: each runs, and finds whom it must."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given

from gigya_cheetah_assets.grammar import parse
from gigya_cheetah_assets.grammar.nodes import Condition, Not
from gigya_cheetah_assets.sandbox.gigya.clock import SiteClock
from gigya_cheetah_assets.sandbox.gigya.query.functions import has_words, matches, number
from gigya_cheetah_assets.sandbox.gigya.query.sql import Sql, condition
from gigya_cheetah_assets.sandbox.gigya.rows import complete, row_of
from gigya_cheetah_assets.sandbox.gigya.store import Store
from gigya_cheetah_assets_tests.grammar.conditions import CONDITIONS


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store(tmp_path_factory.mktemp("store") / "accounts.sqlite", SiteClock()) as store:
        store.put(
            None, row_of(complete({"UID": "u", "profile": {"birthYear": 1980}, "data": {"a": {"b": ["x", 1]}}}, 5))
        )
        yield store


@given(node=CONDITIONS)
def test_every_condition_runs_and_its_contrary_finds_the_rest(store: Store, node: Condition) -> None:
    found = store.count(condition("accounts", node))
    others = store.count(condition("accounts", Not(node)))
    assert found + others == store.count(Sql("1")) == 1


@pytest.mark.parametrize(
    ("value", "wanted", "found"),
    [
        ("red_wine", "wine", True),
        ("red wine", "red wine", True),
        ("red wine", "wine red", False),
        ("Wine", "wine", False),
        ("wines", "wine", False),
        ("Łódź", "Łódź", True),
        ("anything", "", False),
        (17, "17", False),
    ],
)
def test_contains_looks_for_whole_words(value: object, wanted: str, *, found: bool) -> None:
    assert has_words(value, wanted) is found


def test_a_pattern_must_match_the_whole_value() -> None:
    assert matches("abc", "a.c")
    assert not matches("abcd", "a.c")
    assert not matches(None, ".*")


def test_a_text_may_be_a_number() -> None:
    assert [number(value) for value in ("17", 17, "x", None)] == [17.0, 17, None, None]


def test_a_number_of_any_size_is_compared(store: Store) -> None:
    node = parse("SELECT UID FROM accounts WHERE lastUpdatedTimestamp < 99999999999999999999").where
    assert node is not None
    assert store.count(condition("accounts", node)) == 1


def test_hundreds_of_conditions_do_not_exceed_a_limit_of_sqlite(tmp_path: Path) -> None:
    with Store(tmp_path / "accounts.sqlite", SiteClock()) as store:
        node = parse("SELECT UID FROM accounts WHERE " + " OR ".join(f"data.n < {n}" for n in range(700))).where  # noqa: S608 - the language of the sandbox
        assert node is not None
        assert store.count(condition("accounts", node)) == 0
