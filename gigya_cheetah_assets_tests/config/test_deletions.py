from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets_tests.syncs import minimal_sync


def sync(**deletions: Any) -> Sync:
    return Sync.model_validate(minimal_sync(**({"deletions": deletions} if deletions else {})))


def test_deletions_are_read_from_the_audit_log_unless_the_sync_file_says_otherwise() -> None:
    assert (sync().deletions.source, sync().deletions.name) == ("audit_log", "gigya_deleted_{window}.csv")
    assert (sync(source="stream").deletions.source, sync(source="none").deletions.source) == ("stream", "none")


def test_the_file_is_written_as_the_others_but_for_what_it_says_itself() -> None:
    content = minimal_sync(deletions={"delimiter": "|"})
    content["import_files"]["defaults"] = {"compression": "gzip", "delimiter": ";"}
    files = Sync.model_validate(content).deletion_files
    ((kind, file),) = files.in_order()
    layout = file.layout(files.defaults)
    assert (kind, layout.compression, layout.delimiter) == ("deletions", "gzip", "|")


def test_a_limit_of_rows_for_the_others_is_none_for_this_file() -> None:
    content = minimal_sync()
    content["import_files"] = {"defaults": {"max_rows": 5}, "profiles": {"name": "profiles_{window}_{part}.csv"}}
    files = Sync.model_validate(content).deletion_files
    assert files.deletions.layout(files.defaults).max_rows is None


@pytest.mark.parametrize(
    ("deletions", "expected"),
    [
        ({"sauce": "audit_log"}, "sauce"),
        ({"source": "webhook"}, "audit_log"),
        ({"name": "deleted.csv"}, "expected {window} in the name"),
        ({"name": "profiles_{window}.csv"}, "expected a name that no kind of import_files has"),
        ({"max_rows": 10}, "expected {part} in the name"),
        ({"format": "jsonl", "encoding": "latin-1"}, "JSON lines have no other"),
    ],
)
def test_a_mistake_is_named(deletions: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValidationError, match=expected):
        sync(**deletions)
