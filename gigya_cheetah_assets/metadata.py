"""Metadata for the UI, made from the field table and from summaries: columns, column lineage, counts.

Counts and identifiers only; no cell of a person ever gets here.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import msgspec

from gigya_cheetah_assets.assets.names import key
from gigya_cheetah_assets.config import FieldConfig, Sync
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.outbound.summary import DeliverySummary, ProfilesSummary, RowsSummary
from gigya_cheetah_assets.store.summary import Reasons

Metadata = dict[str, Any]
_ARROW_WORDS = {"list<item: string>": "list of text", "string": "text", "int64": "time in ms"}


def profile_columns(table: FieldTable) -> dg.TableSchema:
    """The columns of `gigya_profiles`."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=_ARROW_WORDS.get(str(column.type), str(column.type)),
                description=table.profile_docs().get(column.name),
                constraints=dg.TableColumnConstraints(nullable=column.name != "UID", unique=column.name == "UID"),
            )
            for column in table.profile_schema
        ]
    )


def row_columns(table: FieldTable) -> dg.TableSchema:
    """The columns of `cheetahmail_rows` and of the profiles file."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=field.cheetahmail,
                type=field.type,
                description=_described(table, field),
                constraints=dg.TableColumnConstraints(nullable=not (field.key or field.required), unique=field.key),
            )
            for field in table.fields
        ]
    )


def row_lineage(sync: Sync, table: FieldTable) -> dg.TableColumnLineage:
    """Which profile columns each CheetahMail column is made from."""
    upstream = key(sync, "gigya_profiles")
    return dg.TableColumnLineage(
        {
            field.cheetahmail: [dg.TableColumnDep(asset_key=upstream, column_name=path) for path in field.paths]
            for field in table.fields
        }
    )


def mapping_table(table: FieldTable) -> dg.MetadataValue:
    """The field table for people: column, source, rule."""
    lines = [[doc.column, doc.type, doc.sources, doc.rule] for doc in table.column_docs()]
    return markdown(["column", "type", "from", "rule"], lines)


def of_profiles(summary: ProfilesSummary) -> Metadata:
    """What `gigya_profiles` shows of one window."""
    return {
        "dagster/row_count": summary.profiles,
        "read": summary.read,
        "rejected": summary.rejected,
        "lite_accounts": summary.lite,
        "duplicates_collapsed": summary.duplicates,
        "also_in_an_earlier_window": summary.repeats,
        "read_by_key": summary.read_by_key,
        "shared_emails": summary.shared_emails,
        "queries": markdown(["query"], [[f"`{query}`"] for query in summary.queries]),
        **({"site_takes_consent_to": listed(summary.documents)} if summary.documents else {}),
        "mapping_version": summary.mapping_version,
        **sample(summary.sample_size),
    }


def of_rows(summary: RowsSummary) -> Metadata:
    """What `cheetahmail_rows` shows of one window."""
    return {
        "dagster/row_count": summary.changed,
        "read": summary.read,
        "changed": summary.changed,
        "unchanged": summary.unchanged,
        "filtered": summary.filtered,
        "rejected": summary.rejected,
        "value_errors": sum(sum(counts.values()) for counts in summary.value_errors.values()),
        **{kind: count for kind, count in summary.kinds.items() if kind != "profiles"},
        "carried_over": sum(summary.carried.values()),
        "lite_accounts_that_registered": summary.handed_over,
        "mapping_version": summary.mapping_version,
        **sample(summary.sample_size),
    }


def of_delivery(summary: DeliverySummary) -> Metadata:
    """What `staged_import_files` shows of one window: its manifest."""
    files = [[f.kind, f.name, f.rows, f.bytes, f"`{f.sha256}`"] for f in summary.files]
    return {
        "dagster/row_count": summary.delivered,
        "read": summary.read,
        "delivered": summary.delivered,
        "unchanged": summary.unchanged,
        "filtered": summary.filtered,
        "rejected": summary.rejected,
        "superseded": summary.superseded,
        "carried_over": summary.carried_over,
        "files": markdown(["kind", "name", "rows", "bytes", "sha256"], files),
        "manifests": dg.MetadataValue.json([msgspec.to_builtins(manifest) for manifest in summary.files]),
        "bytes": sum(f.bytes for f in summary.files),
        "ledger_revision": summary.revision,
        "mapping_version": summary.mapping_version,
        **sample(summary.sample_size),
    }


def place(folder: Path) -> Metadata:
    """Where the data of a partition lies on this machine, the rejects among it."""
    return {"folder": dg.MetadataValue.path(str(folder))}


def by_reason(reasons: Reasons) -> Metadata:
    """A number for each column and reason, which the UI shows in line and plots over time."""
    return {f"{column}: {reason}": count for column, counts in reasons.items() for reason, count in counts.items()}


def markdown(header: Sequence[str], lines: Sequence[Sequence[object]]) -> dg.MetadataValue:
    """A table that the UI renders; an empty one says so."""
    if not lines:
        return dg.MetadataValue.md("none")
    rows = [header, ["---"] * len(header), *lines]
    return dg.MetadataValue.md("\n".join("| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows))


def _described(table: FieldTable, field: FieldConfig) -> str:
    """The user's own words first, then where the value comes from and by which rule."""
    doc = next(doc for doc in table.column_docs() if doc.column == field.cheetahmail)
    made = f"{doc.sources} ({doc.rule})" if doc.rule else doc.sources
    return f"{doc.description}. From {made}" if doc.description else f"From {made}"


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")


def listed(lines: Sequence[str]) -> str:
    """Lines as one text, at most twenty of them; none says so."""
    more = f"; and {len(lines) - 20} more" if len(lines) > 20 else ""
    return "; ".join(lines[:20]) + more if lines else "none"


def sample(size: int | None) -> Metadata:
    """Says that a step ran in sample mode; nothing when it did not."""
    return {} if size is None else {"sample_mode": f"at most {size} accounts, by sample_size in the sync file"}
