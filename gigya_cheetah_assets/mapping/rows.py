"""Profiles -> rows: all fields' columns put together, value errors counted, bad records set aside."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.mapping import columns, filters
from gigya_cheetah_assets.mapping.field_table import FieldTable

REJECTS = pa.schema([("uid", pa.string()), ("column", pa.string()), ("reason", pa.string())])


@dataclass(frozen=True)
class Mapped:
    """What became of a batch; profiles = rows + rejected + filtered.

    Attributes:
        rows: Frame of rows: the CheetahMail columns as texts (null is an empty cell), `_updated`, and for each
            subscription C `_state.C` and `_at.C`.
        rejected: Same frame, the records that may not go on, as far as they could be mapped.
        filtered: Same frame, the records that the record filter left out.
        rejects: uid, column, reason; a line for each reason of each rejected record.
        value_errors: Emptied cells and rejects by (column, reason).
    """

    rows: pa.Table
    rejected: pa.Table
    filtered: pa.Table
    rejects: pa.Table
    value_errors: Counter[tuple[str, str]]


def map_profiles(table: FieldTable, profiles: pa.Table) -> Mapped:
    """Maps profiles; each row depends on its own profile only.

    Args:
        table: The field table.
        profiles: At least the columns of `table.profile_schema`; every row has a UID.

    Raises:
        StopSync: A Python function of the sync file failed.
    """
    profiles = profiles.combine_chunks()
    keep = filters.kept(profiles, table.record_filter)
    cells: dict[str, pa.Array] = {}
    states: dict[str, pa.Array] = {"_updated": columns.array(profiles, "updated")}
    problems: list[tuple[str, str, pa.Array]] = []
    errors: Counter[tuple[str, str]] = Counter()
    for config, column in ((field, columns.mapped(field, profiles)) for field in table.fields):
        name = config.cheetahmail
        cells[name] = column.texts
        if column.states is not None:
            states[f"_state.{name}"], states[f"_at.{name}"] = column.states
        for reason, bad in column.errors:
            wrong = pc.and_(bad, keep)
            count = pc.sum(wrong).as_py() or 0
            if count:
                errors[name, reason] += count
                if config.key or config.required or config.on_error == "reject":
                    problems.append((name, reason, wrong))
    return _sorted_out(table, pa.table({**cells, **states}), keep, problems, errors)


def _sorted_out(
    table: FieldTable,
    rows: pa.Table,
    keep: pa.Array,
    problems: list[tuple[str, str, pa.Array]],
    errors: Counter[tuple[str, str]],
) -> Mapped:
    uids = rows[table.key.cheetahmail].combine_chunks()
    bad = pa.repeat(pa.scalar(False), len(rows))
    lines = [REJECTS.empty_table()]
    for column, reason, mask in problems:
        bad = pc.or_(bad, mask)
        hit = uids.filter(mask)
        lines.append(pa.table([hit, pa.repeat(column, len(hit)), pa.repeat(reason, len(hit))], schema=REJECTS))
    good = pc.and_(keep, pc.invert(bad))
    everything_good = pc.all(good).as_py()
    return Mapped(
        rows=rows if everything_good else rows.filter(good),
        rejected=rows.filter(pc.and_(keep, bad)),
        filtered=rows.filter(pc.invert(keep)),
        rejects=pa.concat_tables(lines),
        value_errors=errors,
    )
