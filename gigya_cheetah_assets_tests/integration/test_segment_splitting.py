"""A filter on accounts and subscriptions, asked of a real site in two queries, finds whom one query would find."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gigya_cheetah_assets.config import Segment, Sync
from gigya_cheetah_assets.gigya import GigyaClient
from gigya_cheetah_assets.gigya.schema import get_schema
from gigya_cheetah_assets.grammar import Condition, text_of
from gigya_cheetah_assets.grammar.logic import singles, top_level
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.sandbox import Population, Sandbox
from gigya_cheetah_assets.segments.evaluate import column_of, truths
from gigya_cheetah_assets.segments.filter import SegmentFilter
from gigya_cheetah_assets.segments.read import Reader
from gigya_cheetah_assets.segments.truth import HELD, SURE
from gigya_cheetah_assets_tests.integration.sync_content import sync_content
from gigya_cheetah_assets_tests.segments.accounts import CONDITIONS, DOCUMENTS, document, values_at

NOBODY = Population(0, 1, start=datetime(2026, 2, 1, tzinfo=UTC), end=datetime(2026, 3, 1, tzinfo=UTC))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("sandbox"), NOBODY) as sandbox:
        yield sandbox


@pytest.fixture
def sync(site: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sync:
    for name, value in site.environ.items():
        monkeypatch.setenv(name, value)
    content = sync_content(site, tmp_path)
    del content["gigya"]["where"]
    return Sync.model_validate(content)


def holds(node: Condition, account: dict[str, Any]) -> bool:
    """Direct evaluation; who has no address has no e-mail account and so no subscriptions."""
    content = account if "email" in account["profile"] else {**account, "subscriptions": {}}
    known = {one: column_of(one, [values_at(content, one.path)], encrypted=False) for one in singles(node)}
    return bool(truths(node, known)[0])


def found(sync: Sync, where: str, *, watch: bool) -> tuple[set[str], dict[str, int]]:
    """The members, and the near misses with the conditions that hold."""
    table = FieldTable(FieldTable.from_sync(sync).fields[:2])
    wanted = SegmentFilter.of(Segment(name="any", where=where, explain_joins=watch), datetime.now(UTC))
    with GigyaClient(sync.gigya) as client, TemporaryDirectory() as folder:
        reader = Reader(client, sync, table, wanted, schema=get_schema(client))
        people = [row for part in reader.candidates(Path(folder)) for row in part.to_pylist()]
    members = {row["UID"] for row in people if (row[HELD] == wanted.everything if wanted.split else row[SURE])}
    return members, {row["UID"]: row[HELD] for row in people if row["UID"] not in members}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(DOCUMENTS, min_size=1, max_size=6), CONDITIONS, st.booleans())
def test_the_split_filter_finds_whom_direct_evaluation_finds(
    site: Sandbox, sync: Sync, contents: list[dict[str, Any]], node: Condition, watch: bool
) -> None:
    accounts = [document(content, number) for number, content in enumerate(contents)]
    for account in accounts:
        site.site.add(account)
    try:
        members, others = found(sync, text_of(node), watch=watch)
    finally:
        for account in accounts:
            site.site.delete(account["UID"])
    assert members == {account["UID"] for account in accounts if holds(node, account)}
    conditions = top_level(node)
    if not watch or len(conditions) == 1:
        return
    for account in accounts:
        held = [holds(condition, account) for condition in conditions]
        if held.count(False) == 1:
            assert others[account["UID"]] == sum(1 << place for place, one in enumerate(held) if one)
