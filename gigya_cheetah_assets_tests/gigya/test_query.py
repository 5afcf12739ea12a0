from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigya_cheetah_assets.errors import ConfigError
from gigya_cheetah_assets.gigya.query import (
    LONGEST,
    Query,
    any_equals,
    any_of,
    at_least,
    below,
    chunked,
    compare,
    equals,
    one_of,
    own_condition,
    quoted,
)

STRING = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)


def _read(literal: str) -> str:
    """A string literal as a parser reads it."""
    found = STRING.fullmatch(literal)
    assert found is not None
    return re.sub(r"\\(.)", r"\1", found[1], flags=re.DOTALL)


def test_a_query_has_its_clauses_in_gigyas_order() -> None:
    query = Query(
        ["UID", "profile.email"],
        "accounts",
        [
            at_least("lastUpdatedTimestamp", 1_700_000_000_000),
            below("lastUpdatedTimestamp", 1_700_003_600_000),
            own_condition("isRegistered = true"),
        ],
        500,
    )
    assert str(query) == (
        "SELECT UID, profile.email FROM accounts WHERE lastUpdatedTimestamp >= 1700000000000 "
        "AND lastUpdatedTimestamp < 1700003600000 AND (isRegistered = true) LIMIT 500"
    )


def test_a_query_without_conditions_has_no_where() -> None:
    assert str(Query(["*"], "emailAccounts")) == "SELECT * FROM emailAccounts LIMIT 1000"
    assert str(Query(["count(*)"], "accounts")) == "SELECT count(*) FROM accounts LIMIT 1000"


@pytest.mark.parametrize("source", ["user", "Accounts", "accounts WHERE 1 = 1", ""])
def test_a_wrong_from_is_refused_since_gigya_would_read_accounts_instead(source: str) -> None:
    with pytest.raises(ConfigError, match="FROM"):
        Query(["UID"], source)  # type: ignore[arg-type] # a name that the type already refuses


@pytest.mark.parametrize("path", ["", "profile..email", "profile.email ", "a b", "UID, token", "x)", "profile.*", "*"])
def test_a_wrong_field_path_is_refused(path: str) -> None:
    with pytest.raises(ConfigError, match="field path"):
        Query(["UID", path], "accounts")
    with pytest.raises(ConfigError, match="field path"):
        equals(path, "x")


@pytest.mark.parametrize("page_size", [0, -1, 10_001])
def test_a_page_is_at_most_what_gigya_gives(page_size: int) -> None:
    with pytest.raises(ConfigError, match="LIMIT"):
        Query(["UID"], "accounts", page_size=page_size)


def test_nothing_selected_is_refused() -> None:
    with pytest.raises(ConfigError, match="nothing is selected"):
        Query([], "accounts")


def test_a_query_that_gigya_would_not_read_is_refused_before_it_is_sent() -> None:
    with pytest.raises(ConfigError, match="30000"):
        Query(["UID"], "accounts", [equals("UID", "x" * LONGEST)])


@pytest.mark.parametrize(
    ("value", "literal"), [(True, "true"), (False, "false"), (17, "17"), (-0.5, "-0.5"), ("17", '"17"')]
)
def test_values_are_written_by_their_type(value: str | float | bool, literal: str) -> None:
    assert equals("data.x", value) == f"data.x = {literal}"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_json_does_not_know_is_refused(value: float) -> None:
    with pytest.raises(ConfigError, match="no number"):
        equals("data.x", value)


@pytest.mark.parametrize("operator", ["==", "contains", "= 1 OR", ""])
def test_an_operator_that_is_none_is_refused(operator: str) -> None:
    with pytest.raises(ConfigError, match="operator"):
        compare("data.x", operator, 1)


@given(st.text())
def test_no_value_leaves_its_quotes(value: str) -> None:
    assert _read(quoted(value)) == value


@given(st.lists(st.text(max_size=20), min_size=1, max_size=5))
def test_a_chain_of_keys_holds_exactly_these_keys(keys: list[str]) -> None:
    chain = any_equals("profile.email", keys)
    assert [_read(found[0]) for found in STRING.finditer(chain)] == keys
    assert STRING.sub("?", chain) == "(" + " OR ".join(["profile.email = ?"] * len(keys)) + ")"
    among = one_of("UID", keys)
    assert STRING.sub("?", among) == f"UID in ({', '.join(['?'] * len(keys))})"


def test_alternatives_stand_in_parentheses_since_and_binds_tighter() -> None:
    assert any_of([equals("a", 1), equals("b", 2)]) == "(a = 1 OR b = 2)"


def test_no_key_to_look_up_is_refused() -> None:
    with pytest.raises(ConfigError, match="no value"):
        any_equals("profile.email", [])
    with pytest.raises(ConfigError, match="no value"):
        one_of("UID", [])


@pytest.mark.parametrize(
    "where",
    [
        "isRegistered = true",
        'data.limit >= 5 AND profile.from = "LIMIT 5"',
        "data.order.by = 'a ) b' OR (data.x is null)",
        r'profile.city = "say \") OR (\" and LIMIT"',
        'profile.city = "a""b"',
        'regSource regex("https://www\\.example\\.org/.*")',
        "data.startDate > 5\n  and data.withDrawn = false",
    ],
)
def test_a_users_condition_is_kept_as_it_is(where: str) -> None:
    assert own_condition(f"  {where} ") == f"({where})"


@pytest.mark.parametrize(
    "where",
    [
        "",
        "  ",
        "a = 1)",
        "(a = 1",
        "a = 1) OR (b = 2",
        ")(",
        'a = "x',
        "a = 'x",
        'a = "x\\"',
        "a = 1 \\",
        "a = 1; b = 2",
        "a = 1 LIMIT 5",
        "a = 1 limit 5",
        "a = 1 ORDER BY b",
        "a = 1 START 5",
        "SELECT * FROM accounts",
        "a = 1 GROUP BY b",
        "a = 1 WITH counters",
        "a = 1)WHERE(b = 2",
        'a = "x"LIMIT 5',
    ],
)
def test_a_users_condition_cannot_leave_its_parentheses(where: str) -> None:
    with pytest.raises(ConfigError, match=r"gigya\.where"):
        own_condition(where)


@given(st.text(st.sampled_from("ab ()\"'\\;=1"), max_size=25))
def test_whatever_is_accepted_closes_only_what_it_opened(where: str) -> None:
    try:
        text = own_condition(where)
    except ConfigError:
        return
    depth, quote, escaped = 0, "", False
    for position, character in enumerate(text):
        if quote:
            closes = character == quote and not escaped
            escaped = character == "\\" and not escaped
            quote = "" if closes else quote
        elif character in "\"'":
            quote = character
        else:
            depth += (character == "(") - (character == ")")
            assert depth > 0 or position == len(text) - 1
    assert (depth, quote) == (0, "")


@given(st.lists(st.text(max_size=400), max_size=300))
def test_groups_of_keys_fit_into_a_query_and_lose_none(keys: list[str]) -> None:
    groups = list(chunked(keys))
    assert [key for group in groups for key in group] == keys
    for group in groups:
        assert 1 <= len(group) <= 500
        Query(["UID", "profile.email"], "accounts", [any_equals("profile.email", group)], len(group))


def test_groups_are_filled_up() -> None:
    keys = [f"person{number}@example.org" for number in range(5_000)]
    groups = list(chunked(keys))
    longest = max(len(any_equals("profile.email", group)) for group in groups)
    assert len(groups) < 25
    assert LONGEST / 3 < longest < LONGEST


def test_one_key_that_is_too_long_stands_alone() -> None:
    assert list(chunked(["a", "x" * 40_000, "b"])) == [["a"], ["x" * 40_000], ["b"]]
