"""From Gigya's answers to CheetahMail's rows, driven by the field table. Knows nothing of Dagster, files or state."""

from gigya_cheetah_assets.mapping.decode import account_decoder, email_account_decoder
from gigya_cheetah_assets.mapping.field_table import FieldTable
from gigya_cheetah_assets.mapping.rows import Mapped, map_profiles
from gigya_cheetah_assets.mapping.words import ColumnDoc

__all__ = ["ColumnDoc", "FieldTable", "Mapped", "account_decoder", "email_account_decoder", "map_profiles"]
