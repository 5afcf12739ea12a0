"""The kinds of feeds: their columns with the names these have in the field, which are required, what they become.

The names are those of CheetahMail's exports as several customers load them; every account can differ, so `aliases` of
a feed adds its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from gigya_cheetah_assets.config.files import InboundFile, InboundFiles, Treatment
from gigya_cheetah_assets.mapping import FieldTable

UID, EMAIL, LIST_ID = "GIGYA_UID", "EMAIL", "LIST_ID"
ALIASES: dict[str, tuple[str, ...]] = {
    UID: ("STRING1",),
    EMAIL: ("EMAIL_ADDRESS",),
    LIST_ID: ("PID", "SUB", "LIST"),
    "REASON": (),
    "UNSUBSCRIBED_AT": ("DATE_UNSUB",),
    "SUBSCRIBED_AT": ("DATE_SUB",),
    "SOURCE": ("OPTIN_SOURCE",),
    "CHANGED_AT": ("DATE_CHANGED",),
    "EMAIL_OLD": ("EMAIL_FROM",),
    "EMAIL_NEW": ("EMAIL_TO",),
    "EVENT_AT": ("TIMESTAMP", "DATE_BOUNCE"),
    "EVENT_TYPE": ("EVENT",),
    "RESULT": ("RESULTCODE", "BOUNCE_CLASS"),
    "FILE_NAME": ("FILENAME", "FILE"),
    "STATUS": (),
    "ROW_NO": ("ROW", "LINE"),
    "ERROR": ("MESSAGE",),
    "ROWS_READ": (),
    "ROWS_LOADED": (),
    "ROWS_REJECTED": (),
}

# CheetahMail: unsubscribe reasons, one letter, compared in lower case.
REASONS: dict[str, Treatment] = {
    "a": "opt_out_all",  # complaint about spam
    "w": "opt_out",  # web link in a mail
    "e": "opt_out",  # mail to the remove address
    "r": "opt_out",  # reply that asks to stop
    "b": "bounce",  # persistent bounces: no decision of the person
    "d": "opt_out",  # by an admin
    "i": "echo",  # by API, perhaps our own
    "k": "echo",  # by an uploaded file, perhaps our own
}
# CheetahMail: the master list.
MASTER_LIST = "0"


@dataclass(frozen=True)
class KindColumns:
    """What a kind reads.

    Attributes:
        required: Without one of these columns the file is refused.
        optional: Read where they are.
        own: Columns of its frame behind `COMMON`, before those of the field table.
    """

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    own: tuple[tuple[str, pa.DataType], ...] = ()


DESCRIBING = ("profiles", "full_extract", "subscribes")
"""Kinds whose rows describe a person, so that an account can be made of them."""
_TEXT = pa.string()
COMMON = (("line", pa.int64()), ("uid", _TEXT), ("email", _TEXT), ("at", pa.int64()))
KINDS: dict[str, KindColumns] = {
    "unsubscribes": KindColumns(
        (UID, EMAIL, "REASON", "UNSUBSCRIBED_AT"),
        (LIST_ID,),
        (("code", _TEXT), ("treatment", _TEXT), ("bounce", _TEXT), ("ended", _TEXT)),
    ),
    "subscribes": KindColumns(
        (UID, EMAIL, LIST_ID, "SUBSCRIBED_AT"), ("SOURCE",), (("code", _TEXT), ("first_party", pa.bool_()))
    ),
    "profiles": KindColumns((UID, EMAIL, "CHANGED_AT")),
    "full_extract": KindColumns((UID, EMAIL), ("CHANGED_AT",)),
    "address_changes": KindColumns((UID, "EMAIL_OLD", "EMAIL_NEW", "CHANGED_AT"), (), (("email_old", _TEXT),)),
    "bounces": KindColumns(
        ("EVENT_AT",), (UID, EMAIL, "RESULT", "EVENT_TYPE"), (("code", _TEXT), ("bounce", _TEXT))
    ),
    "import_reports": KindColumns(
        ("FILE_NAME",),
        (UID, EMAIL, "STATUS", "ROW_NO", "ERROR", "ROWS_READ", "ROWS_LOADED", "ROWS_REJECTED"),
        (("file_name", _TEXT), ("status", _TEXT), ("error", _TEXT), ("row_no", pa.int64()), ("rows_read", pa.int64()),
         ("rows_loaded", pa.int64()), ("rows_rejected", pa.int64())),
    ),
}  # fmt: skip


def aliases_of(kind: str, feed: InboundFile, table: FieldTable) -> dict[str, tuple[str, ...]]:
    """Canonical column of a kind to the other names it may have: the feed's own, the field table's, the known ones."""
    own = {name.strip().upper(): names for name, names in feed.aliases.items()}
    mapped = {field.cheetahmail.upper() for field in table.fields}
    of_table = {UID: (table.key.cheetahmail,), EMAIL: (table.email.cheetahmail,)}
    changed = (feed.changed_at,) if feed.changed_at else ()
    spec = KINDS[kind]
    found: dict[str, tuple[str, ...]] = {}
    for name in (*spec.required, *spec.optional):
        # A generic name such as STRING1 may carry another field of this sync.
        known = tuple(alias for alias in ALIASES[name] if alias not in mapped)
        at = changed if name == "CHANGED_AT" else ()
        found[name] = (*at, *own.get(name, ()), *of_table.get(name, ()), *known)
    return found


def lists_of(feed: InboundFile, files: InboundFiles) -> dict[str, str]:
    """List id to subscription column: the feed's own, else that of `unsubscribes`."""
    if feed.list or files.unsubscribes is None:
        return dict(feed.list)
    return dict(files.unsubscribes.list)


def reasons_of(feed: InboundFile) -> dict[str, Treatment]:
    """Reason code, in lower case, to what it means."""
    return REASONS | {code.lower(): treatment for code, treatment in feed.reasons.items()}
