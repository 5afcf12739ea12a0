"""The field table: every fact about the columns, derived once from the sync file's `fields`.

Extraction, mapping, schemas, checks, column metadata, lineage and docs all read it; what a rule does with a value is
in `values` and its neighbours.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import msgspec
import pyarrow as pa

from gigya_cheetah_assets.config import FieldConfig, RecordFilter, Sync
from gigya_cheetah_assets.errors import ConfigError

SUBSCRIPTIONS = "subscriptions."
_ACCOUNT_OWN = (("UID", pa.string()), ("account", pa.string()), ("updated", pa.int64()))
_EMAIL_OWN = (
    ("UID", pa.string()),
    ("email", pa.string()),
    ("is_full", pa.bool_()),
    ("updated", pa.int64()),
)
# Raised when a rule's result changes, so that profiles and rows of two versions are never mixed.
_RULES_VERSION = 1


@dataclass(frozen=True)
class ColumnDoc:
    """One column in words, for people."""

    column: str
    type: str
    sources: str
    rule: str
    description: str


@dataclass(frozen=True)
class FieldTable:
    """The columns of one sync.

    Attributes:
        fields: In the order of the sync file.
        record_filter: Conditions on the profile.
        lite: Whether lite accounts are read too.
    """

    fields: tuple[FieldConfig, ...]
    record_filter: tuple[RecordFilter, ...] = ()
    lite: bool = False

    @classmethod
    def from_sync(cls, sync: Sync) -> FieldTable:
        """The table of a sync.

        Raises:
            ConfigError: A path is used both with and without `join`.
        """
        table = cls(sync.fields, sync.record_filter, sync.gigya.accounts != "full")
        scalars = {path for f in table.fields if f.join is None for path in f.paths}
        both = sorted(scalars & table.list_paths)
        if both:
            raise ConfigError([f"fields: {', '.join(both)}: expected join on all fields of one path, or on none"])
        return table

    @cached_property
    def key(self) -> FieldConfig:
        """The field with the UID."""
        return next(field for field in self.fields if field.key)

    @cached_property
    def email(self) -> FieldConfig:
        """The field with the address."""
        return next(field for field in self.fields if field.type == "email")

    @cached_property
    def subscriptions(self) -> tuple[FieldConfig, ...]:
        """The fields that carry consent."""
        return tuple(field for field in self.fields if field.type == "subscription")

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of the CheetahMail columns."""
        return tuple(field.cheetahmail for field in self.fields)

    @cached_property
    def list_paths(self) -> frozenset[str]:
        """Paths that hold an array."""
        return frozenset(path for field in self.fields if field.join is not None for path in field.paths)

    @cached_property
    def subscription_paths(self) -> dict[str, FieldConfig]:
        """Paths of Email Accounts subscriptions, with the field that reads each."""
        return {f.paths[0]: f for f in self.subscriptions if f.paths[0].startswith(SUBSCRIPTIONS)}

    @cached_property
    def plain_paths(self) -> tuple[str, ...]:
        """All other paths but UID, each once, in the order of first use."""
        own = (path for field in self.fields for path in field.paths)
        filters = (f.gigya for f in self.record_filter if f.gigya is not None)
        paths = dict.fromkeys([*own, *filters])
        return tuple(path for path in paths if path not in self.subscription_paths and path != "UID")

    @cached_property
    def needs_email_accounts(self) -> bool:
        """Whether `FROM accounts` alone is not enough."""
        return self.lite or bool(self.subscription_paths)

    @cached_property
    def account_select(self) -> tuple[str, ...]:
        """What is selected FROM accounts."""
        return tuple(dict.fromkeys(["UID", "lastUpdatedTimestamp", *self.plain_paths]))

    @cached_property
    def email_account_select(self) -> tuple[str, ...]:
        """What is selected FROM emailAccounts; the plain paths only for lite accounts, which have no account."""
        own = ["UID", "token", "email", "hasFullAccount", "hasLiteAccount", "lastUpdatedTimestamp"]
        return tuple(dict.fromkeys([*own, *self.subscription_paths, *(self.plain_paths if self.lite else ())]))

    @cached_property
    def account_schema(self) -> pa.Schema:
        """Frame of accounts: UID, account, updated, the plain paths, value_errors."""
        return pa.schema([*_ACCOUNT_OWN, *self._plain(), ("value_errors", pa.string())])

    @cached_property
    def email_account_schema(self) -> pa.Schema:
        """Frame of e-mail accounts: UID (token of a lite one), email, is_full, updated, subscriptions, plain paths."""
        return pa.schema([*_EMAIL_OWN, *self._states(), *self._plain(), ("value_errors", pa.string())])

    @cached_property
    def profile_schema(self) -> pa.Schema:
        """Frame of profiles: an account with its subscriptions."""
        return pa.schema([*_ACCOUNT_OWN, *self._plain(), *self._states(), ("value_errors", pa.string())])

    @cached_property
    def version(self) -> str:
        """Changes whenever the same account could give another row."""
        facts = [
            _RULES_VERSION,
            self.lite,
            [f.model_dump() for f in self.fields],
            [f.model_dump() for f in self.record_filter],
        ]
        return hashlib.sha256(msgspec.json.encode(facts)).hexdigest()[:12]

    def column_docs(self) -> list[ColumnDoc]:
        """Every column in words."""
        return [
            ColumnDoc(f.cheetahmail, f.type, _sources(f), rule_in_words(f), f.description or "") for f in self.fields
        ]

    def profile_docs(self) -> dict[str, str]:
        """What each column of a profile is for."""
        used: dict[str, list[str]] = {}
        for field in self.fields:
            for path in field.paths:
                used.setdefault(path, []).append(field.cheetahmail)
        docs = {path: f"for {', '.join(columns)}" for path, columns in used.items()}
        return docs | {
            "UID": "Gigya's UID; the token for a lite account",
            "account": "full or lite",
            "updated": "last update of account or subscriptions, epoch ms",
            "value_errors": "paths whose value had a shape that no rule can read",
        }

    def _plain(self) -> list[tuple[str, pa.DataType]]:
        return [(p, pa.list_(pa.string()) if p in self.list_paths else pa.string()) for p in self.plain_paths]

    def _states(self) -> list[tuple[str, pa.DataType]]:
        pairs = (((path, pa.string()), (f"{path}.at", pa.int64())) for path in self.subscription_paths)
        return [column for pair in pairs for column in pair]


def _sources(field: FieldConfig) -> str:
    if field.constant is not None:
        return f"constant {field.constant!r}"
    return (", " if field.is_date_parts else " or ").join(field.paths)


def rule_in_words(field: FieldConfig) -> str:
    """The rules of a field in the order in which they apply."""
    words = [
        (field.key, "key"),
        (field.required, "required"),
        (field.raw, "raw"),
        (field.is_date_parts, "year, month, day"),
        (field.join is not None, f"joined by {field.join!r}"),
        (bool(field.replace), f"{len(field.replace)} replacement(s)"),
        (field.collapse, "white space collapsed"),
        (field.case is not None, f"{field.case} case"),
        (field.values is not None, ", ".join(f"{k} to {v}" for k, v in (field.values or {}).items())),
        (field.function is not None, f"function {field.function}"),
        (field.input_format is not None, f"read as {field.input_format}"),
        (field.format is not None, f"written as {field.format}"),
        (field.default is not None, f"default {field.default!r}"),
        (field.truncate is not None, f"cut to {field.truncate}"),
        (field.hash is not None, f"{field.hash}"),
        (field.max_length is not None, f"at most {field.max_length} characters"),
        (field.on_error == "reject", "rejected on error"),
    ]
    return "; ".join(text for holds, text in words if holds)
