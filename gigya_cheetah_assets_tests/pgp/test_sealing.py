"""Files encrypted here, opened by the program gpg."""

from __future__ import annotations

import os
import resource
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from gigya_cheetah_assets.config.pgp import PgpOut
from gigya_cheetah_assets.errors import ConfigError, StopSync
from gigya_cheetah_assets.pgp import Sealer
from gigya_cheetah_assets_tests.pgp.people_keys import Gpg

SIGNED = {"encrypt_to": {"env": "CHEETAH"}, "sign_with": {"env": "OUR_KEY"}, "passphrase": {"env": "OUR_PHRASE"}}


def settings(**changes: object) -> PgpOut:
    given = {**SIGNED, **changes}
    return PgpOut.model_validate({name: value for name, value in given.items() if value is not None})


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "gigya_unsubs.csv.gz"
    path.write_bytes(b"EMAIL,GIGYA_UID\nanna@example.org,u1\n" * 3000)
    return path


def keyrings() -> list[Path]:
    return list(Path(tempfile.gettempdir()).glob("gigya-cheetah-pgp-*"))


def test_gpg_opens_what_was_sealed_and_finds_our_signature(keys: Gpg, source: Path, tmp_path: Path) -> None:
    target = tmp_path / "f.pgp"
    with Sealer(settings()) as sealer:
        sealer.seal(source, target)
        assert (sealer.encrypted_to, sealer.signed_by) == (keys.fingerprints["cheetah"], keys.fingerprints["us"])
    content, signers = keys.decrypt(target)
    assert content == source.read_bytes()
    assert signers == [keys.fingerprints["us"]]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    # A binary message: no armor, the local name not in it, nothing of the content either.
    assert target.read_bytes()[0] & 0x80
    assert b"gigya_unsubs" not in keys.run("--list-packets", "--verbose", str(target)).stdout
    assert b"example.org" not in target.read_bytes()


def test_without_a_key_of_ours_files_are_encrypted_and_not_signed(keys: Gpg, source: Path, tmp_path: Path) -> None:
    with Sealer(settings(sign_with=None, passphrase=None)) as sealer:
        sealer.seal(source, tmp_path / "f.pgp")
        assert sealer.signed_by is None
    assert keys.decrypt(tmp_path / "f.pgp") == (source.read_bytes(), [])


def test_a_key_with_its_line_breaks_written_as_backslash_n_is_read(
    keys: Gpg, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHEETAH", keys.public("cheetah").replace("\n", "\\n"))
    with Sealer(settings()) as sealer:
        sealer.seal(source, tmp_path / "f.pgp")
    assert keys.decrypt(tmp_path / "f.pgp")[0] == source.read_bytes()


def test_the_keyring_is_private_and_gone_afterwards_and_its_agent_too(keys: Gpg, source: Path, tmp_path: Path) -> None:
    before = set(keyrings())
    with Sealer(settings()) as sealer:
        (home,) = set(keyrings()) - before
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
        sealer.seal(source, tmp_path / "f.pgp")
        assert _agents(home)
    assert not home.exists()
    assert not _agents(home)


def _agents(home: Path) -> list[str]:
    lines = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout.splitlines()
    return [line for line in lines if "gpg-agent" in line and str(home) in line]


@pytest.mark.parametrize(
    ("receiver", "problem"),
    [("EXPIRED", "has expired"), ("REVOKED", "is revoked"), ("SIGNING", "has no part that encrypts")],
)
def test_a_receivers_key_that_cannot_be_used_stops_the_sync(keys: Gpg, receiver: str, problem: str) -> None:
    before = keyrings()
    with (
        pytest.raises(StopSync, match=rf"pgp\.encrypt_to: the key [0-9A-F]{{16}} {problem}"),
        Sealer(settings(encrypt_to={"env": receiver})),
    ):
        pass
    assert keyrings() == before


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"encrypt_to": {"env": "GARBAGE"}}, "encrypt_to: expected a public key of OpenPGP in GARBAGE"),
        ({"encrypt_to": {"env": "TWO"}}, "encrypt_to: expected one key, found 2"),
        ({"sign_with": {"env": "CHEETAH"}}, "sign_with: expected a secret key of OpenPGP in CHEETAH"),
        ({"encrypt_to": {"env": "NOT_SET"}}, "NOT_SET is not set"),
    ],
)
def test_a_missing_or_wrong_key_is_a_setting_to_mend(
    keys: Gpg, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object], found: str
) -> None:
    monkeypatch.setenv("GARBAGE", "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----")
    monkeypatch.setenv("TWO", keys.public("cheetah") + keys.public("stranger"))
    with pytest.raises(ConfigError, match=found), Sealer(settings(**changes)):
        pass


@pytest.mark.parametrize("phrase", [{"env": "WRONG"}, None])
def test_a_wrong_or_missing_passphrase_leaves_no_file(
    keys: Gpg, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, phrase: dict[str, str] | None
) -> None:
    monkeypatch.setenv("WRONG", "something else")
    with (
        Sealer(settings(passphrase=phrase), "import_files.profiles.pgp") as sealer,
        pytest.raises(StopSync, match=r"import_files\.profiles\.pgp: the passphrase does not open sign_with"),
    ):
        sealer.seal(source, tmp_path / "f.pgp")
    assert not (tmp_path / "f.pgp").exists()


def test_a_full_disk_leaves_no_file(keys: Gpg, source: Path, tmp_path: Path) -> None:
    source.write_bytes(os.urandom(1 << 20))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Sealer(settings()) as sealer:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
        try:
            with pytest.raises(StopSync):
                sealer.seal(source, tmp_path / "f.pgp")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not (tmp_path / "f.pgp").exists()


def test_no_secret_stands_in_a_message(keys: Gpg, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHEETAH", "hunter2")
    with pytest.raises(ConfigError) as caught, Sealer(settings()):
        pass
    assert "hunter2" not in str(caught.value)


_MEASURED = """
import os, resource, sys
from pathlib import Path
from gigya_cheetah_assets.config.pgp import PgpIn, PgpOut
from gigya_cheetah_assets.pgp import Sealer, decrypt
folder, out = Path(sys.argv[1]), {"encrypt_to": {"env": "US"}, "sign_with": {"env": "OUR_KEY"}}
phrase = {"passphrase": {"env": "OUR_PHRASE"}}
with Sealer(PgpOut.model_validate(out | phrase)) as sealer:
    sealer.seal(folder / "source", folder / "sealed")
settings = PgpIn.model_validate({"decrypt_with": {"env": "OUR_KEY"}, "verify_with": {"env": "US"}} | phrase)
decrypt(folder / "sealed", folder / "opened", settings, max_bytes=1 << 40)
assert (folder / "opened").stat().st_size == (folder / "source").stat().st_size
print(max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))
"""


def test_memory_does_not_grow_with_the_file(keys: Gpg, tmp_path: Path) -> None:
    # A process of the shell's own: what this one has used up counts for its direct children too.
    command = ["sh", "-c", '"$0" -c "$1" "$2"; exit $?', sys.executable, _MEASURED, str(tmp_path)]
    peaks = []
    for megabytes in (1, 150):
        with (tmp_path / "source").open("wb") as file:
            file.truncate(megabytes << 20)
        peaks.append(int(subprocess.run(command, check=True, capture_output=True, text=True).stdout) / 1024)
    assert peaks[1] < min(peaks[0] + 15, 150)
