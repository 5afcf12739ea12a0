"""The search language by itself: tokens, the tree, and that no text whatever does anything but parse or be refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigya_cheetah_assets.sandbox.gigya.clock import SiteClock
from gigya_cheetah_assets.sandbox.gigya.query import QueryError, parse
from gigya_cheetah_assets.sandbox.gigya.query.functions import has_words, matches, number
from gigya_cheetah_assets.sandbox.gigya.query.lexer import tokens
from gigya_cheetah_assets.sandbox.gigya.query.nodes import (
    Both,
    Compare,
    Condition,
    Contains,
    In,
    IsNull,
    Not,
    Ordering,
    Regex,
    Selected,
    Value,
)
from gigya_cheetah_assets.sandbox.gigya.query.sql import Sql, condition
from gigya_cheetah_assets.sandbox.gigya.rows import complete, row_of
from gigya_cheetah_assets.sandbox.gigya.store import Store

NAMES = st.sampled_from(["UID", "data.a.b", "profile.birthYear", "isActive", "lastUpdatedTimestamp", "data.x-y_1"])
TEXTS = st.text(max_size=12).filter(lambda text: text.isprintable() or text == "")
VALUES: st.SearchStrategy[Value] = st.one_of(TEXTS, st.integers(-(2**63) + 1, 2**63 - 1), st.booleans())
LEAVES: st.SearchStrategy[Condition] = st.one_of(
    st.builds(Compare, NAMES, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), VALUES),
    st.builds(In, NAMES, st.lists(VALUES, min_size=1, max_size=3).map(tuple)),
    st.builds(Contains, NAMES, VALUES),
    st.builds(IsNull, NAMES),
    st.builds(Regex, NAMES, st.sampled_from(["a.*", r"a\.b", '"?'])),
)


WORDS = ["select", "UID", ",", "*", "(", ")", "from", "accounts", "where", "=", "'x'", "5", "and", "not", "is", "null"]


def _both(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(st.builds(Not, inner), st.builds(Both, st.sampled_from(["AND", "OR"]), several))


CONDITIONS: st.SearchStrategy[Condition] = st.recursive(LEAVES, _both, max_leaves=6)


def written(node: Condition) -> str:  # noqa: PLR0911 - one line a kind of node
    """A condition as text, every part in parentheses."""
    if isinstance(node, Both):
        return f" {node.word} ".join(f"({written(part)})" for part in node.conditions)
    if isinstance(node, Not):
        return f"not ({written(node.condition)})"
    if isinstance(node, Compare):
        return f"{node.path} {node.operator} {literal(node.value)}"
    if isinstance(node, In):
        return f"{node.path} in ({', '.join(map(literal, node.values))})"
    if isinstance(node, Contains):
        return f"{node.path} contains {literal(node.value)}"
    if isinstance(node, Regex):
        return f"{node.path} = regex({literal(node.pattern)})"
    return f"{node.path} is null"


def literal(value: Value) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store(tmp_path_factory.mktemp("store") / "accounts.sqlite", SiteClock()) as store:
        store.put(
            None, row_of(complete({"UID": "u", "profile": {"birthYear": 1980}, "data": {"a": {"b": ["x", 1]}}}, 5))
        )
        yield store


@given(CONDITIONS)
def test_what_is_written_is_what_is_parsed(node: Condition) -> None:
    assert parse(f"SELECT UID FROM accounts WHERE {written(node)}").where == node  # noqa: S608 - the language of the sandbox


@given(node=CONDITIONS)
def test_every_condition_runs_and_its_contrary_finds_the_rest(store: Store, node: Condition) -> None:
    found = store.count(condition("accounts", node))
    others = store.count(condition("accounts", Not(node)))
    assert found + others == store.count(Sql("1")) == 1


@given(st.text(max_size=60))
def test_any_text_is_a_query_or_is_refused(text: str) -> None:
    try:
        query = parse(text)
    except QueryError:
        return
    assert text.lower().lstrip().startswith("select")
    assert query.selected


@given(st.lists(st.sampled_from(WORDS)))
def test_any_order_of_words_is_a_query_or_is_refused(words: list[str]) -> None:
    text = " ".join(words)
    try:
        query = parse(text)
    except QueryError:
        return
    assert parse(text) == query


def test_keywords_are_known_in_any_letter_case_and_names_are_not_changed() -> None:
    query = parse("select uid As Key, * FROM Accounts oRdEr By a DESC, b asc, c STaRT 3 limit 4")
    assert query.selected == (Selected("uid", "Key"), Selected("*"))
    assert query.source == "Accounts"
    assert query.order == (Ordering("a", descending=True), Ordering("b"), Ordering("c"))
    assert (query.start, query.limit) == (3, 4)


def test_and_binds_tighter_than_or() -> None:
    a, b, c = (Compare(name, "=", 1) for name in "abc")
    assert parse("SELECT x FROM y WHERE a = 1 OR b = 1 AND c = 1").where == Both("OR", (a, Both("AND", (b, c))))


def test_an_escaped_quote_ends_no_text_and_other_escapes_stay_for_the_regular_expression() -> None:
    assert [token.text for token in tokens(r"""'it\'s' "a\"b" 'a\.b' "back\\slash" """)] == [
        "it's",
        'a"b',
        r"a\.b",
        "back\\slash",
        "",
    ]


def test_an_error_says_where_and_what_was_expected() -> None:
    with pytest.raises(QueryError, match=r"Parse error at 16: expected a source, found the end"):
        parse("SELECT UID FROM ")


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
