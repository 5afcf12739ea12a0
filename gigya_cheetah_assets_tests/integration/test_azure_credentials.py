"""Each way to sign in at Azure Blob, asked of Azurite, which judges keys and signatures as Azure does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import ContainerSasPermissions, generate_container_sas

from gigya_cheetah_assets.config.staging import AzureBlobStaging
from gigya_cheetah_assets.sandbox import object_stores
from gigya_cheetah_assets.sandbox.object_stores import BUCKET, ObjectStore
from gigya_cheetah_assets.staging import Staging, open_staging
from gigya_cheetah_assets.staging.errors import LoginRefused, StagingPermission
from gigya_cheetah_assets_tests.integration import gateway
from gigya_cheetah_assets_tests.packages import require_program

ACCOUNT = "devstoreaccount1"
ALL_RIGHTS = "racwdl"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    require_program("azurite-blob", "nodejs npm, then: make azurite")
    with object_stores.azure_blob(tmp_path_factory.mktemp("azure")) as running:
        yield running


def key_of(store: ObjectStore) -> str:
    [key] = store.environ.values()
    return key


def sas(store: ObjectStore, rights: str, hours: float = 1) -> str:
    return generate_container_sas(
        ACCOUNT, BUCKET, account_key=key_of(store), permission=ContainerSasPermissions.from_string(rights),
        expiry=datetime.now(UTC) + timedelta(hours=hours),
    )  # fmt: skip


def opened(store: ObjectStore, environ: dict[str, str], **changes: Any) -> Staging:
    plain = {"type": "azure_blob", "container": BUCKET, "account_url": store.staging["account_url"]}
    settings = {**plain, "timeout_seconds": 5, "retry_seconds": 60, **changes}
    return open_staging(AzureBlobStaging.model_validate({k: v for k, v in settings.items() if v is not None}), environ)


def there_and_back(staging: Staging, folder: Path) -> None:
    (folder / "source").write_bytes(b"content")
    staging.deliver(folder / "source", "a.csv")
    assert [file.name for file in staging.list()] == ["a.csv"]
    assert staging.move("a.csv", "archive") == "a.csv"
    staging.fetch("a.csv", folder / "back", folder="archive")
    staging.remove("a.csv", folder="archive")
    assert (folder / "back").read_bytes() == b"content"


def test_a_sas_with_the_documented_scopes_is_enough(store, tmp_path):
    with opened(store, {"SAS": sas(store, ALL_RIGHTS)}, sas_token={"env": "SAS"}) as staging:
        there_and_back(staging, tmp_path)


def test_a_connection_string_is_enough(store, tmp_path):
    text = (
        f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={key_of(store)};"
        f"BlobEndpoint={store.staging['account_url']};"
    )
    changes = {"account_url": None, "connection_string": {"env": "AZURE"}}
    with opened(store, {"AZURE": text}, **changes) as staging:
        there_and_back(staging, tmp_path)


@pytest.mark.parametrize(
    ("missing", "told"),
    [("l", "list autoproc"), ("r", "fetch a.dat"), ("cw", "deliver a.csv"), ("d", "remove a.dat")],
)
def test_a_scope_that_a_sas_lacks_is_named_with_the_operation(store, tmp_path, missing, told):
    (tmp_path / "source").write_bytes(b"content")
    with opened(store, {"KEY": key_of(store)}, account_key={"env": "KEY"}) as owner:
        owner.deliver(tmp_path / "source", "a.dat")
    rights = "".join(right for right in ALL_RIGHTS if right not in missing)
    calls = {
        "l": lambda staging: staging.list(),
        "r": lambda staging: staging.fetch("a.dat", tmp_path / "got"),
        "cw": lambda staging: staging.deliver(tmp_path / "source", "a.csv"),
        "d": lambda staging: staging.remove("a.dat"),
    }
    staging = opened(store, {"SAS": sas(store, rights)}, sas_token={"env": "SAS"})
    with staging, pytest.raises(StagingPermission, match=told) as caught:
        calls[missing](staging)
    assert "sig=" not in str(caught.value)


@pytest.mark.parametrize("kind", ["a foreign key", "a SAS that has run out"])
def test_credentials_that_are_not_accepted_are_tried_once(store, kind):
    """Azure answers `AuthenticationFailed` here, Azurite `AuthorizationFailure`."""
    if kind == "a foreign key":
        credential, environ = {"account_key": {"env": "KEY"}}, {"KEY": "QUJD" * 20 + "QUI="}
    else:
        credential, environ = {"sas_token": {"env": "SAS"}}, {"SAS": sas(store, ALL_RIGHTS, hours=-1)}
    with gateway.running(store.port) as front:
        url = store.staging["account_url"].replace(f":{store.port}", f":{front.port}")
        staging = opened(store, environ, account_url=url, **credential)
        with staging, pytest.raises((LoginRefused, StagingPermission)) as caught:
            staging.list()
        assert len(front.requests) == 1
    assert not [value for value in environ.values() if value in str(caught.value)]
