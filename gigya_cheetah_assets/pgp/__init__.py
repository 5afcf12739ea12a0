"""OpenPGP by the program `gpg`: files encrypted and signed, decrypted and verified, without ever a plain fall-back.

Which files, and what happens to them, is for `cheetahmail`, `outbound` and `inbound`.
"""

from gigya_cheetah_assets.pgp.opening import Opened, decrypt
from gigya_cheetah_assets.pgp.sealing import Sealer

__all__ = ["Opened", "Sealer", "decrypt"]
