"""The search language by itself: tokens, the tree, and that no text whatever does anything but parse or be refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigya_cheetah_assets.grammar import QueryError, parse, parse_condition, text_of
from gigya_cheetah_assets.grammar.lexer import tokens
from gigya_cheetah_assets.grammar.nodes import Both, Compare, Condition, Ordering, Selected
from gigya_cheetah_assets_tests.grammar.conditions import CONDITIONS

WORDS = ["select", "UID", ",", "*", "(", ")", "from", "accounts", "where", "=", "'x'", "5", "and", "not", "is", "null"]


@given(CONDITIONS)
def test_what_is_written_is_what_is_parsed(node: Condition) -> None:
    assert parse_condition(text_of(node)) == node


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


def test_a_condition_ends_where_the_text_ends() -> None:
    with pytest.raises(QueryError, match="expected AND, OR or the end of the condition, found 'ORDER'"):
        parse_condition("a = 1 ORDER BY b")
