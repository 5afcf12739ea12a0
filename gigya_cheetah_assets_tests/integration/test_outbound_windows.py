"""Whole windows through Dagster, on a real site over HTTP."""

from __future__ import annotations

import csv
import gzip
import io
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
import yaml
from click.testing import CliRunner

from gigya_cheetah_assets.cli import main
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.outbound.summary import DeliverySummary, ProfilesSummary, RowsSummary
from gigya_cheetah_assets.outbound.window import last_ended, window_of
from gigya_cheetah_assets.sandbox import Sandbox
from gigya_cheetah_assets.store import folders, summary
from gigya_cheetah_assets_tests.integration import sshd
from gigya_cheetah_assets_tests.integration.runs import FIRST, PEOPLE, Runs, runs


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "sandbox", PEOPLE) as sandbox:
        yield sandbox


@pytest.fixture
def outbound(sandbox: Sandbox, tmp_path: Path) -> Iterator[Runs]:
    with runs(sandbox, tmp_path / "run") as outbound:
        yield outbound


def _newest(outbound: Runs) -> str:
    return last_ended(outbound.sync.windows, datetime.now(UTC)) or ""


def _delivery(outbound: Runs, key: str) -> DeliverySummary:
    window = window_of(outbound.sync.windows, key, now=datetime.now(UTC))
    folder = folders.asset_folder(outbound.folder / "data", "sandbox", folders.FILES, window.stamp)
    return summary.read(folder, DeliverySummary)


def _rows_summary(outbound: Runs, key: str) -> RowsSummary:
    window = window_of(outbound.sync.windows, key, now=datetime.now(UTC))
    return summary.read(
        folders.asset_folder(outbound.folder / "data", "sandbox", folders.ROWS, window.stamp), RowsSummary
    )


def _lines(outbound: Runs, kind: str, key: str) -> list[dict[str, str]]:
    stamp = key.replace("-", "")
    found = [data for name, data in outbound.files().items() if name.startswith(f"gigya_{kind}_{stamp}")]
    return list(csv.DictReader(io.StringIO(gzip.decompress(found[0]).decode(), newline=""))) if found else []


def _failure(result: dg.ExecuteInProcessResult) -> str:
    data = result.get_step_failure_events()[0].step_failure_data
    return str(data.error) + str(data.user_failure_data)


def _person(outbound: Runs, state: bool | None = True) -> str:
    """A registered person with an address of their own and this state of the newsletter."""
    for document in outbound.sandbox.site.accounts():
        leaf = ((document.get("subscriptions") or {}).get("newsletter") or {}).get("email") or {}
        row = next((r for r in _lines(outbound, "profiles", FIRST) if r["GIGYA_UID"] == document.get("UID")), None)
        if row is not None and leaf.get("isSubscribed") is state and document.get("isRegistered"):
            return str(document["UID"])
    raise LookupError("no such person in the sandbox")


def test_a_window_leaves_files_counts_and_checks(outbound: Runs) -> None:
    result = outbound.run(FIRST)
    assert result.success
    delivery = _delivery(outbound, FIRST)
    assert delivery.read == delivery.delivered + delivery.unchanged + delivery.filtered + delivery.rejected
    assert delivery.delivered == len(_lines(outbound, "profiles", FIRST)) > 200
    assert [file.kind for file in delivery.files] == ["unsubscribes", "profiles", "subscribes"]
    event = outbound.instance.get_latest_materialization_event(dg.AssetKey(["sandbox", "staged_import_files"]))
    assert event is not None
    metadata = event.asset_materialization.metadata  # type: ignore[union-attr] - it is one
    assert metadata["dagster/row_count"].value == delivery.delivered
    assert delivery.files[1].sha256 in metadata["files"].value
    checks = {evaluation.check_name: evaluation.passed for evaluation in result.get_asset_check_evaluations()}
    assert {"columns", "keys", "volume", "reject_share", "count_identity", "opt_out_share", "value_errors"} <= set(
        checks
    )
    assert checks["count_identity"]


def test_the_same_window_again_gives_the_same_bytes(outbound: Runs) -> None:
    assert outbound.run(FIRST).success
    before = outbound.files()
    assert outbound.run(FIRST).success
    assert outbound.files() == before


def test_who_only_logs_in_is_unchanged(outbound: Runs) -> None:
    assert outbound.run(FIRST).success
    outbound.sandbox.site.touch(50)
    assert outbound.run(_newest(outbound)).success
    delivery = _delivery(outbound, _newest(outbound))
    assert delivery.delivered == 0
    assert delivery.files == []
    assert delivery.unchanged + delivery.rejected == delivery.read > 0


def test_each_change_leaves_in_the_file_of_its_kind(outbound: Runs) -> None:
    assert outbound.run(FIRST).success
    site = outbound.sandbox.site
    leaver, joiner = _person(outbound), _person(outbound, state=False)
    site.change(leaver, subscriptions={"newsletter": {"email": {"isSubscribed": False}}}, through="emailAccount")
    site.change(joiner, subscriptions={"newsletter": {"email": {"isSubscribed": True}}})
    site.change(joiner, profile={"email": "a-new-address@example.org"})
    newest = _newest(outbound)
    assert outbound.run(newest).success
    assert [(r["GIGYA_UID"], r["LIST_ID"]) for r in _lines(outbound, "unsubs", newest)] == [(leaver, "NEWSLETTER")]
    assert [r["GIGYA_UID"] for r in _lines(outbound, "coa", newest)] == [joiner]
    assert _lines(outbound, "coa", newest)[0]["EMAIL_TO"] == "a-new-address@example.org"
    assert ("a-new-address@example.org", "NEWSLETTER") in {
        (r["EMAIL"], r["LIST_ID"]) for r in _lines(outbound, "subs", newest)
    }
    assert {r["GIGYA_UID"] for r in _lines(outbound, "profiles", newest)} == {leaver, joiner}


def test_the_opt_out_of_a_rejected_record_still_leaves(outbound: Runs) -> None:
    assert outbound.run(FIRST).success
    leaver = _person(outbound)
    address = next(r["EMAIL"] for r in _lines(outbound, "profiles", FIRST) if r["GIGYA_UID"] == leaver)
    outbound.content["fields"] = [
        {**field, "required": True} if field["cheetahmail"] == "CRM_ID" else field
        for field in outbound.content["fields"]
    ]
    outbound.content["limits"]["max_reject_share"] = 1.0
    outbound.sandbox.site.change(leaver, data={"externalIds": {"crm": None}})
    outbound.sandbox.site.change(leaver, subscriptions={"newsletter": {"email": {"isSubscribed": False}}})
    newest = _newest(outbound)
    assert outbound.run(newest).success
    assert _rows_summary(outbound, newest).reasons == {"CRM_ID": {"missing": 1}}
    assert [(r["EMAIL"], r["LIST_ID"]) for r in _lines(outbound, "unsubs", newest)] == [(address, "NEWSLETTER")]


def test_whom_the_filter_leaves_out_can_still_opt_out(outbound: Runs) -> None:
    assert outbound.run(FIRST).success
    leaver = _person(outbound)
    outbound.content["record_filter"] = [{"gigya": "profile.country", "in": ["nowhere"]}]
    outbound.sandbox.site.change(leaver, subscriptions={"newsletter": {"email": {"isSubscribed": False}}})
    newest = _newest(outbound)
    assert outbound.run(newest).success
    assert _delivery(outbound, newest).filtered == 1
    assert [r["GIGYA_UID"] for r in _lines(outbound, "unsubs", newest)] == [leaver]


def test_a_range_of_windows_by_one_query_gives_the_files_of_single_runs(sandbox: Sandbox, tmp_path: Path) -> None:
    keys = ["2026-02-10", "2026-02-11", "2026-02-12", "2026-02-13"]
    windows = {"every": "day", "start": "2026-02-10T00:00:00Z"}
    with runs(sandbox, tmp_path / "single", windows=windows) as single:
        assert all(single.run(key).success for key in keys)
        expected = single.files()
    with runs(sandbox, tmp_path / "range", windows=windows) as ranged:
        assert ranged.run(*keys).success
        assert ranged.files() == expected
        assert _delivery(ranged, keys[2]).read > 0


def test_sample_mode_takes_ten_accounts_and_says_so(sandbox: Sandbox, tmp_path: Path) -> None:
    with runs(sandbox, tmp_path / "run", sample_size=10) as outbound:
        assert outbound.run(FIRST).success
        assert _delivery(outbound, FIRST).read == 10
        event = outbound.instance.get_latest_materialization_event(dg.AssetKey(["sandbox", "gigya_profiles"]))
        assert event is not None
        assert "10" in event.asset_materialization.metadata["sample_mode"].value  # type: ignore[union-attr] - it is one


def test_a_site_that_misbehaves_gives_the_same_files(outbound: Runs, tmp_path: Path) -> None:
    assert outbound.run(FIRST).success
    expected = outbound.files()
    with (
        Sandbox(tmp_path / "other", PEOPLE, faults="all,stall_seconds=0.2") as sandbox,
        runs(sandbox, tmp_path / "other-run") as other,
    ):
        assert other.run(FIRST).success
        assert other.files() == expected


def test_a_site_that_hides_uids_gives_the_same_rows_but_for_shared_addresses(outbound: Runs, tmp_path: Path) -> None:
    assert outbound.run(FIRST).success
    expected = {row["GIGYA_UID"]: row for row in _lines(outbound, "profiles", FIRST)}
    addresses = Counter(row["EMAIL"].lower() for row in expected.values())
    with (
        Sandbox(tmp_path / "other", PEOPLE, expose_uid=False) as sandbox,
        runs(sandbox, tmp_path / "other-run") as other,
    ):
        assert other.run(FIRST).success
        found = {row["GIGYA_UID"]: row for row in _lines(other, "profiles", FIRST)}
    for uid, row in expected.items():
        if addresses[row["EMAIL"].lower()] == 1:
            assert found[uid] == row
        else:
            assert found[uid]["NEWSLETTER"] in (row["NEWSLETTER"], "")


def test_more_rejects_than_allowed_stop_before_delivery_until_released(outbound: Runs) -> None:
    outbound.content["limits"]["max_reject_share"] = 0.0
    result = outbound.run(FIRST)
    assert not result.success
    assert outbound.files() == {}
    alone = outbound.run(FIRST, assets="staged_import_files")
    assert not alone.success
    assert f"gigya-cheetah release sandbox {FIRST} reject_share" in _failure(alone)
    (outbound.folder / "syncs").mkdir()
    (outbound.folder / "syncs" / "s.yaml").write_text(yaml.safe_dump(outbound.content), encoding="utf-8")
    environ = {"GIGYA_CHEETAH_SYNCS": str(outbound.folder / "syncs")}
    released = CliRunner().invoke(main, ["release", "sandbox", FIRST, "reject_share"], env=environ)
    assert released.exit_code == 0, released.output
    assert outbound.run(FIRST).success
    assert outbound.files()


def test_rows_of_other_fields_are_not_delivered(outbound: Runs) -> None:
    assert outbound.run(FIRST).success
    outbound.content["fields"] = outbound.content["fields"][:-1]
    result = outbound.run(FIRST, assets="staged_import_files")
    assert not result.success
    assert "materialize gigya_profiles" in _failure(result)


def test_a_step_without_its_upstream_names_what_to_do(outbound: Runs) -> None:
    result = outbound.run(FIRST, assets="staged_import_files")
    assert not result.success
    assert "materialize gigya_profiles of this partition first" in _failure(result)


def test_an_older_window_delivered_later_does_not_bring_back_an_opt_in(outbound: Runs) -> None:
    assert outbound.run(FIRST, assets="gigya_profiles").success
    assert outbound.run(FIRST, assets="cheetahmail_rows").success
    uid = next(
        doc["UID"]
        for doc in outbound.sandbox.site.accounts()
        if doc.get("isRegistered")
        and ((doc.get("subscriptions") or {}).get("newsletter") or {}).get("email", {}).get("isSubscribed")
    )
    outbound.sandbox.site.change(uid, subscriptions={"newsletter": {"email": {"isSubscribed": False}}})
    newest = _newest(outbound)
    assert outbound.run(newest).success
    assert uid in {r["GIGYA_UID"] for r in _lines(outbound, "unsubs", newest)}
    assert outbound.run(FIRST, assets="staged_import_files").success
    stale = [r for r in _lines(outbound, "subs", FIRST) if r["GIGYA_UID"] == uid and r["LIST_ID"] == "NEWSLETTER"]
    assert stale == []
    assert uid not in {r["GIGYA_UID"] for r in _lines(outbound, "profiles", FIRST)}
    assert _delivery(outbound, FIRST).superseded == 1


def test_a_character_that_the_encoding_lacks_is_a_reject(sandbox: Sandbox, tmp_path: Path) -> None:
    with runs(sandbox, tmp_path / "run", limits={"max_reject_share": 1.0}) as outbound:
        outbound.content["import_files"]["defaults"] = {"encoding": "cp1252", "compression": "none"}
        assert outbound.run(FIRST).success
        reasons = _rows_summary(outbound, FIRST).reasons
        assert reasons["FNAME"]["not_in_encoding"] > 10


def test_lite_accounts_are_left_out_when_only_full_ones_are_wanted(sandbox: Sandbox, tmp_path: Path) -> None:
    with runs(sandbox, tmp_path / "run") as outbound:
        outbound.content["gigya"]["accounts"] = "full"
        assert outbound.run(FIRST).success
        window = window_of(outbound.sync.windows, FIRST, now=datetime.now(UTC))
        folder = folders.asset_folder(outbound.folder / "data", "sandbox", folders.PROFILES, window.stamp)
        assert summary.read(folder, ProfilesSummary).lite == 0


def test_a_wrong_secret_stops_at_once_and_is_named(outbound: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_GIGYA_SECRET", "d3Jvbmc=")
    before = outbound.sandbox.requests
    result = outbound.run(FIRST)
    assert not result.success
    assert "gigya.auth" in _failure(result)
    # Each source is asked at once, and once.
    assert outbound.sandbox.requests - before <= len(FieldTable.from_sync(outbound.sync).sources)


def test_a_window_reaches_openssh_and_the_sandboxs_server_as_it_reaches_a_folder(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with runs(sandbox, tmp_path / "folder") as local:
        assert local.run(FIRST).success
        expected = local.files()
    own = {
        "type": "sftp",
        "host": "127.0.0.1",
        "port": sandbox.sftp_port,
        "username": "sandbox",
        "password": {"env": "SANDBOX_SFTP_PASSWORD"},
        "known_hosts": {"env": "SANDBOX_SFTP_KNOWN_HOSTS"},
    }
    with runs(sandbox, tmp_path / "own", staging=own) as outbound:
        assert outbound.run(FIRST).success
    assert _content(sandbox.sftp_root / "autoproc") == expected
    (tmp_path / "sshd").mkdir()
    with sshd.running(tmp_path / "sshd") as server:
        for name, value in server.environ.items():
            monkeypatch.setenv(name, value)
        (server.root / "autoproc").mkdir(parents=True, exist_ok=True)
        settings = server.config().model_dump(exclude_none=True)
        with runs(sandbox, tmp_path / "openssh", staging=settings) as outbound:
            assert outbound.run(FIRST).success
        assert _content(server.root / "autoproc") == expected


def _content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
