"""Decrypting files with our key and requiring the sender's signature.

What was decrypted counts only when all of the file was found right: before that it stands under no name.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import gnupg

from gigya_cheetah_assets.config.pgp import PgpIn
from gigya_cheetah_assets.errors import RefuseFile, StopSync
from gigya_cheetah_assets.pgp.armor import refuse_what_is_no_message
from gigya_cheetah_assets.pgp.keyring import Keyring, keyring, new_output, read_by_gpg
from gigya_cheetah_assets.pgp.statuses import Statuses

_BAD = {
    "BADSIG": "one that does not fit its content",
    "ERRSIG": "one of another key than verify_with",
    "EXPSIG": "one that has expired",
    "EXPKEYSIG": "one of a key that has expired",
    "REVKEYSIG": "one of a key that is revoked",
}


@dataclass(frozen=True)
class Opened:
    """What was found out about a decrypted file.

    Attributes:
        signed_by: Fingerprint of the key in `verify_with` whose signature it has; None when none was required and
            it has none of them.
    """

    signed_by: str | None


def decrypt(
    source: Path, target: Path, settings: PgpIn, *, max_bytes: int, place: str = "inbound_files.defaults.pgp"
) -> Opened:
    """Decrypts a file into a new one (0600); memory does not depend on its size.

    Args:
        source: The file as it came.
        target: Made or replaced; there only when all was right.
        settings: The keys.
        max_bytes: Of the decrypted file; OpenPGP messages can be compressed.
        place: Key path of the settings in the sync file, for messages.

    Raises:
        RefuseFile: It is no encrypted file, not for our key, cut or changed, too large, or not signed as required.
        StopSync: One of the keys is missing, has expired, is revoked or cannot be used so; the file is not to blame.
    """
    refuse_what_is_no_message(source)
    partial = target.with_name(f".{target.name}.part")
    with new_output(partial):
        with keyring() as ring:
            own = ring.secret(settings.decrypt_with, f"{place}.decrypt_with", use="E")
            senders = _senders(ring, settings, place)
            found = _decrypted(ring.gpg, source, partial, settings, max_bytes)
        _check_machine(found, max_bytes, place)
        signed_by = _signer(found, senders, required=settings.require_signature)
        _check_message(found, own)
        partial.replace(target)
    return Opened(signed_by)


def _senders(ring: Keyring, settings: PgpIn, place: str) -> list[str]:
    if settings.verify_with is None:
        return []
    return ring.public(settings.verify_with, f"{place}.verify_with", use="S")


def _decrypted(gpg: gnupg.GPG, source: Path, partial: Path, settings: PgpIn, max_bytes: int) -> Statuses:
    phrase = settings.passphrase.resolve() if settings.passphrase else None
    limit = ["--max-output", str(max_bytes)]
    result = gpg.decrypt_file(
        io.BytesIO(), passphrase=phrase, output=str(partial), extra_args=[*limit, *read_by_gpg(source)]
    )
    return Statuses.of(result)


def _check_machine(found: Statuses, max_bytes: int, place: str) -> None:
    """What the file is not to blame for, and its size."""
    if found.bad_passphrase:
        raise StopSync(
            f"{place}: the passphrase does not open decrypt_with", next_step="set passphrase to the one of decrypt_with"
        )
    if found.write_failed:
        raise StopSync("pgp: the decrypted file cannot be written", next_step="make room on this disk")
    if found.too_large:
        raise RefuseFile(
            f"the encrypted file unpacks to more than {max_bytes} bytes",
            next_step="raise max_megabytes or max_ratio in inbound_files if that is right",
        )


def _signer(found: Statuses, senders: list[str], *, required: bool) -> str | None:
    """The fingerprint of the sender's key, whichever of its subkeys signed."""
    bad = next((word for word in _BAD if found.count(word)), None)
    if bad is not None and not _strange(found, senders, required=required):
        raise _refused(f"its signature is {_BAD[bad]}", "have it sent again, signed with the key of verify_with")
    valid = [line[-1] for line in found.lines.get("VALIDSIG", [])]
    if found.count("NEWSIG") == found.count("GOODSIG") == len(valid) == 1 and valid[0] in senders:
        return valid[0]
    readable = found.count("PLAINTEXT") == 1 and not found.count("DECRYPTION_FAILED")
    if required and readable:
        problem = "its signature is one of another key than verify_with" if valid else "it is not signed"
        raise _refused(problem, "have it signed with the key of verify_with")
    return None


def _strange(found: Statuses, senders: list[str], *, required: bool) -> bool:
    """A signature of a key that we do not know, where nobody asked for one."""
    others = [word for word in _BAD if word != "ERRSIG"]
    return not required and not senders and not found.count(*others)


def _check_message(found: Statuses, own: list[str]) -> None:
    """One message, encrypted to our key, whole and unchanged."""
    # A message to a password has no such line, although gpg may open it.
    if not any(line[1:2] == [key] for line in found.lines.get("DECRYPTION_KEY", []) for key in own):
        raise _refused("it is not encrypted to the key of decrypt_with", "have it encrypted to our current key")
    whole = found.count("DECRYPTION_OKAY") == 1 and not found.count("DECRYPTION_FAILED", "BADMDC", "NODATA")
    # A signature by a stranger, let pass where none is asked for, makes gpg end with another code than 0.
    if not whole or found.count("PLAINTEXT") != 1 or not (found.success or found.count("ERRSIG")):
        raise _refused("it is cut, was changed, or holds more than one message", "have it sent again")


def _refused(problem: str, next_step: str) -> RefuseFile:
    return RefuseFile(f"the encrypted file is refused: {problem}", next_step=next_step)
