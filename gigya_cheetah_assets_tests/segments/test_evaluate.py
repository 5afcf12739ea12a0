"""What is filtered here is what the site would have filtered: the same accounts for the same conditions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigya_cheetah_assets.grammar.logic import singles
from gigya_cheetah_assets.grammar.nodes import Condition, Contains, Single
from gigya_cheetah_assets.sandbox.gigya.clock import SiteClock
from gigya_cheetah_assets.sandbox.gigya.query.sql import condition
from gigya_cheetah_assets.sandbox.gigya.rows import complete, row_of
from gigya_cheetah_assets.sandbox.gigya.store import Store
from gigya_cheetah_assets.segments.evaluate import column_of, truths
from gigya_cheetah_assets_tests.segments.accounts import (
    DOCUMENTS,
    ON_ACCOUNTS,
    ON_SUBSCRIPTIONS,
    _both,
    document,
    values_at,
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store(tmp_path_factory.mktemp("store") / "accounts.sqlite", SiteClock()) as store:
        yield store


def holds(node: Condition, content: dict[str, Any]) -> bool:
    known = {one: column_of(one, [values_at(content, one.path)], encrypted=False) for one in singles(node)}
    return bool(truths(node, known)[0])


@given(DOCUMENTS, st.recursive(ON_ACCOUNTS, _both, max_leaves=5))
def test_conditions_on_accounts_mean_what_they_mean_to_the_site(
    store: Store, content: dict[str, Any], node: Condition
) -> None:
    whole = document(content, 1)
    store.put(1, row_of(complete(whole, 5)))
    assert bool(store.count(condition("accounts", node))) == holds(node, whole)


@given(DOCUMENTS, st.recursive(ON_SUBSCRIPTIONS, _both, max_leaves=5))
def test_conditions_on_subscriptions_mean_what_they_mean_to_the_site(
    store: Store, content: dict[str, Any], node: Condition
) -> None:
    whole = document(content | {"address": True}, 1)
    store.put(1, row_of(complete(whole, 5)))
    assert bool(store.count(condition("emailAccounts", node))) == holds(node, whole)


@pytest.mark.parametrize(("value", "found"), [("Ana Lind", True), ("ana lind", True), ("Ana", False), (None, False)])
def test_an_encrypted_field_contains_its_full_value_only(value: object, *, found: bool) -> None:
    single: Single = Contains("profile.lastName", "Ana Lind")
    assert column_of(single, [value], encrypted=True).tolist() == [found]


def test_a_whole_column_is_evaluated_at_once() -> None:
    single: Single = Contains("data.brands", "coast")
    found = column_of(single, ["north coast", ["x", "coast"], None, {"a": "coast"}, 5], encrypted=False)
    assert np.array_equal(found, [True, True, False, False, False])
