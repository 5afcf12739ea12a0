"""Which documents consent statements have to be to, as the site says now."""

from __future__ import annotations

from gigya_cheetah_assets.gigya import GigyaClient
from gigya_cheetah_assets.gigya.schema import get_oldest_documents
from gigya_cheetah_assets.mapping.field_table import FieldTable


def in_force(client: GigyaClient, table: FieldTable) -> FieldTable:
    """The table with what the site asks of the consent statements that it maps; asks nothing where it maps none.

    Raises:
        GigyaUnavailable: The site did not answer within its budget.
        GigyaRefused: The key may not call accounts.getSchema.
    """
    return table.asked_by(get_oldest_documents(client)) if table.preference_paths else table
