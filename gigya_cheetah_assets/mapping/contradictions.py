"""What single fields can't know: whether all fields and filters of a table fit together.

Every finding here would otherwise show as a column that is silently empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gigya_cheetah_assets.mapping.field_table import FieldTable


def contradictions(table: FieldTable) -> Iterator[str]:
    """Each contradiction in words: where, and what was expected."""
    scalars = {path for f in table.fields if f.join is None for path in f.paths}
    for path in sorted(scalars & table.list_paths):
        yield f"fields: {path}: expected join on all fields of one path, or on none"
    for path in table.paths:
        inner = [other for other in table.paths if other.startswith(f"{path}.")]
        if inner and path not in table.subscription_paths:
            yield f"fields: {path} is an object that holds {inner[0]}: expected the path of a value in it"
        if path in table.subscription_parts and path.endswith(".email"):
            yield f"{path} is a subscription: expected a field of type subscription that reads it, or a part of it"
    if not table.email.paths or table.email.join is not None:
        yield f"fields: {table.email.cheetahmail}: expected type email on a path, without join"
    for field in table.subscriptions:
        if field.join is not None:
            yield f"fields: {field.cheetahmail}: a subscription is no array, expected no join"
        if field.double_opt_in != table.subscription_paths.get(field.paths[0], field).double_opt_in:
            yield f"fields: {field.paths[0]}: expected the same double_opt_in on all fields that read it"
