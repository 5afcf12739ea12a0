"""S3 and Azure Blob in trouble: refused, slow, cut, changed under a read, killed in the middle of a move."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gigya_cheetah_assets.config.staging import AzureBlobStaging, S3Staging
from gigya_cheetah_assets.errors import StopSync
from gigya_cheetah_assets.sandbox import object_stores
from gigya_cheetah_assets.sandbox.object_stores import ObjectStore
from gigya_cheetah_assets.staging import Staging, open_staging
from gigya_cheetah_assets.staging.errors import (
    LoginRefused,
    SizeMismatch,
    StagingFull,
    StagingMissing,
    StagingPermission,
    StagingRefused,
    StagingUnreachable,
)
from gigya_cheetah_assets_tests.integration import gateway
from gigya_cheetah_assets_tests.integration.back_ends import AzureBlobs, S3Objects
from gigya_cheetah_assets_tests.integration.cutting import CuttingProxy
from gigya_cheetah_assets_tests.integration.gateway import Answer, Gateway
from gigya_cheetah_assets_tests.packages import require_program

KINDS = {
    "s3": (object_stores.s3, S3Staging, S3Objects),
    "azure_blob": (object_stores.azure_blob, AzureBlobStaging, AzureBlobs),
}
BUSY = {"s3": Answer(503, "SlowDown"), "azure_blob": Answer(503, "ServerBusy")}
DENIED = {"s3": Answer(403, "AccessDenied"), "azure_blob": Answer(403, "AuthorizationPermissionMismatch")}


@dataclass(frozen=True)
class Store:
    """A running object store with the gateway before it and a view past both."""

    kind: str
    running: ObjectStore
    files: S3Objects | AzureBlobs
    front: Gateway

    def open(self, port: int | None = None, **changes: Any) -> Staging:
        """The staging, through the gateway or another port."""
        running, target = self.running, port or self.front.port
        settings = {**running.staging, "prefix": "acme/exchange", "timeout_seconds": 2, "retry_seconds": 20, **changes}
        for name in ("endpoint_url", "account_url"):
            if name in settings:
                settings[name] = settings[name].replace(f":{running.port}", f":{target}")
        return open_staging(KINDS[self.kind][1].model_validate(settings), running.environ)


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def running(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    if kind == "azure_blob":
        require_program("azurite-blob", "nodejs npm, then: make azurite")
    with KINDS[kind][0](tmp_path_factory.mktemp(kind)) as store:
        yield store


@pytest.fixture
def store(kind: str, running: ObjectStore) -> Iterator[Store]:
    files = KINDS[kind][2](running)
    files.clear()
    with gateway.running(running.port) as front, closing(files.client):
        yield Store(kind, running, files, front)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(os.urandom(20_000_000))
    return path


def test_a_listing_of_more_than_a_page_is_whole(store):
    for number in range(1203 if store.kind == "s3" else 5):
        store.files.put("fromcheetah", f"{number:05}.dat", b"")
    with store.open() as staging:
        assert len(staging.list("fromcheetah")) == (1203 if store.kind == "s3" else 5)
    assert len(store.front.requests) == (2 if store.kind == "s3" else 1)


def test_a_busy_store_is_asked_again_until_it_answers(store):
    store.files.put("autoproc", "a.csv", b"content")
    store.front.answer_times(5, BUSY[store.kind])
    with store.open() as staging:
        assert [file.name for file in staging.list()] == ["a.csv"]
    assert len(store.front.requests) == 6


def test_a_store_that_stays_busy_is_an_error_that_may_pass(store):
    store.front.refuse = lambda *_: BUSY[store.kind]
    with (
        store.open(retry_seconds=1) as staging,
        pytest.raises(StagingUnreachable, match="for 1 s"),
    ):
        staging.list()


def test_a_dead_server_is_an_error_that_may_pass(store, free_port):
    with store.open(free_port, retry_seconds=1) as staging, pytest.raises(StagingUnreachable):
        staging.list()


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ({"s3": Answer(403, "InvalidAccessKeyId"), "azure_blob": Answer(403, "AuthenticationFailed")}, LoginRefused),
        ({"s3": Answer(400, "ExpiredToken"), "azure_blob": Answer(401, "InvalidAuthenticationInfo")}, LoginRefused),
        (DENIED, StagingPermission),
        ({"s3": Answer(404, "NoSuchBucket"), "azure_blob": Answer(404, "ContainerNotFound")}, StagingMissing),
        ({"s3": Answer(403, "QuotaExceeded"), "azure_blob": Answer(413, "RequestBodyTooLarge")}, StagingFull),
        (
            {"s3": Answer(400, "InvalidRequest"), "azure_blob": Answer(400, "InvalidUri")},
            StagingRefused,
        ),
    ],
)
def test_what_only_a_person_can_mend_stops_at_the_first_answer(store, answers, error):
    store.front.refuse = lambda *_: answers[store.kind]
    with store.open() as staging, pytest.raises(error) as caught:
        staging.list()
    assert isinstance(caught.value, StopSync)
    assert "list autoproc" in str(caught.value)
    assert len(store.front.requests) == 1


@pytest.mark.parametrize("method", ["PUT", "GET", "DELETE", "HEAD"])
def test_a_right_that_is_missing_is_named_with_the_operation(store, source, tmp_path, method):
    store.files.put("fromcheetah", "a.dat", b"content")
    store.front.refuse = lambda found, *_: DENIED[store.kind] if found == method else None
    calls = {
        "PUT": lambda staging: staging.deliver(source, "b.csv"),
        "GET": lambda staging: staging.list("fromcheetah"),
        "DELETE": lambda staging: staging.remove("a.dat", folder="fromcheetah"),
        "HEAD": lambda staging: staging.fetch("a.dat", tmp_path / "got", folder="fromcheetah"),
    }
    with store.open() as staging, pytest.raises(StagingPermission, match="permission denied"):
        calls[method](staging)
    assert store.files.names("fromcheetah") == ["a.dat"]
    assert store.files.names("autoproc") == []
    assert not (tmp_path / "got").exists()


def test_a_file_that_is_replaced_while_it_is_read_is_not_taken(store, source, tmp_path):
    store.files.put("fromcheetah", "a.dat", source.read_bytes())
    changed: list[bool] = []

    def change(method: str, path: str) -> None:
        if method == "GET" and "a.dat" in path and not changed:
            changed.append(True)
            store.files.put("fromcheetah", "a.dat", b"another")

    store.front.before = change
    with store.open() as staging, pytest.raises(SizeMismatch, match="changed while it was read"):
        staging.fetch("a.dat", tmp_path / "got", folder="fromcheetah")
    assert changed
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source"]


def test_an_upload_that_fails_for_good_leaves_the_older_file_and_no_parts(store, source):
    store.files.put("autoproc", "a.csv", b"older")
    puts: list[str] = []

    def refuse(method: str, path: str, _: dict[str, str]) -> Answer | None:
        if method == "PUT":
            puts.append(path)
        return DENIED[store.kind] if method == "PUT" and len(puts) > 1 else None

    store.front.refuse = refuse
    with store.open() as staging, pytest.raises(StagingPermission):
        staging.deliver(source, "a.csv")
    assert store.files.read("autoproc", "a.csv") == b"older"
    assert len(puts) > 1
    if isinstance(store.files, S3Objects):
        assert "Uploads" not in store.files.client.list_multipart_uploads(Bucket=object_stores.BUCKET)


@pytest.mark.parametrize("cut_after", [1, 300, 2_000, 9_000_000])
def test_a_connection_that_is_cut_at_any_byte_is_made_again(store, source, tmp_path, cut_after):
    with CuttingProxy(store.running.port, cut_after=cut_after, cuts=3) as proxy:
        with store.open(proxy.port) as staging:
            staging.deliver(source, "a.csv")
            staging.fetch("a.csv", tmp_path / "back")
        assert proxy.connections > 1
    assert store.files.read("autoproc", "a.csv") == source.read_bytes() == (tmp_path / "back").read_bytes()


def test_a_stalled_connection_is_given_up_and_made_again(store, source, tmp_path):
    store.files.put("autoproc", "a.csv", source.read_bytes())
    with CuttingProxy(store.running.port, cut_after=1_000_000, cuts=1, stalls=True) as proxy:
        with store.open(proxy.port) as staging:
            staging.fetch("a.csv", tmp_path / "back")
        assert proxy.connections > 1
    assert (tmp_path / "back").read_bytes() == source.read_bytes()


def test_a_move_that_was_killed_after_its_copy_is_finished_and_not_doubled(store):
    store.files.put("fromcheetah", "a.dat", b"content")
    store.front.refuse = lambda method, *_: DENIED[store.kind] if method == "DELETE" else None
    with store.open() as staging, pytest.raises(StagingPermission):
        staging.move("a.dat", "archive", folder="fromcheetah")
    assert (store.files.names("fromcheetah"), store.files.names("archive")) == (["a.dat"], ["a.dat"])
    with store.open(store.running.port) as staging:
        assert staging.move("a.dat", "archive", folder="fromcheetah") == "a.dat"
    assert (store.files.names("fromcheetah"), store.files.names("archive")) == ([], ["a.dat"])


def test_neither_keys_nor_contents_stand_in_an_error(store):
    store.front.refuse = lambda *_: Answer(400, "InvalidArgument")
    with store.open() as staging, pytest.raises(StagingRefused) as caught:
        staging.list()
    assert not [secret for secret in store.running.environ.values() if len(secret) > 8 and secret in str(caught.value)]


@pytest.fixture
def free_port() -> int:
    with gateway.running(1) as ended:
        return ended.port
