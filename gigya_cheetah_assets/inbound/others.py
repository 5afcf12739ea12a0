"""Profiles, full extracts, address changes, bounces and import reports: their rows as typed frames."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.inbound.cells import MALFORMED_EMAIL, blank_as_null, malformed_email, one_array
from gigya_cheetah_assets.inbound.feeds import Columns, Feed, Typed, framed
from gigya_cheetah_assets.inbound.people import emails, someone, texts, times, uids
from gigya_cheetah_assets.inbound.typed import typed
from gigya_cheetah_assets.inbound.verdicts import Verdicts
from gigya_cheetah_assets.mapping.values import integer

SAME_ADDRESS = "same_address"
OTHER_EVENT = "other_event"
UNKNOWN_CODE = "unknown_code"
NOT_INTEGER = "not_integer"
MISSING_FILE_NAME = "missing_file_name"
# More digits than this may not fit 64 bits.
_MOST_DIGITS = 18


def profiles(feed: Feed, columns: Columns, rows: pa.Table) -> Typed:
    """A batch of profile changes or of a full extract: one column for each field that the file has."""
    verdicts = Verdicts(rows["line"].combine_chunks())
    made = {"line": rows["line"], "uid": uids(feed, columns, rows, verdicts, needed=True)}
    made["at"] = times(feed, columns, rows, verdicts, column="CHANGED_AT", rule="other")
    for field, name in columns.fields:
        made[field.cheetahmail] = typed(field, one_array(rows[name]), feed.format.null_words, verdicts)
    email = feed.table.email.cheetahmail
    # Counted once: as the cell of its column, where that is read.
    made["email"] = blank_as_null(made[email]) if email in made else emails(feed, columns, rows, verdicts)
    return framed(feed, columns, made, verdicts)


def address_changes(feed: Feed, columns: Columns, rows: pa.Table) -> Typed:
    """A batch of address changes: `email_old` became `email`."""
    verdicts = Verdicts(rows["line"].combine_chunks())
    made = {"line": rows["line"], "uid": uids(feed, columns, rows, verdicts, needed=True)}
    for name, canonical in (("email_old", "EMAIL_OLD"), ("email", "EMAIL_NEW")):
        made[name] = texts(feed, columns, rows, canonical)
        verdicts.reject(pc.or_(pc.is_null(made[name]), malformed_email(made[name])), canonical, MALFORMED_EMAIL)
    verdicts.ignore(pc.equal(pc.utf8_lower(made["email_old"]), pc.utf8_lower(made["email"])), SAME_ADDRESS)
    made["at"] = times(feed, columns, rows, verdicts, column="CHANGED_AT", rule="other")
    return framed(feed, columns, made, verdicts)


def bounces(feed: Feed, columns: Columns, rows: pa.Table) -> Typed:
    """A batch of bounces: hard, soft or unknown. They say something of the mailbox and nothing of consent."""
    verdicts = Verdicts(rows["line"].combine_chunks())
    if feed.config.events and "EVENT_TYPE" in columns.at:
        wanted = pa.array([event.lower() for event in feed.config.events])
        event = pc.utf8_lower(texts(feed, columns, rows, "EVENT_TYPE"))
        verdicts.ignore(pc.invert(pc.is_in(event, value_set=wanted)), OTHER_EVENT)
    uid = uids(feed, columns, rows, verdicts, needed=False)
    email = emails(feed, columns, rows, verdicts)
    someone(uid, email, verdicts)
    at = times(feed, columns, rows, verdicts, column="EVENT_AT", rule="other")
    code = texts(feed, columns, rows, "RESULT")
    known = {result.lower(): how for result, how in feed.config.results.items()}
    place = pc.index_in(pc.utf8_lower(code), value_set=pa.array(list(known), pa.string()))
    verdicts.value_error(pc.is_null(place), "RESULT", UNKNOWN_CODE)
    bounce = pc.fill_null(pa.array(list(known.values()), pa.string()).take(place), "unknown")
    made = {"line": rows["line"], "uid": uid, "email": email, "at": at, "code": code, "bounce": bounce}
    return framed(feed, columns, made, verdicts)


def import_reports(feed: Feed, columns: Columns, rows: pa.Table) -> Typed:
    """A batch of CheetahMail's report on what it loaded; one row a file, or one a rejected row."""
    verdicts = Verdicts(rows["line"].combine_chunks())
    made = {"line": rows["line"], "uid": uids(feed, columns, rows, verdicts, needed=False)}
    made["email"] = emails(feed, columns, rows, verdicts)
    for name in ("file_name", "status", "error"):
        made[name] = texts(feed, columns, rows, name.upper())
    verdicts.reject(pc.is_null(made["file_name"]), "FILE_NAME", MISSING_FILE_NAME)
    for name in ("row_no", "rows_read", "rows_loaded", "rows_rejected"):
        digits, wrong = integer(texts(feed, columns, rows, name.upper()), None)
        wrong = pc.or_(wrong, pc.fill_null(pc.greater(pc.utf8_length(digits), _MOST_DIGITS), False))
        verdicts.value_error(wrong, name.upper(), NOT_INTEGER)
        made[name] = pc.if_else(wrong, pa.scalar(None, pa.string()), digits).cast(pa.int64())
    return framed(feed, columns, made, verdicts)
