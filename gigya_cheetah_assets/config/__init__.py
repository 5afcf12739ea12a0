"""The sync file: its models, its secrets and how a folder of files is loaded.

Nothing here knows Dagster, Gigya's protocol or a server; every other package may import it.
"""

from gigya_cheetah_assets.config.fields import FieldConfig, RecordFilter
from gigya_cheetah_assets.config.files import ImportFile, ImportFileDefaults, ImportFiles
from gigya_cheetah_assets.config.gigya import GigyaConfig
from gigya_cheetah_assets.config.loading import data_folder, load_sync, load_syncs, syncs_folder
from gigya_cheetah_assets.config.secrets import EnvVar, missing_variables
from gigya_cheetah_assets.config.segments import Segment, SegmentFile
from gigya_cheetah_assets.config.staging import LocalStaging, SftpStaging, StagingConfig
from gigya_cheetah_assets.config.sync import Limits, Sync, Windows

__all__ = [
    "EnvVar",
    "FieldConfig",
    "GigyaConfig",
    "ImportFile",
    "ImportFileDefaults",
    "ImportFiles",
    "Limits",
    "LocalStaging",
    "RecordFilter",
    "Segment",
    "SegmentFile",
    "SftpStaging",
    "StagingConfig",
    "Sync",
    "Windows",
    "data_folder",
    "load_sync",
    "load_syncs",
    "missing_variables",
    "syncs_folder",
]
