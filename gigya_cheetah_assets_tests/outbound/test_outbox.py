"""The order in which a window's files and their followers reach the outbox."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gigya_cheetah_assets.cheetahmail import Manifest
from gigya_cheetah_assets.config.files import ImportFiles
from gigya_cheetah_assets.outbound.outbox import deliver_all, remove_surplus


class Recorder:
    """A staging that remembers what it was asked."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []

    def deliver(self, local: Path, name: str) -> None:
        self.calls.append((name, local.read_text()))

    def remove(self, name: str) -> None:
        self.calls.append(("removed", name))


FILES = ImportFiles.model_validate(
    {
        "defaults": {"count_suffix": ".count", "trigger_suffix": ".done", "max_rows": 5},
        "unsubscribes": {"name": "u_{window}_{part}", "count_suffix": None},
        "profiles": {"name": "p_{window}_{part}"},
    }
)


def manifest(kind: str, part: int = 1, parts: int = 1, rows: int = 5) -> Manifest:
    return Manifest(
        kind=kind, name=f"{kind[0]}_w_{part:03d}", rows=rows, bytes=1, sha256="", columns=[], window="w", queries=[],
        mapping_version="1", part=part, parts=parts,
    )  # fmt: skip


@pytest.fixture
def staging() -> Any:
    return Recorder()


def test_each_file_is_followed_by_its_count_and_then_by_its_trigger(staging: Any, tmp_path: Path) -> None:
    written = [manifest("profiles", 1, 2), manifest("profiles", 2, 2, rows=3)]
    for file in written:
        (tmp_path / file.name).write_text("data")
    deliver_all(staging, tmp_path, FILES, written)
    assert staging.calls == [
        ("p_w_001", "data"), ("p_w_001.count", "5\n"), ("p_w_001.done", ""),
        ("p_w_002", "data"), ("p_w_002.count", "3\n"), ("p_w_002.done", ""),
    ]  # fmt: skip


def test_parts_beyond_the_last_go_with_their_trigger_first(staging: Any) -> None:
    earlier = [manifest("profiles", part, 3) for part in (1, 2, 3)]
    remove_surplus(staging, FILES, earlier, [manifest("profiles", 1, 1)])
    assert [name for _, name in staging.calls] == [
        "p_w_002.done", "p_w_002.count", "p_w_002", "p_w_003.done", "p_w_003.count", "p_w_003",
    ]  # fmt: skip


def test_a_kind_without_rows_now_leaves_its_earlier_files_where_they_are(staging: Any) -> None:
    remove_surplus(staging, FILES, [manifest("unsubscribes"), manifest("profiles")], [manifest("profiles")])
    assert staging.calls == []
