"""CheetahMail's side of the file exchange: what its import files look like and how they are written.

How files travel is `staging`'s matter; which rows go into them is decided in `outbound`.
"""

from gigya_cheetah_assets.cheetahmail.encoding import unencodable
from gigya_cheetah_assets.cheetahmail.import_file import ImportFileWriter, Seal, WrittenFile, sha256_of
from gigya_cheetah_assets.cheetahmail.kinds import columns_of, count_name, file_name, trigger_name, with_endings
from gigya_cheetah_assets.cheetahmail.manifest import Manifest
from gigya_cheetah_assets.cheetahmail.parts import PartsWriter

__all__ = [
    "ImportFileWriter",
    "Manifest",
    "PartsWriter",
    "Seal",
    "WrittenFile",
    "columns_of",
    "count_name",
    "file_name",
    "sha256_of",
    "trigger_name",
    "unencodable",
    "with_endings",
]
