"""The tables of the ledger. How they came to be is in `migrations/`, how they are filled in `recording`.

Names begin with `ledger_`, so that the ledger can share a PostgreSQL database with others. Times are epoch ms.
"""

from __future__ import annotations

import sqlalchemy as sa

VERSION = "0013"
"""The version of these tables: the newest revision in `migrations/versions`."""
VERSION_TABLE = "ledger_version"

metadata = sa.MetaData()

# What is known of a sync as a whole; counting the people anew would mean reading them all. `site` is the fingerprint of
# the Gigya site whose accounts its last window delivered.
syncs = sa.Table(
    "ledger_syncs",
    metadata,
    sa.Column("sync", sa.Text, primary_key=True),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("population", sa.BigInteger, nullable=False),
    sa.Column("site", sa.Text),
)

# Column names of each version of a sync's mapping: how to read a row text that an earlier version wrote.
mappings = sa.Table(
    "ledger_mappings",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("sync", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("columns", sa.JSON, nullable=False),
    sa.Index("ledger_mappings_by_version", "sync", "version"),
)

# One row a person: on what both sides were last known to agree, since which delivery, and what stood before it.
# Clustered by slot, so that people in stable order are neighbours. row_text is null when only consents are known;
# previous_digest is null when nothing stood before. No foreign keys here: checking them would cost on every row.
agreed = sa.Table(
    "ledger_agreed",
    metadata,
    sa.Column("sync", sa.Text, primary_key=True),
    sa.Column("slot", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("uid", sa.Text, primary_key=True),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("updated", sa.BigInteger, nullable=False),
    sa.Column("delivery", sa.Text, nullable=False),
    sa.Column("mapping", sa.Integer),
    sa.Column("consents", sa.Text, nullable=False),
    sa.Column("row_text", sa.Text),
    sa.Column("previous_digest", sa.LargeBinary),
    sa.Column("previous_updated", sa.BigInteger),
    sa.Column("previous_delivery", sa.Text),
    sa.Column("previous_mapping", sa.Integer),
    sa.Column("previous_consents", sa.Text),
    sa.Column("previous_row_text", sa.Text),
    sqlite_with_rowid=False,
)

# What a window delivered of a person in an earlier run than its last, where that was something else.
earlier = sa.Table(
    "ledger_earlier",
    metadata,
    sa.Column("sync", sa.Text, primary_key=True),
    sa.Column("delivery", sa.Text, primary_key=True),
    sa.Column("uid", sa.Text, primary_key=True),
    sa.Column("digest", sa.LargeBinary, primary_key=True),
    sa.Column("updated", sa.BigInteger, nullable=False),
    sa.Column("mapping", sa.Integer),
    sa.Column("consents", sa.Text, nullable=False),
    sa.Column("row_text", sa.Text),
    sqlite_with_rowid=False,
)

# Every delivery that was recorded; a window that runs again has one row a run.
deliveries = sa.Table(
    "ledger_deliveries",
    metadata,
    sa.Column("sync", sa.Text, primary_key=True),
    sa.Column("revision", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("window", sa.Text, nullable=False),
    sa.Column("recorded_at", sa.BigInteger, nullable=False),
    sa.Column("mapping", sa.Integer, sa.ForeignKey("ledger_mappings.id"), nullable=False),
    sa.Column("counts", sa.JSON, nullable=False),
    sa.Column("files", sa.JSON, nullable=False),
    sa.Index("ledger_deliveries_by_window", "sync", "window"),
)

# Brakes that a person released, for one window and one check.
releases = sa.Table(
    "ledger_releases",
    metadata,
    sa.Column("sync", sa.Text, primary_key=True),
    sa.Column("window", sa.Text, primary_key=True),
    sa.Column("check_name", sa.Text, primary_key=True),
    sa.Column("released_at", sa.BigInteger, nullable=False),
)

# The secret of a sync that makes the keyed hashes of UIDs and addresses.
keys = sa.Table(
    "ledger_keys",
    metadata,
    sa.Column("sync", sa.Text, primary_key=True),
    sa.Column("key", sa.LargeBinary, nullable=False),
)

# Every decision about a subscription, in the order in which it became known. Each row's hash covers the one before
# it, so a row that is altered, moved or missing shows. It covers `person`, the keyed hash of the UID, and not the UID,
# which is null once the person was erased.
consent_log = sa.Table(
    "ledger_consent_log",
    metadata,
    sa.Column("sync", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("logged_at", sa.BigInteger, nullable=False),
    sa.Column("uid", sa.Text),
    sa.Column("person", sa.LargeBinary, nullable=False),
    sa.Column("subscription", sa.Text, nullable=False),
    sa.Column("before", sa.Text),
    sa.Column("after", sa.Text),
    sa.Column("decided_at", sa.BigInteger),
    sa.Column("side", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("line", sa.BigInteger),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

# Where the log of a sync ends: the next row is chained to it, and rows missing at the end show. `older_seq` and
# `older_hash` are the end of the chain that covered UIDs, for whoever kept a hash of that time elsewhere.
consent_heads = sa.Table(
    "ledger_consent_heads",
    metadata,
    sa.Column("sync", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.Column("older_seq", sa.BigInteger),
    sa.Column("older_hash", sa.LargeBinary),
)

# Files that CheetahMail dropped, known by their content.
inbound_files = sa.Table(
    "ledger_inbound_files",
    metadata,
    sa.Column("sync", sa.Text, primary_key=True),
    sa.Column("sha256", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("counts", sa.JSON, nullable=False),
    sa.Column("begun_at", sa.BigInteger, nullable=False),
    sa.Column("finished_at", sa.BigInteger),
)

# What one file asks of one account, decision by decision, and what became of it.
inbound_items = sa.Table(
    "ledger_inbound_items",
    metadata,
    sa.Column("sync", sa.Text, primary_key=True),
    sa.Column("sha256", sa.Text, primary_key=True),
    sa.Column("uid", sa.Text, primary_key=True),
    sa.Column("line", sa.BigInteger),
    sa.Column("fields", sa.JSON, nullable=False),
    sa.Column("fate", sa.Text, nullable=False),
    sa.Column("code", sa.Text),
    sa.Column("settled_at", sa.BigInteger),
    sa.Index("ledger_inbound_items_by_uid", "sync", "uid"),
)

# Cells on which a file from CheetahMail and Gigya agree: since when by the evidence, and when we wrote it to Gigya.
inbound_cells = sa.Table(
    "ledger_inbound_cells",
    metadata,
    sa.Column("sync", sa.Text, primary_key=True),
    sa.Column("uid", sa.Text, primary_key=True),
    sa.Column("column_name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text),
    sa.Column("evidence_at", sa.BigInteger),
    sa.Column("written_at", sa.BigInteger),
)

# What files set out to write to Gigya, until its fate is known: after a kill nobody can tell whether it was written,
# and Gigya's time for it would pass for that of a decision in Gigya. An empty value stands for none.
inbound_asked = sa.Table(
    "ledger_inbound_asked",
    metadata,
    sa.Column("sync", sa.Text, primary_key=True),
    sa.Column("uid", sa.Text, primary_key=True),
    sa.Column("column_name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, primary_key=True),
    sa.Column("evidence_at", sa.BigInteger),
    sa.Column("sha256", sa.Text, nullable=False),
)

# Opt-outs of addresses that no account is known for yet.
parked_opt_outs = sa.Table(
    "ledger_parked_opt_outs",
    metadata,
    sa.Column("sync", sa.Text, primary_key=True),
    sa.Column("address", sa.Text, primary_key=True),
    sa.Column("subscription", sa.Text, primary_key=True),
    sa.Column("decided_at", sa.BigInteger),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("line", sa.BigInteger),
    sa.Column("parked_at", sa.BigInteger, nullable=False),
)

# What stayed at an address when a window took its person elsewhere, or off a list there.
left = sa.Table(
    "ledger_left",
    metadata,
    sa.Column("sync", sa.Text, primary_key=True),
    sa.Column("address", sa.Text, primary_key=True),
    sa.Column("subscription", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("uid", sa.Text, primary_key=True),
    sa.Column("opted_out", sa.Boolean, nullable=False),
    sa.Column("decided_at", sa.BigInteger),
)

# Subscriptions on which CheetahMail mails a person no more, since mail came back for good.
undeliverable = sa.Table(
    "ledger_undeliverable",
    metadata,
    sa.Column("sync", sa.Text, primary_key=True),
    sa.Column("uid", sa.Text, primary_key=True),
    sa.Column("subscription", sa.Text, primary_key=True),
    sa.Column("ended_at", sa.BigInteger),
    sa.Column("source", sa.Text, nullable=False),
)

# Whose rows have carried which address: CRC-32 of the address in lower case. It only preselects; an entry whose person
# has another address by now says nothing.
addresses = sa.Table(
    "ledger_addresses",
    metadata,
    sa.Column("sync", sa.Text, primary_key=True),
    sa.Column("hash", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("uid", sa.Text, primary_key=True),
    sqlite_with_rowid=False,
)

# What CheetahMail reported of the files that we delivered; the newest report of a file counts.
import_results = sa.Table(
    "ledger_import_results",
    metadata,
    sa.Column("sync", sa.Text, primary_key=True),
    sa.Column("file", sa.Text, primary_key=True),
    sa.Column("window", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("reported_at", sa.BigInteger, nullable=False),
    sa.Column("failed", sa.Boolean, nullable=False),
    sa.Column("rejected", sa.BigInteger, nullable=False),
)

# Opt-outs that CheetahMail sent back as the echo of our own file: it has them.
echoed_opt_outs = sa.Table(
    "ledger_echoed_opt_outs",
    metadata,
    sa.Column("sync", sa.Text, primary_key=True),
    sa.Column("uid", sa.Text, primary_key=True),
    sa.Column("subscription", sa.Text, primary_key=True),
    sa.Column("echoed_at", sa.BigInteger, nullable=False),
)

# Opt-outs that CheetahMail did not take, as its report says, by the window whose file carried them.
refused_opt_outs = sa.Table(
    "ledger_refused_opt_outs",
    metadata,
    sa.Column("sync", sa.Text, primary_key=True),
    sa.Column("window", sa.Text, primary_key=True),
    sa.Column("uid", sa.Text, primary_key=True),
    sa.Column("subscription", sa.Text, primary_key=True),
    sa.Column("reported_at", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)

# People of whom CheetahMail holds a value that lost a merge: the next window tells it what stands. `window` is empty
# until then; `updated` is what their row has to carry, so that it is newer than any row made before.
corrections = sa.Table(
    "ledger_corrections",
    metadata,
    sa.Column("sync", sa.Text, primary_key=True),
    sa.Column("window", sa.Text, primary_key=True),
    sa.Column("uid", sa.Text, primary_key=True),
    sa.Column("updated", sa.BigInteger, nullable=False),
)

# People whose account was deleted in Gigya, or who were erased here, by keyed hashes: nothing else of them need stay.
# `address` is null where CheetahMail had none. An opt-in of the address counts only if it was decided after
# `opt_ins_after`. `window` told CheetahMail; it is empty where a person was erased and no window had told of her.
tombstones = sa.Table(
    "ledger_tombstones",
    metadata,
    sa.Column("sync", sa.Text, primary_key=True),
    sa.Column("person", sa.LargeBinary, primary_key=True),
    sa.Column("address", sa.LargeBinary),
    sa.Column("deleted_at", sa.BigInteger, nullable=False),
    sa.Column("opt_ins_after", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("window", sa.Text, nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("recorded_at", sa.BigInteger, nullable=False),
    sa.Column("erased_at", sa.BigInteger),
    sa.Index("ledger_tombstones_by_address", "sync", "address"),
)

# Lite accounts by their key, with the UID of those that registered; `updated` is that account's last update then.
lite_keys = sa.Table(
    "ledger_lite_keys",
    metadata,
    sa.Column("sync", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("uid", sa.Text),
    sa.Column("updated", sa.BigInteger),
    sa.Index("ledger_lite_keys_by_address", "sync", "address"),
    sa.Index("ledger_lite_keys_by_uid", "sync", "uid"),
)

# Whom the last delivery of a segment made a member, with the address that it had then; clustered as people are.
segment_members = sa.Table(
    "ledger_segment_members",
    metadata,
    sa.Column("sync", sa.Text, primary_key=True),
    sa.Column("segment", sa.Text, primary_key=True),
    sa.Column("slot", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("uid", sa.Text, primary_key=True),
    sa.Column("email", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

# Every delivery of a segment; one that was begun, so that its file may be in the outbox, is not recorded yet.
segment_deliveries = sa.Table(
    "ledger_segment_deliveries",
    metadata,
    sa.Column("sync", sa.Text, primary_key=True),
    sa.Column("segment", sa.Text, primary_key=True),
    sa.Column("revision", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("as_of", sa.BigInteger, nullable=False),
    sa.Column("begun_at", sa.BigInteger, nullable=False),
    sa.Column("recorded_at", sa.BigInteger),
    sa.Column("conditions", sa.JSON, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("joins", sa.BigInteger, nullable=False),
    sa.Column("leaves", sa.BigInteger, nullable=False),
    sa.Column("files", sa.JSON, nullable=False),
)
