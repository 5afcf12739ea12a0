from __future__ import annotations

from typing import Any

import pyarrow as pa

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.outbound.encodings import REASON, FileEncodings
from gigya_cheetah_assets_tests.syncs import minimal_sync

FIELDS = [
    {"cheetahmail": "GIGYA_UID", "gigya": "UID", "key": True},
    {"cheetahmail": "EMAIL", "gigya": "profile.email", "type": "email", "required": True},
    {"cheetahmail": "FNAME", "gigya": "profile.firstName"},
]


def _encodings(profiles: str, unsubscribes: str | None = None) -> FileEncodings:
    files: dict[str, Any] = {"profiles": {"name": "p_{window}.csv", "encoding": profiles}}
    if unsubscribes is not None:
        files["unsubscribes"] = {"name": "u_{window}.csv", "encoding": unsubscribes}
    sync = Sync.model_validate(minimal_sync(fields=FIELDS, import_files=files))
    return FileEncodings(sync, FieldTable.from_sync(sync))


def _rows(*rows: tuple[str, str, str | None]) -> pa.Table:
    names = ("GIGYA_UID", "EMAIL", "FNAME")
    return pa.Table.from_pylist(
        [dict(zip(names, row, strict=True)) for row in rows], pa.schema([(n, pa.string()) for n in names])
    )


def test_a_row_with_a_character_that_the_file_lacks_is_split_off_with_its_column() -> None:
    rows = _rows(("u1", "a@example.org", "José"), ("u2", "b@example.org", "Жанна"), ("u3", "c@example.org", None))
    good, bad, lines = _encodings("cp1252").split(rows)
    assert good["GIGYA_UID"].to_pylist() == ["u1", "u3"]
    assert bad["GIGYA_UID"].to_pylist() == ["u2"]
    assert lines.to_pylist() == [{"uid": "u2", "column": "FNAME", "reason": REASON}]


def test_all_of_unicode_fits_utf_8() -> None:
    rows = _rows(("u1", "a@example.org", "日本 😀"))
    good, bad, lines = _encodings("utf-8").split(rows)
    assert (good, len(bad), len(lines)) == (rows, 0, 0)


def test_the_address_has_to_fit_every_kind_of_file_but_the_other_cells_only_profiles() -> None:
    rows = _rows(("u1", "жанна@example.org", "Anna"), ("u2", "b@example.org", "Жанна"))
    good, _, lines = _encodings("utf-8", "latin-1").split(rows)
    assert good["GIGYA_UID"].to_pylist() == ["u2"]
    assert lines.to_pylist() == [{"uid": "u1", "column": "EMAIL", "reason": REASON}]


def test_what_the_unsubscribes_file_lacks_is_emptied_in_a_rejected_row() -> None:
    rows = _rows(("u1", "жанна@example.org", "Анна"), ("ж2", "b@example.org", None))
    emptied = _encodings("cp1252", "cp1252").without_unwritable(rows)
    assert emptied["GIGYA_UID"].to_pylist() == ["u1", None]
    assert emptied["EMAIL"].to_pylist() == [None, "b@example.org"]
    assert _encodings("cp1252", "utf-8").without_unwritable(rows) == rows
