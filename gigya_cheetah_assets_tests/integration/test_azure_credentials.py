"""Each way to sign in at Azure Blob, asked of Azurite, which judges keys and signatures as Azure does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import jwt
import pytest
from azure.storage.blob import ContainerSasPermissions, generate_container_sas
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as formats
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gigya_cheetah_assets.config.staging import AzureBlobStaging
from gigya_cheetah_assets.sandbox import object_stores
from gigya_cheetah_assets.sandbox.object_stores import BUCKET, ObjectStore
from gigya_cheetah_assets.staging import Staging, open_staging
from gigya_cheetah_assets.staging.errors import LoginRefused, StagingPermission
from gigya_cheetah_assets_tests.integration import gateway, local_agent
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


def test_the_identity_of_the_machine_is_enough(tmp_path, monkeypatch):
    require_program("azurite-blob", "nodejs npm, then: make azurite")
    certificate = made_certificate(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate[0]))
    now = int(time.time())
    claims = {
        "iss": "https://sts.windows.net/00000000-0000-0000-0000-000000000000/", "aud": "https://storage.azure.com",
        "iat": now - 60, "nbf": now - 60, "exp": now + 3600,
    }  # fmt: skip
    # Azurite looks at the claims, not at the signature.
    token = jwt.encode(claims, "0123456789abcdef0123456789abcdef", "HS256")
    answer = {"access_token": token, "expires_on": str(now + 3600), "resource": claims["aud"], "token_type": "Bearer"}
    with object_stores.azure_blob(tmp_path / "azure", certificate) as store, local_agent.answering(answer) as agent:
        monkeypatch.setenv("IDENTITY_ENDPOINT", agent[0])
        monkeypatch.setenv("IDENTITY_HEADER", "x")
        with opened(store, {}) as staging:
            there_and_back(staging, tmp_path)
    assert agent[1]


def made_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(formats.Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(formats.Encoding.PEM, formats.PrivateFormat.PKCS8, formats.NoEncryption()))
    return paths


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
