"""What the errors of Azure Blob mean for the caller (Azure: Blob Storage error codes)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from azure.core import exceptions as azure

from gigya_cheetah_assets.errors import ConfigError, GigyaCheetahError
from gigya_cheetah_assets.staging.errors import (
    LoginRefused,
    StagingFull,
    StagingMissing,
    StagingPermission,
    StagingRefused,
)
from gigya_cheetah_assets.staging.meanings import Meaning

NO_CONTAINER = "ContainerNotFound"
NO_BLOB = frozenset({"BlobNotFound", "CannotVerifyCopySource"})
_LATER = frozenset({"ServerBusy", "InternalError", "OperationTimedOut", "ContainerBeingDeleted", "Md5Mismatch"})
_LATER_CLASSES = (azure.ServiceRequestError, azure.ServiceResponseError, azure.IncompleteReadError)
_RIGHTS = "read, add, create, write, delete and list on the container (Storage Blob Data Contributor)"
_NOT_US = Meaning(
    LoginRefused,
    "the credentials are not accepted",
    "correct the connection string, SAS, account key or identity in staging; a SAS runs out",
)
_DENIED = Meaning(StagingPermission, "permission denied", f"give {_RIGHTS}")
_OTHER = Meaning(StagingRefused, "refused", "see docs/staging/azure-blob.md")
_ANSWERS = {
    **_NOT_US.for_codes([
        "AuthenticationFailed", "InvalidAuthenticationInfo", "NoAuthenticationInformation", "ClientAuthenticationError",
        "401",
    ]),
    **_DENIED.for_codes([
        "AuthorizationFailure", "AuthorizationPermissionMismatch", "AuthorizationProtocolMismatch",
        "AuthorizationResourceTypeMismatch", "AuthorizationServiceMismatch", "AuthorizationSourceIPMismatch",
        "InsufficientAccountPermissions", "AccountIsDisabled", "PublicAccessNotPermitted",
        "KeyBasedAuthenticationNotPermitted", "403",
    ]),
    **Meaning(StagingMissing, "no such container", "create the container, or correct container in staging").for_codes(
        [NO_CONTAINER]
    ),
    **Meaning(StagingFull, "no space or quota left", "free space, then run it again").for_codes(
        ["RequestBodyTooLarge", "BlockCountExceedsLimit", "AccountLimitExceeded"]
    ),
}  # fmt: skip


def code(error: azure.HttpResponseError) -> str:
    """The service's own code; empty where it gave none."""
    found = getattr(error, "error_code", None) or ""
    # The library has some codes as members of an enumeration and passes the others on as text.
    return str(getattr(found, "value", found))


def named(error: Exception, what: str) -> GigyaCheetahError | None:
    """The error that one of Azure's stands for; None when the same call may succeed later."""
    told = type(error).__name__
    if isinstance(error, azure.HttpResponseError):
        status = error.status_code or 0
        told = code(error) or (str(status) if str(status) in _ANSWERS else told)
        later = told in _LATER or status >= 500 or status == 429
        return None if later else _ANSWERS.get(told, _OTHER).of(what, told)
    return None if isinstance(error, _LATER_CLASSES) else _OTHER.of(what, told)


@contextmanager
def readable(variable: str) -> Iterator[None]:
    """Turns the library's complaint about a connection string, which repeats it, into one that does not.

    Raises:
        ConfigError: It cannot be read.
    """
    try:
        yield
    except ValueError:
        raise ConfigError(
            [f"environment variable {variable}: expected a connection string, found another text"],
            next_step="copy it from Access keys of the storage account",
        ) from None
