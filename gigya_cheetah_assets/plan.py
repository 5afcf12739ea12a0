"""What a sync will do, in words for a person, before it does it: the output of `gigya-cheetah check`."""

from __future__ import annotations

from datetime import datetime

from rich.console import Group, RenderableType
from rich.table import Table

from gigya_cheetah_assets.config import LocalStaging, Segment, SftpStaging, Sync
from gigya_cheetah_assets.config.files import ImportFileDefaults
from gigya_cheetah_assets.config.secrets import EnvVar
from gigya_cheetah_assets.mapping import FieldTable


def of(sync: Sync, *, now: datetime) -> RenderableType:
    """The plan of one sync: facts, then its columns."""
    facts = Table(title=f"sync {sync.name}", title_justify="left", show_header=False, box=None, pad_edge=False)
    for name, value in _facts(sync, now):
        facts.add_row(name, value)
    return Group(facts, "", _columns(sync), "")


def _facts(sync: Sync, now: datetime) -> list[tuple[str, str]]:
    table = FieldTable.from_sync(sync)
    every = sync.windows.every
    ended = max(0, int((now - sync.windows.start).total_seconds() // (3600 if every == "hour" else 86400)))
    sources = " and ".join(table.sources)
    facts = [
        ("reads", f"{sources} of {sync.gigya.scheme}://{sync.gigya.api_domain} ({sync.gigya.accounts} accounts)"),
        ("where", sync.gigya.where or "(all)"),
        ("signs in", f"{sync.gigya.auth.type}; at most {sync.gigya.requests_per_second:g} requests a second"),
        ("windows", f"every {every} from {sync.windows.start:%Y-%m-%d %H:%M} UTC; {ended} have ended"),
        ("read", f"{sync.windows.delay_minutes} min after their end, {sync.windows.overlap_seconds} s overlap"),
        ("delivers to", _staging(sync)),
    ]
    for number, (kind, file) in enumerate(sync.import_files.in_order(), start=1):
        layout = file.layout(sync.import_files.defaults)
        facts.append((f"file {number}", f"{kind}: {file.name} ({', '.join(_written(layout))})"))
    if sync.deletions.source != "none":
        layout = sync.deletions.layout(sync.import_files.defaults)
        told = f"{sync.deletions.source} to {sync.deletions.name} ({', '.join(_written(layout))})"
        facts.append(("deletions", told))
    facts += [("segment", _segment(segment)) for segment in sync.segments]
    limits = ", ".join(f"{name} {value:g}" for name, value in sync.limits.model_dump().items())
    facts += [("brakes at", limits), ("automation", sync.automation)]
    if sync.create_accounts != "never":
        facts.append(("creates", f"{sync.create_accounts} accounts, at most {sync.limits.max_created} a file"))
    if sync.sample_size is not None:
        facts.append(("sample mode", f"at most {sync.sample_size} accounts a window"))
    return facts


def _segment(segment: Segment) -> str:
    file, flag = segment.written_file, segment.flag_column
    ways = [*([file.name.replace("{segment}", segment.name)] if file else []), *([f"column {flag}"] if flag else [])]
    return f"{segment.name}, every {segment.every}, {segment.deliver} to {' and '.join(ways)}: {segment.where}"


def _written(layout: ImportFileDefaults) -> list[str]:
    kept = [layout.format] if layout.format != "delimited" else []
    parts = [f"at most {layout.max_rows} rows a file"] if layout.max_rows else []
    signed = "encrypted and signed" if layout.pgp and layout.pgp.sign_with else "encrypted"
    return [*kept, layout.compression, layout.encoding, *parts, *([signed] if layout.pgp else [])]


def _staging(sync: Sync) -> str:
    staging = sync.staging
    if isinstance(staging, SftpStaging):
        host = f"${staging.host.env}" if isinstance(staging.host, EnvVar) else staging.host
        return f"sftp://{host}:{staging.port}/{staging.outbox}"
    if isinstance(staging, LocalStaging):
        return f"{staging.path}/{staging.outbox}"
    return f"{staging.type}: {staging.outbox}"


def _columns(sync: Sync) -> Table:
    columns = Table(title="columns", title_justify="left")
    for name in ("CheetahMail", "type", "from Gigya", "rule"):
        columns.add_column(name, overflow="fold")
    for doc in FieldTable.from_sync(sync).column_docs():
        columns.add_row(doc.column, doc.type, doc.sources, doc.rule)
    return columns
