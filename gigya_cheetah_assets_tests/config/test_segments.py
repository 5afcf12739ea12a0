"""Segments of a sync file: what is refused before anything runs, and with which words."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets_tests.syncs import minimal_sync

GOLD = {"name": "gold", "where": 'data.tier = "gold"'}


def sync(*segments: dict[str, Any], **changes: Any) -> Sync:
    return Sync.model_validate(minimal_sync(segments=[GOLD | segment for segment in segments], **changes))


def test_a_line_is_all_it_takes() -> None:
    (segment,) = sync({}).segments
    assert (segment.deliver, segment.cron, segment.explain_joins) == ("changes", "35 4 * * *", True)
    assert segment.written_file is not None
    assert segment.written_file.name == "gigya_segment_{segment}_{as_of}.csv"


def test_a_flag_column_is_a_column_of_the_profiles_and_stands_for_the_file() -> None:
    found = sync({"flag_column": "GOLD", "values": {"in": "Y", "out": "N"}})
    assert found.segments[0].written_file is None
    assert [field.cheetahmail for field in found.columns] == ["GIGYA_UID", "EMAIL", "GOLD"]
    assert found.columns[-1].constant == "N"


@pytest.mark.parametrize(
    ("segments", "message"),
    [
        ([{"where": "data.tier ="}], "expected a quoted text, a number, true or false, found the end"),
        ([{"where": "a = 1 ORDER BY b"}], "expected AND, OR or the end of the condition, found 'ORDER'"),
        ([{"where": "createdTimestamp > {now-3m}"}], r"expected a date such as \{now-90d\}"),
        ([{"where": "a = regex('(')"}], "a: expected a regular expression"),
        ([{"every": "month"}], "expected hour, day, week or a cron expression"),
        ([{"every": "99 4 * * *"}], "expected hour, day, week or a cron expression"),
        ([{"file": {"name": "gold.csv"}}], r"expected \{as_of\} in the name"),
        ([{"file": {"name": "{window}_{as_of}.csv"}}], "no other placeholders"),
        ([{"file": {"name": "a/{as_of}"}}], "expected a plain file name"),
        ([{"file": {"name": "{as_of}.csv", "max_rows": 5}}], r"expected \{part\} in the name"),
        ([{"values": {"in": "Y", "out": "N"}}], "expected flag_column beside it"),
        ([{"flag_column": "GOLD", "values": {"in": "1", "out": "1"}}], "expected different texts for in and out"),
        ([{"flag_column": "email"}], "column email is there twice"),
        ([{}, {}], "'gold' is there twice"),
        ([{"file": {"name": "{as_of}"}}, {"name": "b", "file": {"name": "{as_of}"}}], "a different file name for each"),
        ([{"max_segment_change": 2}], "less than or equal to 1"),
    ],
)
def test_what_contradicts_itself_is_refused(segments: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        sync(*segments)


@pytest.mark.parametrize(
    "condition",
    [{"function": "rules:is_adult"}, {"gigya": "subscriptions.news.email.tags", "present": True}],
)
def test_a_record_filter_that_accounts_cannot_answer_is_refused_beside_segments_that_take_it(
    condition: dict[str, Any],
) -> None:
    with pytest.raises(ValidationError, match=r"segments\[0\]: the record filter asks for .* and record_filter: false"):
        sync({}, record_filter=[condition])
    assert not sync({"record_filter": False}, record_filter=[condition]).segments[0].record_filter
    assert sync({}, record_filter=[{"gigya": "profile.country", "equals": "US"}]).segments[0].record_filter
