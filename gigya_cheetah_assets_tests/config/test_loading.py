"""The sync file: every finding at once, each with file, key path, value and expectation."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from gigya_cheetah_assets.config import Sync, load_sync, load_syncs, missing_variables
from gigya_cheetah_assets.config.files import ImportFiles, InboundDefaults
from gigya_cheetah_assets.config.pgp import PgpOut
from gigya_cheetah_assets.errors import ConfigError
from gigya_cheetah_assets_tests.syncs import DESIGN_EXAMPLE, minimal_sync

NEEDS_WINDOW = "expected {window} in the name: each window needs a file of its own"


def _write(folder: Path, content: object, name: str = "acme.yaml") -> Path:
    file = folder / name
    file.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")
    return file


def _problems(folder: Path, content: object) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_sync(_write(folder, content))
    return caught.value.problems


def test_every_key_of_the_annotated_example_is_understood(tmp_path: Path) -> None:
    sync = load_sync(_write(tmp_path, DESIGN_EXAMPLE))
    assert [kind for kind, _ in sync.import_files.in_order()] == [
        "unsubscribes",
        "address_changes",
        "profiles",
        "subscribes",
    ]
    assert sync.fields[3].is_date_parts
    assert sync.inbound_files is not None
    assert sync.inbound_files.subscribes is not None
    assert sync.inbound_files.subscribes.not_ == "*unsubs_*"


def test_all_findings_of_a_file_come_at_once_with_key_path_value_and_expectation(tmp_path: Path) -> None:
    content = minimal_sync()
    content["gigya"]["requests_per_second"] = -1
    content["gigya"]["page_sise"] = 3
    content["fields"][1]["gigya"] = "a b"
    content["import_files"]["profiles"]["name"] = "profiles.csv"
    problems = _problems(tmp_path, content)
    file = tmp_path / "acme.yaml"
    assert problems == [
        f"{file}: gigya.requests_per_second: -1: expected: Input should be greater than 0",
        f"{file}: gigya.page_sise: unknown key; expected one of the keys in docs/sync-file.md",
        f"{file}: import_files.profiles.name: 'profiles.csv': {NEEDS_WINDOW}",
        f"{file}: fields[1].gigya[0]: 'a b': expected a Gigya path such as UID, profile.email or data.loyalty.tier",
    ]


def test_a_secret_in_plain_text_is_refused_and_never_shown(tmp_path: Path) -> None:
    content = minimal_sync()
    content["gigya"]["auth"]["secret"] = "hunter2-hunter2"
    problems = _problems(tmp_path, content)
    assert len(problems) == 1
    assert "gigya.auth.secret" in problems[0]
    assert "{env: NAME}" in problems[0]
    assert "hunter2" not in problems[0]


@pytest.mark.parametrize(
    ("field", "expectation"),
    [
        ({"cheetahmail": "X"}, "either gigya or constant"),
        ({"cheetahmail": "X", "gigya": "profile.x", "constant": "1"}, "either gigya or constant"),
        ({"cheetahmail": "X", "gigya": "data.x", "format": "%d"}, "format needs"),
        ({"cheetahmail": "X", "gigya": "data.x", "type": "integer", "format": "zz"}, "number format"),
        ({"cheetahmail": "X", "gigya": "data.x", "replace": [{"pattern": "("}]}, "regular expression"),
        (
            {"cheetahmail": "X", "gigya": "data.x", "type": "subscription", "values": {"yes": "1"}},
            "opt_in and opt_out",
        ),
        ({"cheetahmail": "EMAIL", "gigya": "data.x"}, "is there twice"),
        ({"cheetahmail": "X", "gigya": "data.x", "function": "no colon"}, "module:function"),
        ({"cheetahmail": "X", "gigya": "UID", "key": True}, "exactly one field with key: true"),
    ],
)
def test_a_field_that_contradicts_itself_is_refused(tmp_path: Path, field: dict[str, object], expectation: str) -> None:
    content = minimal_sync()
    content["fields"].append(field)
    assert any(expectation in problem for problem in _problems(tmp_path, content))


def test_http_is_allowed_for_a_loopback_host_only(tmp_path: Path) -> None:
    content = minimal_sync()
    content["gigya"] |= {"scheme": "http", "api_domain": "us1.gigya.com"}
    assert "loopback" in _problems(tmp_path, content)[0]
    content["gigya"]["api_domain"] = "127.0.0.1:18400"
    assert load_sync(_write(tmp_path, content)).gigya.scheme == "http"


def test_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    text = yaml.safe_dump(minimal_sync()) + "sample_size: 10\nsample_size: 20\n"
    assert "'sample_size' stands twice" in _problems(tmp_path, text)[0]


def test_a_file_that_is_no_yaml_is_named(tmp_path: Path) -> None:
    assert "no valid YAML" in _problems(tmp_path, "name: [unclosed")[0]


def test_a_window_must_start_on_its_boundary(tmp_path: Path) -> None:
    content = minimal_sync()
    content["windows"] = {"every": "day", "start": "2026-03-01T10:00:00Z"}
    assert "full day (UTC)" in _problems(tmp_path, content)[0]


def test_findings_of_several_files_come_together_and_names_must_differ(tmp_path: Path) -> None:
    broken = minimal_sync()
    broken["automation"] = "sometimes"
    _write(tmp_path, broken, "a.yaml")
    _write(tmp_path, minimal_sync(), "b.yaml")
    _write(tmp_path, minimal_sync(), "c.yml")
    with pytest.raises(ConfigError) as caught:
        load_syncs(tmp_path)
    assert len(caught.value.problems) == 2
    assert "a.yaml: automation: 'sometimes'" in caught.value.problems[0]
    assert "b.yaml has it already" in caught.value.problems[1]


def test_a_folder_without_sync_files_says_which_variable_names_the_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="GIGYA_CHEETAH_SYNCS"):
        load_syncs(tmp_path)


def test_missing_variables_are_named_with_their_key_path() -> None:
    sync = Sync.model_validate(minimal_sync())
    known = {"GIGYA_API_KEY": "k", "GIGYA_SECRET": "s"}
    assert missing_variables(sync, known) == ["GIGYA_USER_KEY (gigya.auth.user_key)"]


def test_a_model_never_prints_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIGYA_SECRET", "the-real-value")
    sync = Sync.model_validate(minimal_sync())
    assert "the-real-value" not in repr(sync)
    assert "the-real-value" not in sync.model_dump_json()


@pytest.mark.parametrize("zone", ["Mars/Base", "", "../etc/passwd", "EST5"])
def test_a_time_zone_that_nobody_knows_is_told(zone):
    with pytest.raises(ValueError, match="expected a time zone such as America/New_York"):
        InboundDefaults(time_zone=zone)


def _import_files(**files: object) -> ImportFiles:
    return ImportFiles.model_validate({"profiles": {"name": "p_{window}.csv"}} | files)


@pytest.mark.parametrize(
    ("files", "expectation"),
    [
        ({"defaults": {"max_rows": 10}}, r"profiles: expected \{part\} in the name"),
        ({"unsubscribes": {"name": "u_{window}.csv", "max_rows": 10}}, r"unsubscribes: expected \{part\} in the name"),
        ({"defaults": {"max_rows": 0}}, "max_rows"),
        ({"defaults": {"format": "jsonl", "encoding": "cp1252"}}, "expected encoding utf-8"),
        ({"defaults": {"count_suffix": ".ok", "trigger_suffix": ".ok"}}, "expected different suffixes"),
        ({"profiles": {"name": "p_{window}_{number}.csv"}}, "no other placeholders"),
        ({"defaults": {"pgp": {"encrypt_to": "a key as text"}}}, "expected {env: NAME}"),
        ({"defaults": {"pgp": {"encrypt_to": {"env": "K"}, "passphrase": {"env": "P"}}}}, "needs a sign_with"),
        ({"defaults": {"pgp": {"sign_with": {"env": "K"}}}}, "encrypt_to"),
    ],
)
def test_import_files_that_cannot_be_written_as_they_are_set_are_refused(
    files: dict[str, object], expectation: str
) -> None:
    with pytest.raises(ValidationError, match=expectation):
        _import_files(**files)


def test_a_kind_lays_its_own_settings_over_the_defaults() -> None:
    keys = {"encrypt_to": {"env": "K"}}
    files = _import_files(
        defaults={"compression": "gzip", "pgp": keys},
        unsubscribes={"name": "u_{window}_{part}.jsonl", "format": "jsonl", "max_rows": 5, "compression": "none"},
    )
    assert files.unsubscribes is not None
    own, other = files.unsubscribes.layout(files.defaults), files.profiles.layout(files.defaults)
    assert (own.format, own.max_rows, own.compression) == ("jsonl", 5, "none")
    assert (other.format, other.max_rows, other.compression) == ("delimited", None, "gzip")
    assert own.pgp == other.pgp == PgpOut.model_validate(keys)


def test_the_keys_of_both_directions_are_among_the_variables_that_must_be_set(tmp_path: Path) -> None:
    content = minimal_sync()
    content["import_files"]["defaults"] = {"pgp": {"encrypt_to": {"env": "THEIRS"}, "sign_with": {"env": "OURS"}}}
    pgp = {"decrypt_with": {"env": "OURS"}, "verify_with": {"env": "THEIRS_TOO"}}
    content["inbound_files"] = {"unsubscribes": {"pattern": "*", "pgp": pgp}}
    missing = missing_variables(Sync.model_validate(content), {})
    assert {
        "THEIRS (import_files.defaults.pgp.encrypt_to)",
        "OURS (import_files.defaults.pgp.sign_with)",
        "OURS (inbound_files.unsubscribes.pgp.decrypt_with)",
        "THEIRS_TOO (inbound_files.unsubscribes.pgp.verify_with)",
    } <= set(missing)
