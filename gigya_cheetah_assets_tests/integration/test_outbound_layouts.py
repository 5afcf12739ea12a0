"""What lies in the outbox and beside the asset: manifests, triggers, compressions, encodings."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from gigya_cheetah_assets.cheetahmail import Manifest
from gigya_cheetah_assets.sandbox import Sandbox
from gigya_cheetah_assets_tests.integration.reading import folder_of, lines, profiles_summary, rows_summary
from gigya_cheetah_assets_tests.integration.runs import FIRST, PEOPLE, Runs, runs

OPT_OUT = {"newsletter": {"email": {"isSubscribed": False}}}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("sandbox"), PEOPLE) as sandbox:
        yield sandbox


@pytest.fixture
def outbound(sandbox: Sandbox, tmp_path: Path) -> Iterator[Runs]:
    with runs(sandbox, tmp_path / "run") as outbound:
        yield outbound


def test_beside_each_file_lies_a_manifest_that_is_the_assets_metadata(outbound: Runs) -> None:
    assert outbound.run(FIRST).success
    folder = folder_of(outbound, "staged_import_files", FIRST)
    event = outbound.instance.get_latest_materialization_event(dg.AssetKey(["sandbox", "staged_import_files"]))
    assert event is not None
    shown = event.asset_materialization.metadata["manifests"].value  # type: ignore[union-attr] - it is one
    assert [manifest["name"] for manifest in shown] == sorted(outbound.files(), key=_kind)
    for line in shown:
        manifest = Manifest.read(folder / f"{line['name']}.manifest.json")
        delivered = outbound.files()[manifest.name]
        assert (manifest.sha256, manifest.bytes) == (hashlib.sha256(delivered).hexdigest(), len(delivered))
        assert (folder / manifest.name).read_bytes() == delivered
        kind = manifest.name.split("_")[1]
        assert manifest.rows == len(lines(outbound, kind, FIRST))
        assert manifest.columns == list(lines(outbound, kind, FIRST)[0])
        assert (manifest.window, manifest.queries) == (FIRST, profiles_summary(outbound, FIRST).queries)
        assert line["sha256"] == manifest.sha256


def _kind(name: str) -> int:
    return ("unsubs", "coa", "profiles", "subs").index(name.split("_")[1])


def test_everything_that_the_assets_keep_is_for_this_user_only(outbound: Runs) -> None:
    assert outbound.run(FIRST).success
    paths = list((outbound.folder / "data" / "sandbox").rglob("*"))
    assert len(paths) > 10
    for path in paths:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path.name


def test_the_definitions_carry_columns_with_descriptions_and_their_lineage(outbound: Runs) -> None:
    result = outbound.run(FIRST)
    assert result.success
    job = result.job_def.asset_layer
    rows = job.get(dg.AssetKey(["sandbox", "cheetahmail_rows"])).metadata
    columns = rows["dagster/column_schema"].columns
    assert [column.name for column in columns] == [field["cheetahmail"] for field in outbound.content["fields"]]
    assert all(column.description and column.type for column in columns)
    lineage = rows["dagster/column_lineage"].deps_by_column
    assert [dep.column_name for dep in lineage["EMAIL_SHA256"]] == ["profile.email"]


def test_zip_without_header_by_another_delimiter_and_a_trigger_after_each_file(outbound: Runs) -> None:
    assert outbound.run(FIRST).success
    expected = lines(outbound, "profiles", FIRST)
    outbound.content["import_files"]["defaults"] = {
        "compression": "zip",
        "delimiter": "|",
        "header": False,
        "line_end": "crlf",
        "quoting": "all",
        "trigger_suffix": ".done",
    }
    assert outbound.run(FIRST).success
    name = "gigya_profiles_20260301T000000Z.csv.zip"
    with zipfile.ZipFile(io.BytesIO(outbound.files()[name])) as archive:
        text = archive.read(archive.namelist()[0]).decode()
    found = list(csv.reader(io.StringIO(text, newline=""), delimiter="|"))
    assert found == [list(row.values()) for row in expected]
    assert text.startswith('"')
    assert text.count("\r\n") == len(expected)
    triggers = {
        name.removesuffix(".done") for name, data in outbound.files().items() if name.endswith(".done") and not data
    }
    assert triggers == {name for name in outbound.files() if name.endswith(".zip")}


def test_an_opt_out_leaves_although_the_encoding_holds_neither_name_nor_address(tmp_path: Path) -> None:
    with Sandbox(tmp_path / "own", PEOPLE) as sandbox, runs(sandbox, tmp_path / "run") as outbound:
        outbound.content["limits"] |= {"max_reject_share": 1.0}
        outbound.content["import_files"]["defaults"] = {"encoding": "cp1252", "compression": "gzip"}
        opted_out = {"isRegistered": True, "subscriptions": OPT_OUT}
        named = sandbox.site.add_full(**opted_out, profile={"email": "anna@example.org", "firstName": "Жанна"})
        nowhere = sandbox.site.add_full(**opted_out, profile={"email": "жанна@example.org"})
        for uid in (named, nowhere):
            sandbox.site.change(uid, data={"optInSource": "web"}, at=1_772_400_000_000)
            sandbox.site.change(uid, subscriptions=OPT_OUT, at=1_772_400_000_000)
        assert outbound.run(FIRST).success
        leavers = {row["GIGYA_UID"]: row["EMAIL"] for row in _cp1252(outbound)}
        assert leavers[named] == "anna@example.org"
        assert nowhere not in leavers
        rows = rows_summary(outbound, FIRST)
        assert rows.reasons["EMAIL"]["not_in_encoding"] >= 1
        assert rows.unaddressable >= 1


def _cp1252(outbound: Runs) -> list[dict[str, str]]:
    data = gzip.decompress(outbound.files()["gigya_unsubs_20260301T000000Z.csv.gz"])
    return list(csv.DictReader(io.StringIO(data.decode("cp1252"), newline="")))
