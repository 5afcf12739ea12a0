"""What the errors of S3 mean for the caller (Amazon S3 API Reference, Error responses)."""

from __future__ import annotations

from botocore import exceptions as aws
from botocore.exceptions import ClientError
from s3transfer.exceptions import RetriesExceededError

from gigya_cheetah_assets.errors import GigyaCheetahError
from gigya_cheetah_assets.staging.errors import (
    LoginRefused,
    StagingFull,
    StagingMissing,
    StagingPermission,
    StagingRefused,
)
from gigya_cheetah_assets.staging.meanings import Meaning

_LATER = frozenset({
    "SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "Throttling", "ThrottlingException",
    "OperationAborted", "BadDigest",
})  # fmt: skip
_LATER_CLASSES = (aws.HTTPClientError, aws.ConnectionError, aws.IncompleteReadError, RetriesExceededError)
_NO_LOGIN = (
    aws.NoCredentialsError,
    aws.PartialCredentialsError,
    aws.CredentialRetrievalError,
    aws.ProfileNotFound,
    aws.TokenRetrievalError,
)
_RIGHTS = "s3:ListBucket on the bucket; s3:GetObject, s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload in it"
_NOT_US = Meaning(
    LoginRefused,
    "the keys are not accepted",
    "correct access_key, secret_key and session_token in staging; temporary keys run out",
)
_NO_KEYS = Meaning(
    LoginRefused, "no credentials", "give access_key and secret_key in staging, or a role to this machine"
)
_CERTIFICATE = Meaning(
    StagingRefused,
    "the server's certificate is not trusted",
    "name the server as its certificate does, or give its authority in AWS_CA_BUNDLE",
)
_OTHER = Meaning(StagingRefused, "refused", "see docs/staging/s3.md")
_ANSWERS = {
    **_NOT_US.for_codes([
        "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "TokenRefreshRequired",
        "AuthFailure",
    ]),
    **Meaning(StagingPermission, "permission denied", f"give the keys or role {_RIGHTS}").for_codes(
        ["AccessDenied", "403", "Forbidden", "AllAccessDisabled", "AccountProblem"]
    ),
    **Meaning(StagingMissing, "no such bucket", "create the bucket, or correct bucket in staging").for_codes(
        ["NoSuchBucket"]
    ),
    **Meaning(StagingFull, "no space or quota left", "free space, then run it again").for_codes(
        ["QuotaExceeded", "EntityTooLarge", "XMinioStorageFull"]
    ),
    **Meaning(StagingRefused, "the bucket is in another region", "correct region in staging").for_codes(
        ["PermanentRedirect", "301", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"]
    ),
    **Meaning(StagingRefused, "this machine's clock is wrong", "set the clock").for_codes(["RequestTimeTooSkewed"]),
}  # fmt: skip


def code(error: ClientError) -> str:
    """The error's code; the HTTP status where an answer has no body, as to a HEAD request."""
    return error.response.get("Error", {}).get("Code", "")


def named(error: Exception, what: str) -> GigyaCheetahError | None:
    """The error that one of boto3's stands for; None when the same call may succeed later."""
    told = type(error).__name__
    if isinstance(error, ClientError):
        told = code(error)
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        later = told in _LATER or status >= 500 or status == 429
        return None if later else _ANSWERS.get(told, _OTHER).of(what, told)
    if isinstance(error, _NO_LOGIN):
        return _NO_KEYS.of(what, told)
    if isinstance(error, aws.SSLError):
        return _CERTIFICATE.of(what, told)
    return None if isinstance(error, _LATER_CLASSES) else _OTHER.of(what, told)
