"""Communication Preferences: rows `FROM communications`, one for each topic and channel of a person, as states.

The same person has a row for each decision, and in an account the decisions stand below keys; both become the frame
`ROWS`, and that one row a person. Source: Gigya, accounts.search, communications; accounts.getAccountInfo,
includeCommunications.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from gigya_cheetah_assets.config import FieldConfig
from gigya_cheetah_assets.mapping import leaves, moments
from gigya_cheetah_assets.mapping.consent import OPT_IN, OPT_OUT, time_of
from gigya_cheetah_assets.mapping.decode import Decode, known, scalars
from gigya_cheetah_assets.mapping.field_table import FieldTable
from gigya_cheetah_assets.mapping.records import RecordDecoder, Records
from gigya_cheetah_assets.mapping.text import joined

SELECT = ("UID", "topicId", "channelId", "status", "timestamp")
TIME = "timestamp"
ROWS = pa.schema(
    [("UID", pa.string()), ("topic", pa.string()), ("channel", pa.string()), ("state", pa.string()), ("at", pa.int64())]
)
"""One decision: who, on what, its state (null where the status says neither yes nor no), and when (epoch ms)."""
_STORED, _ACTED = "lastModified", "userActionTimestamp"
# Setters write optIn, readers show OptIn (Gigya, communications): letter case says nothing.
_STATES = {"optin": OPT_IN, "optout": OPT_OUT}


def topic_of(field: FieldConfig) -> tuple[str, str]:
    """Topic and channel of a field `communications.<topic>.<channel>`."""
    _, topic, channel = field.paths[0].split(".")
    return topic, channel


def key_of(field: FieldConfig) -> str:
    """The key in the account of a decision that was not made yet."""
    return field.topic_channel_id or "_".join(topic_of(field))


def keys_of(field: FieldConfig, communications: object) -> list[str]:
    """The keys under which an account has a decision on a field's topic and channel."""
    entries = communications.items() if isinstance(communications, Mapping) else ()
    return [key for key, entry in entries if isinstance(entry, Mapping) and _topic(key, entry) == topic_of(field)]


def rows_of(documents: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The decisions of accounts, as `FROM communications` would give them."""
    for document in documents:
        communications = document.get("communications")
        for key, entry in communications.items() if isinstance(communications, Mapping) else ():
            if isinstance(entry, Mapping):
                topic, channel = _topic(key, entry)
                told = {name: entry.get(name) for name in ("status", _STORED, _ACTED)}
                yield {"UID": document.get("UID"), "topicId": topic, "channelId": channel, **told}


def communication_decoder() -> Decode:
    """Decodes pages FROM communications into `ROWS`; a record without UID is a row without UID."""
    decoder = RecordDecoder(scalars(*SELECT, _STORED, _ACTED))

    def decode(body: bytes) -> Any:
        envelope, records = decoder.decode(body)
        status = pc.utf8_lower(pc.utf8_trim_whitespace(records.texts("status")))
        states = pa.array(list(_STATES.values())).take(pc.index_in(status, value_set=pa.array(list(_STATES))))
        columns = {
            "UID": known(records.texts("UID")),
            "topic": records.texts("topicId"),
            "channel": records.texts("channelId"),
            "state": states,
            "at": time_of(states, *(_times(records, name) for name in (TIME, _STORED, _ACTED))),
        }
        return envelope, pa.table(columns, schema=ROWS)

    return decode


def of_people(table: FieldTable, rows: pa.Table) -> pa.Table:
    """One row a person: `table.communication_schema`; nobody where the table asks for no topic.

    Of contradictory duplicates the opt-out stands, or what says neither yes nor no, unless the opt-in is provably
    later.
    """
    if not table.communication_paths:
        return table.communication_schema.empty_table()
    people = pc.unique(rows["UID"])
    columns: dict[str, Any] = {"UID": people}
    unreadable = []
    for path, field in table.communication_paths.items():
        state, at, odd = _decided(rows, people, topic_of(field))
        columns[path], columns[f"{path}.at"] = state, at
        unreadable.append(pc.if_else(odd, path, pa.scalar(None, pa.string())))
    times = rows.group_by("UID").aggregate([("at", "max")])
    columns["updated"] = times["at_max"].take(pc.index_in(people, value_set=times["UID"].combine_chunks()))
    columns["value_errors"] = joined(*unreadable)
    return pa.table(columns).select(table.communication_schema.names).cast(table.communication_schema)


def _decided(rows: pa.Table, people: pa.Array, topic: tuple[str, str]) -> tuple[pa.Array, pa.Array, pa.Array]:
    """State and time of each person, and whose decision could not be read."""
    of_topic = rows.filter(pc.and_(pc.equal(rows["topic"], topic[0]), pc.equal(rows["channel"], topic[1])))
    ins = of_topic.filter(pc.fill_null(pc.equal(of_topic["state"], OPT_IN), False))
    others = of_topic.filter(pc.invert(pc.fill_null(pc.equal(of_topic["state"], OPT_IN), False)))
    # An opt-out without a time outlasts every opt-in.
    others = others.set_column(4, "at", pc.fill_null(others["at"], _LATEST))
    outs = others.filter(pc.is_valid(others["state"]))
    given, there = _last(ins, people)
    other, contradicted = _last(others, people)
    left, opted_out = _last(outs, people)
    later = pc.fill_null(pc.greater(given, other), False)
    opted_in = pc.and_(there, pc.or_(pc.invert(contradicted), later))
    none = pa.scalar(None, pa.string())
    state = pc.if_else(opted_in, OPT_IN, pc.if_else(opted_out, OPT_OUT, none))
    left = pc.if_else(pc.equal(left, _LATEST), pa.scalar(None, pa.int64()), left)
    odd = pc.and_(contradicted, pc.is_null(state))
    return state, pc.if_else(opted_in, given, left), odd


def _last(rows: pa.Table, people: pa.Array) -> tuple[pa.Array, pa.Array]:
    """The latest time of each person's rows, and who has any."""
    times = rows.group_by("UID").aggregate([("at", "max")])
    at = pc.index_in(people, value_set=times["UID"].combine_chunks())
    return times["at_max"].combine_chunks().take(at), pc.is_valid(at)


def _topic(key: str, entry: Mapping[str, Any]) -> tuple[Any, Any]:
    """Topic and channel of a decision; an entry that does not name them is told by its key."""
    topic, _, channel = key.rpartition("_")
    return entry.get("topic", topic), entry.get("channel", channel)


def _times(records: Records, name: str) -> pa.Array:
    values = records.values[name]
    return pc.coalesce(leaves.milliseconds(values), moments.milliseconds(_texts(values)))


def _texts(values: list[Any]) -> list[str | None]:
    return [value if isinstance(value, str) else None for value in values]


_LATEST = 253_402_300_800_000
