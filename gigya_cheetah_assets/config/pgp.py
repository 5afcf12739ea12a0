"""OpenPGP in the sync file: whose keys the files on either side are encrypted to and signed with.

Keys are texts of the environment, as `gpg --armor --export` and `--export-secret-keys` write them. Using them is for
the package `pgp`.
"""

from __future__ import annotations

from pydantic import model_validator

from gigya_cheetah_assets.config.model import Model
from gigya_cheetah_assets.config.secrets import Secret


class PgpOut(Model):
    """How delivered files are encrypted.

    Attributes:
        encrypt_to: CheetahMail's public key, exactly one.
        sign_with: Our secret key, exactly one; without it files are encrypted and not signed.
        passphrase: Of `sign_with`.
    """

    encrypt_to: Secret
    sign_with: Secret | None = None
    passphrase: Secret | None = None

    @model_validator(mode="after")
    def _passphrase_of_a_key(self) -> PgpOut:
        if self.passphrase is not None and self.sign_with is None:
            raise ValueError("passphrase needs a sign_with")
        return self


class PgpIn(Model):
    """How CheetahMail's files are decrypted and whose signature they must have.

    Attributes:
        decrypt_with: Our secret key; several while one replaces another.
        passphrase: Of `decrypt_with`.
        verify_with: CheetahMail's public key; several while one replaces another.
        require_signature: Whether a file without a valid signature of `verify_with` is refused.
    """

    decrypt_with: Secret
    passphrase: Secret | None = None
    verify_with: Secret | None = None
    require_signature: bool = True

    @model_validator(mode="after")
    def _key_to_verify_with(self) -> PgpIn:
        if self.require_signature and self.verify_with is None:
            raise ValueError("expected verify_with, or require_signature: false if nobody signs these files")
        return self
