from __future__ import annotations

import csv
import gzip
import json
import os
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gigya_cheetah_assets.erasure import files
from gigya_cheetah_assets.erasure.person import Person

ANA = Person(frozenset({"u1"}), frozenset({"ana@example.org"}), frozenset({"uid", "UID", "GIGYA_UID"}))
OLD = 1_700_000_000


def parquet(path: Path, **columns: list[str | None]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({name: pa.array(cells, pa.string()) for name, cells in columns.items()}), path)
    os.utime(path, (OLD, OLD))
    return path


def left(path: Path) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = pq.read_table(path).to_pylist()
    return rows


def test_parquet_is_written_anew_and_keeps_its_time(tmp_path: Path) -> None:
    path = parquet(
        tmp_path / "gigya_profiles" / "w1" / "profiles.parquet",
        UID=["u1", "u2"],
        **{"profile.email": ["a@x.org", "b@x.org"]},
    )
    assert [(t.rows, t.done) for t in files.file_traces(tmp_path, ANA)] == [(1, files.REWRITTEN)]
    assert len(left(path)) == 2
    files.erase_files(tmp_path, ANA)
    assert [row["UID"] for row in left(path)] == ["u2"]
    assert path.stat().st_mtime == OLD
    assert path.stat().st_mode & 0o777 == 0o600
    assert files.erase_files(tmp_path, ANA) == []


def test_counts_beside_parquet_follow_it_also_after_a_kill_between_both(tmp_path: Path) -> None:
    folder = tmp_path / "gigya_profiles" / "w1"
    parquet(folder / "profiles.parquet", UID=["u1", "u2"])
    parquet(folder / "rejected.parquet", UID=["u3"])
    (folder / "summary.json").write_text(json.dumps({"read": 3, "profiles": 2, "rejected": 1, "window": "w1"}))
    files.contents.rewrite_parquet(folder / "profiles.parquet", ANA)
    files.erase_files(tmp_path, ANA)
    assert json.loads((folder / "summary.json").read_text()) == {
        "read": 2,
        "profiles": 1,
        "rejected": 1,
        "window": "w1",
    }


def test_rejects_lose_her_lines(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"
    path.write_text("uid,column,reason\nu1,EMAIL,missing\nu2,EMAIL,missing\n'u1,EMAIL,missing\n")
    files.erase_files(tmp_path, ANA)
    assert [line[0] for line in csv.reader(path.read_text().splitlines())] == ["uid", "u2"]


@pytest.mark.parametrize(
    ("content", "gone"),
    [
        (b"EMAIL,UID\nANA@example.org,\n", True),
        (b"EMAIL,UID\nbo@example.org,u2\n", False),
        (gzip.compress(b"x" * (1 << 20) + b"ana@exa" + b"mple.org", mtime=0), True),
        (gzip.compress(b"EMAIL\nbo@example.org\n", mtime=0), False),
        (gzip.compress(b"EMAIL\nbo@example.org\n", mtime=0)[:-9], True),
        ("EMAIL\nana@example.org\n".encode("utf-16"), True),
        ("EMAIL\nbo@example.org\n".encode("utf-8-sig"), False),
        (b"-----BEGIN PGP MESSAGE-----\n", True),
        (b"\xc1\xc0\x4c\x03", True),
        (b"", False),
    ],
)
def test_copies_go_as_a_whole_if_she_may_be_in_them(tmp_path: Path, content: bytes, *, gone: bool) -> None:
    path = tmp_path / "inbound_files" / "p1" / "content"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    files.erase_files(tmp_path, ANA)
    assert path.is_file() is not gone


def test_every_member_of_a_zip_is_looked_into(tmp_path: Path) -> None:
    path = tmp_path / "file.csv.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", "bo@example.org")
        archive.writestr("b", "ana@example.org")
    assert [trace.done for trace in files.erase_files(tmp_path, ANA)] == [files.REMOVED]


def test_what_killed_steps_left_is_looked_at_too(tmp_path: Path) -> None:
    parquet(tmp_path / "cheetahmail_rows" / ".w1.partial" / "profiles.parquet", GIGYA_UID=["u1"])
    broken = tmp_path / "cheetahmail_rows" / ".w2.partial" / "profiles.parquet"
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"PAR1 half")
    (tmp_path / ".x.parquet.erasing").write_bytes(b"PAR1")
    assert sorted(trace.done for trace in files.erase_files(tmp_path, ANA)) == [
        files.REMOVED, files.LEFT, files.REWRITTEN,
    ]  # fmt: skip
    assert not broken.exists()


def test_addresses_are_learned_from_her_rows_only(tmp_path: Path) -> None:
    parquet(tmp_path / "a.parquet", uid=["u1", "u2"], email=["Second@Example.org", "bo@example.org"])
    assert files.with_addresses(tmp_path, ANA).addresses == {"ana@example.org", "second@example.org"}
