"""The kinds of import files: their columns and names. Writing them is in `import_file`, their contents elsewhere.

The suppression file, `deletions`, is delivered on its own, after the window's other files.

Kinds are delivered in the order unsubscribes, address_changes, profiles, subscribes, each for a reason:

1. Unsubscribes first, so that whatever fails afterwards, nobody is mailed who no longer wants it.
2. Address changes before profiles: CheetahMail's loader knows people by e-mail, and a profile with a new address
   would make a second subscriber.
3. Profiles before subscribes, so that the person whose opt-in arrives is already there. A profiles file never
   carries an opt-out away: lifting one takes a file of its own.
4. Subscribes last: an opt-in that arrives too late harms nobody.

Source: CheetahMail's public import examples, which use four separate files (add/update, unsubscribe, change of
address, re-subscribe); their column names are a contract of this project, set in CheetahMail's import jobs.
"""

from __future__ import annotations

from collections.abc import Sequence

from gigya_cheetah_assets.config.files import ImportFile, ImportFileDefaults, Kind

_SUFFIXES = {"none": "", "gzip": ".gz", "zip": ".zip"}


def columns_of(kind: Kind, key_column: str, email_column: str, field_columns: Sequence[str]) -> tuple[str, ...]:
    """The columns of one kind of file, in their order.

    Args:
        kind: The kind of file.
        key_column: CheetahMail's column with the Gigya UID.
        email_column: CheetahMail's column with the e-mail address.
        field_columns: All columns of the field table, in its order; only profiles carry them.
    """
    match kind:
        case "unsubscribes":
            return (email_column, key_column, "LIST_ID", "OPTOUT_DATE", "REASON")
        case "address_changes":
            return ("EMAIL_FROM", "EMAIL_TO", key_column, "CHANGED")
        case "profiles":
            return tuple(field_columns)
        case "subscribes":
            return (email_column, key_column, "LIST_ID", "OPTIN_DATE", "OPTIN_SOURCE")
        case "deletions":
            return (email_column, key_column, "DELETED_AT", "REASON")


def file_name(file: ImportFile, stamp: str, layout: ImportFileDefaults, *, part: int = 1) -> str:
    """The delivered name: the window and the part in place of `{window}` and `{part}`, and the endings.

    Args:
        file: One kind of file in the sync file.
        stamp: The window as `20260101T000000Z`.
        layout: The file's own layout, `file.layout(defaults)`.
        part: Number of the part, from 1; three digits in the name.
    """
    return with_endings(file.name.replace("{window}", stamp).replace("{part}", f"{part:03d}"), layout)


def with_endings(name: str, layout: ImportFileDefaults) -> str:
    """The name with the endings that compression and encryption add."""
    return name + _SUFFIXES[layout.compression] + (".pgp" if layout.pgp else "")


def count_name(name: str, layout: ImportFileDefaults) -> str | None:
    """Name of the file with the number of rows that follows a delivered one, or None where none is wanted."""
    return name + layout.count_suffix if layout.count_suffix else None


def trigger_name(name: str, layout: ImportFileDefaults) -> str | None:
    """Name of the empty file that follows a delivered one, or None where no trigger is wanted."""
    return name + layout.trigger_suffix if layout.trigger_suffix else None
