"""Encrypted files, files in parts, JSON lines, count files: what lies in the outbox, and again after another run."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gigya_cheetah_assets.cheetahmail import Manifest
from gigya_cheetah_assets.outbound.summary import DeliverySummary
from gigya_cheetah_assets.sandbox import Sandbox
from gigya_cheetah_assets.store import summary
from gigya_cheetah_assets_tests.integration.reading import folder_of
from gigya_cheetah_assets_tests.integration.runs import FIRST, PEOPLE, Runs, runs
from gigya_cheetah_assets_tests.pgp.people_keys import Gpg, everybody

PGP = {"encrypt_to": {"env": "CHEETAH"}, "sign_with": {"env": "OUR_KEY"}, "passphrase": {"env": "OUR_PHRASE"}}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("sandbox"), PEOPLE) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def expected(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The plain gzip files of the window, by name."""
    with runs(sandbox, tmp_path_factory.mktemp("plain") / "run") as plain:
        assert plain.run(FIRST).success
        return plain.files()


@pytest.fixture
def outbound(sandbox: Sandbox, tmp_path: Path) -> Iterator[Runs]:
    with runs(sandbox, tmp_path / "run") as outbound:
        yield outbound


@pytest.fixture(scope="module")
def gpg() -> Iterator[Gpg]:
    with everybody() as found:
        yield found


@pytest.fixture
def keys(gpg: Gpg, outbound: Runs, monkeypatch: pytest.MonkeyPatch) -> Gpg:
    monkeypatch.setenv("OUR_KEY", gpg.secret("us", "open"))
    monkeypatch.setenv("OUR_PHRASE", "open")
    monkeypatch.setenv("CHEETAH", gpg.public("cheetah"))
    outbound.content["import_files"]["defaults"]["pgp"] = PGP
    return gpg


def manifests(outbound: Runs) -> list[Manifest]:
    return summary.read(folder_of(outbound, "staged_import_files", FIRST), DeliverySummary).files


def named(outbound: Runs, **settings: Any) -> None:
    """Lays settings over the defaults and gives each name a part."""
    files = outbound.content["import_files"]
    files["defaults"] |= settings
    for kind in ("unsubscribes", "address_changes", "profiles", "subscribes"):
        files[kind]["name"] = files[kind]["name"].replace("{window}", "{window}_{part}")
    outbound.content["segments"] = []


def test_encrypted_files_hold_what_the_plain_ones_hold_and_nothing_plain_is_kept(
    outbound: Runs, keys: Gpg, expected: dict[str, bytes]
) -> None:
    assert outbound.run(FIRST).success
    outbox, local = outbound.folder / "staging" / "autoproc", folder_of(outbound, "staged_import_files", FIRST)
    assert {path.name for path in outbox.iterdir()} == {f"{name}.pgp" for name in expected}
    for manifest in manifests(outbound):
        plain = expected[manifest.name.removesuffix(".pgp")]
        assert keys.decrypt(outbox / manifest.name) == (plain, [keys.fingerprints["us"]])
        assert manifest.packed_sha256 == hashlib.sha256(plain).hexdigest()
        assert manifest.plain_sha256 == hashlib.sha256(gzip.decompress(plain)).hexdigest()
        assert manifest.sha256 == hashlib.sha256((outbox / manifest.name).read_bytes()).hexdigest()
        assert (manifest.encrypted_to, manifest.signed_by) == (keys.fingerprints["cheetah"], keys.fingerprints["us"])
    assert sorted(path.name for path in local.iterdir() if path.name.endswith(".gz")) == []
    for path in [local, *local.iterdir()]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path.name


def test_the_same_content_for_the_same_key_is_not_encrypted_again(
    outbound: Runs, keys: Gpg, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert outbound.run(FIRST).success
    first = outbound.files()
    assert outbound.run(FIRST, assets="staged_import_files").success
    assert outbound.files() == first
    # For another receiver the content is the same and the bytes are not.
    packed = [manifest.packed_sha256 for manifest in manifests(outbound)]
    monkeypatch.setenv("CHEETAH", keys.public("stranger"))
    assert outbound.run(FIRST, assets="staged_import_files").success
    assert all(outbound.files()[name] != data for name, data in first.items())
    assert [manifest.packed_sha256 for manifest in manifests(outbound)] == packed
    assert {manifest.encrypted_to for manifest in manifests(outbound)} == {keys.fingerprints["stranger"]}


@pytest.mark.parametrize(
    ("variable", "value", "problem"),
    [
        ("CHEETAH", "expired", "import_files.defaults.pgp.encrypt_to: the key"),
        ("CHEETAH", "revoked", "is revoked"),
        ("OUR_PHRASE", "something else", "the passphrase does not open sign_with"),
    ],
)
def test_a_key_that_cannot_be_used_stops_the_window_before_any_file_leaves(
    outbound: Runs, keys: Gpg, monkeypatch: pytest.MonkeyPatch, *, variable: str, value: str, problem: str
) -> None:
    monkeypatch.setenv(variable, keys.public(value) if value in keys.fingerprints else value)
    result = outbound.run(FIRST)
    assert not result.success
    assert problem in str(result.failure_data_for_node("sandbox__staged_import_files"))
    assert outbound.files() == {}
    data = outbound.folder / "data" / "sandbox" / "staged_import_files"
    assert [path for path in data.rglob("*") if path.suffix in (".gz", ".sealed")] == []


def test_parts_count_files_and_triggers_tell_of_every_row(outbound: Runs, expected: dict[str, bytes]) -> None:
    named(outbound, max_rows=40, count_suffix=".count", trigger_suffix=".done")
    assert outbound.run(FIRST).success
    files, found = outbound.files(), manifests(outbound)
    data = {name for name in files if name.endswith(".gz")}
    assert data == {manifest.name for manifest in found}
    assert {name for name in files if name.endswith(".count")} == {f"{name}.count" for name in data}
    assert {name for name in files if name.endswith(".done")} == {f"{name}.done" for name in data}
    for kind, start in (("profiles", "gigya_profiles"), ("unsubscribes", "gigya_unsubs"), ("subscribes", "gigya_subs")):
        parts = [manifest for manifest in found if manifest.kind == kind]
        whole = _rows(expected[f"{start}_20260301T000000Z.csv.gz"])
        assert [(m.part, m.parts) for m in parts] == [(part + 1, len(parts)) for part in range(len(parts))]
        assert [m.rows for m in parts] == [min(40, len(whole) - at) for at in range(0, len(whole), 40)]
        assert [m.name for m in parts] == [f"{start}_20260301T000000Z_{m.part:03d}.csv.gz" for m in parts]
        assert [row for m in parts for row in _rows(files[m.name])] == whole
        assert all(files[f"{m.name}.count"] == f"{m.rows}\n".encode() for m in parts)
    delivery = summary.read(folder_of(outbound, "staged_import_files", FIRST), DeliverySummary)
    assert sum(m.rows for m in found if m.kind == "profiles") == delivery.delivered
    assert delivery.read == delivery.delivered + delivery.unchanged + delivery.filtered + delivery.rejected
    assert len([m for m in found if m.kind == "profiles"]) > 3


def test_the_same_rows_give_the_same_parts_and_fewer_parts_leave_no_old_one(outbound: Runs) -> None:
    named(outbound, max_rows=40, count_suffix=".count", trigger_suffix=".done")
    assert outbound.run(FIRST).success
    first = outbound.files()
    assert outbound.run(FIRST, assets="staged_import_files").success
    assert outbound.files() == first
    outbound.content["import_files"]["defaults"]["max_rows"] = 100
    assert outbound.run(FIRST, assets="staged_import_files").success
    names = {manifest.name for manifest in manifests(outbound)}
    assert set(outbound.files()) == names | {f"{name}{end}" for name in names for end in (".count", ".done")}
    assert len(names) < len([name for name in first if name.endswith(".gz")])


def test_json_lines_hold_the_cells_of_the_delimited_file(outbound: Runs, expected: dict[str, bytes]) -> None:
    files = outbound.content["import_files"]
    files["profiles"] |= {"name": "gigya_profiles_{window}.jsonl", "format": "jsonl", "compression": "none"}
    assert outbound.run(FIRST).success
    lines = [json.loads(line) for line in outbound.files()["gigya_profiles_20260301T000000Z.jsonl"].splitlines()]
    assert lines == _rows(expected["gigya_profiles_20260301T000000Z.csv.gz"])
    others = {name: data for name, data in outbound.files().items() if name.endswith(".gz")}
    assert others == {name: data for name, data in expected.items() if "profiles" not in name}


def test_all_of_the_data_folder_is_for_this_user_only_whatever_the_umask(outbound: Runs, keys: Gpg) -> None:
    named(outbound, max_rows=40, count_suffix=".count", trigger_suffix=".done")
    before = os.umask(0)
    try:
        assert outbound.run(FIRST).success
    finally:
        os.umask(before)
    data = outbound.folder / "data"
    paths = list(data.rglob("*"))
    assert {".pgp", ".count", ".done", ".json", ".parquet", ".sqlite"} <= {path.suffix for path in paths}
    modes = {path.relative_to(data): stat.S_IMODE(path.stat().st_mode) for path in paths}
    assert {path: mode for path, mode in modes.items() if mode != (0o700 if (data / path).is_dir() else 0o600)} == {}


def _rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(gzip.decompress(data).decode(), newline="")))
