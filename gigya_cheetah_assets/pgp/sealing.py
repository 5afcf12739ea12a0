"""Encrypting files to the receiver's key and signing them with ours."""

from __future__ import annotations

import io
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from gigya_cheetah_assets.config.pgp import PgpOut
from gigya_cheetah_assets.errors import StopSync
from gigya_cheetah_assets.pgp.keyring import keyring, new_output, one, read_by_gpg
from gigya_cheetah_assets.pgp.statuses import Statuses


class Sealer:
    """Encrypts files within a `with` block, which holds the keyring.

    Args:
        settings: The keys.
        place: Key path of the settings in the sync file, for messages.

    Attributes:
        encrypted_to: Fingerprint of the receiver's key.
        signed_by: Fingerprint of ours; None when files are not signed.

    Raises:
        StopSync: On entering: a key is missing, has expired, is revoked or cannot be used so.
    """

    def __init__(self, settings: PgpOut, place: str = "import_files.defaults.pgp") -> None:
        self._settings = settings
        self._place = place
        self._open = ExitStack()
        self.encrypted_to = ""
        self.signed_by: str | None = None

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._ring = stack.enter_context(keyring())
            place, settings = self._place, self._settings
            receiver = self._ring.public(settings.encrypt_to, f"{place}.encrypt_to", use="E")
            self.encrypted_to = one(receiver, f"{place}.encrypt_to")
            if settings.sign_with is not None:
                own = self._ring.secret(settings.sign_with, f"{place}.sign_with", use="S")
                self.signed_by = one(own, f"{place}.sign_with")
            self._open = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def seal(self, source: Path, target: Path) -> None:
        """Encrypts a file into a new one (0600) in OpenPGP's binary format; memory does not depend on its size.

        Two calls never give the same bytes: each message has a session key of its own.

        Raises:
            StopSync: It was not encrypted, or not signed; then there is no target.
        """
        with new_output(target):
            self._check(self._sealed(source, target))

    def _sealed(self, source: Path, target: Path) -> Statuses:
        phrase = self._settings.passphrase.resolve() if self._settings.passphrase else None
        result = self._ring.gpg.encrypt_file(
            io.BytesIO(),
            [self.encrypted_to],
            sign=self.signed_by,
            passphrase=phrase,
            armor=False,
            output=str(target),
            # Without --set-filename the name of our local file would stand in the message.
            extra_args=["--set-filename", "", *read_by_gpg(source)],
        )
        return Statuses.of(result)

    def _check(self, found: Statuses) -> None:
        signed = found.count("SIG_CREATED") == (1 if self.signed_by else 0)
        if found.success and signed and found.count("END_ENCRYPTION") == 1 and not found.count("INV_RECP", "INV_SGNR"):
            return
        if found.bad_passphrase:
            raise StopSync(
                f"{self._place}: the passphrase does not open sign_with",
                next_step="set passphrase to the one of sign_with",
            )
        if found.write_failed:
            raise StopSync("pgp: the encrypted file cannot be written", next_step="make room on this disk")
        raise StopSync(
            f"{self._place}: gpg did not encrypt and sign ({found.shown('INV_RECP', 'INV_SGNR', 'FAILURE', 'ERROR')})",
            next_step="try the keys by hand with `gpg --sign --encrypt`",
        )
