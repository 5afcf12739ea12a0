"""What one inbound file may unpack to."""

from __future__ import annotations

from dataclasses import dataclass

from gigya_cheetah_assets.errors import RefuseFile

# Below this a high ratio harms nobody: a file of one repeated line packs a thousandfold.
_HARMLESS = 64 << 20


@dataclass(frozen=True)
class Limits:
    """What one file may unpack to.

    Attributes:
        max_bytes: Unpacked bytes.
        max_ratio: Unpacked to packed bytes, looked at from 64 MiB on.
        max_members: Entries of a zip.
    """

    max_bytes: int = 20 << 30
    max_ratio: int = 200
    max_members: int = 1000

    def of(self, packed: int) -> int:
        """The bytes that a file of this packed size may unpack to."""
        return min(self.max_bytes, max(_HARMLESS, self.max_ratio * packed))


def within(total: int, packed: int, limits: Limits) -> None:
    """Refuses what unpacks to more.

    Args:
        total: Bytes unpacked so far, or as declared.
        packed: Bytes of the packed file.
        limits: The limits.

    Raises:
        RefuseFile: It is more than the limits allow.
    """
    if total > limits.max_bytes:
        raise RefuseFile(
            f"the file unpacks to more than {limits.max_bytes} bytes",
            next_step="raise max_megabytes in inbound_files if that is right",
        )
    if total > limits.of(packed):
        raise RefuseFile(
            f"the file unpacks to more than {limits.max_ratio} times its size",
            next_step="raise max_ratio in inbound_files if that is right",
        )
