"""The field table: every fact about the columns, derived once from the sync file's `fields`.

Extraction, mapping, schemas, checks, column metadata, lineage and docs all read it; what a rule does with a value is
in `values` and its neighbours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, TypeAlias

import msgspec
import pyarrow as pa

from gigya_cheetah_assets.config import FieldConfig, RecordFilter, Sync
from gigya_cheetah_assets.config.forms import Form, form_of
from gigya_cheetah_assets.errors import ConfigError
from gigya_cheetah_assets.gigya.query import Source
from gigya_cheetah_assets.gigya.schema import OldestDocument
from gigya_cheetah_assets.mapping.contradictions import contradictions
from gigya_cheetah_assets.mapping.words import ColumnDoc, column_doc

LITE_KEY, IS_LITE = "lite_key", "is_lite"
Accounts: TypeAlias = Literal["full", "lite", "both"]
_ACCOUNT_OWN = (("UID", pa.string()), ("account", pa.string()), ("updated", pa.int64()))
_EMAIL_OWN = (
    ("UID", pa.string()),
    ("email", pa.string()),
    ("is_full", pa.bool_()),
    ("updated", pa.int64()),
)
# Raised when a rule's result changes, so that profiles and rows of two versions are never mixed.
_RULES_VERSION = 3
# What a field says that never changes a profile, a row or a reject.
_NO_EFFECT = {"description", "owner"}


@dataclass(frozen=True)
class FieldTable:
    """The columns of one sync.

    Attributes:
        fields: In the order of the sync file.
        record_filter: Conditions on the profile.
        accounts: Whose: registered accounts, lite accounts or both.
        lite_prefix: What the key of a lite account begins with; its token follows.
        documents: What the site asks of consent statements, by path (`asked_by`); no part of `version`.

    Raises:
        ConfigError: The fields contradict each other; all contradictions at once.
    """

    fields: tuple[FieldConfig, ...]
    record_filter: tuple[RecordFilter, ...] = ()
    accounts: Accounts = "full"
    lite_prefix: str = "lite-"
    documents: Mapping[str, OldestDocument] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        """Refuses what could not be read as it is written."""
        problems = list(contradictions(self))
        if problems:
            raise ConfigError(problems, next_step="mend `fields` or `record_filter` in the sync file")

    @classmethod
    def from_sync(cls, sync: Sync) -> FieldTable:
        """The table of a sync.

        Raises:
            ConfigError: The fields contradict each other.
        """
        return cls(sync.columns, sync.record_filter, sync.gigya.accounts, sync.gigya.lite_key_prefix)

    def asked_by(self, documents: Mapping[str, OldestDocument]) -> FieldTable:
        """The same table where the site asks these documents of its consent statements."""
        return replace(self, documents={path: documents[path] for path in self.preference_paths if path in documents})

    def oldest_documents(self, path: str) -> tuple[OldestDocument, ...]:
        """To which document a consent statement has to be: by its field, and by the site; both count."""
        own = self.preference_paths[path]
        least = OldestDocument(own.min_version, own.min_date.isoformat() if own.min_date else None)
        return tuple(one for one in (least, self.documents.get(path)) if one is not None)

    @property
    def lite(self) -> bool:
        """Whether lite accounts are read too."""
        return self.accounts != "full"

    @property
    def both(self) -> bool:
        """Whether a lite account that registers is known by its UID from then on; see `lite_key`."""
        return self.accounts == "both"

    def is_lite_key(self, key: str) -> bool:
        """Whether a key is that of a lite account."""
        return self.lite and key.startswith(self.lite_prefix)

    def lite_key(self, token: str) -> str:
        """The key of the lite account with this token."""
        return self.lite_prefix + token

    def token_of(self, key: str) -> str:
        """The token of a lite account with this key."""
        return key.removeprefix(self.lite_prefix)

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
        return self._consents("subscription")

    @cached_property
    def preference_paths(self) -> dict[str, FieldConfig]:
        """Paths of consent statements, with the field that reads each; accounts have them."""
        return self._consents("preference")

    @cached_property
    def communication_paths(self) -> dict[str, FieldConfig]:
        """Paths of Communication Preferences, with the field that reads each."""
        return self._consents("communication")

    @cached_property
    def dated_paths(self) -> dict[str, FieldConfig]:
        """Paths of consents that tell when they came to be; a plain data field does not."""
        return {**self.subscription_paths, **self.preference_paths, **self.communication_paths}

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """All paths that fields and filters need, each once, in the order of first use."""
        own = (path for field in self.fields for path in field.paths)
        filters = (f.gigya for f in self.record_filter if f.gigya is not None)
        return tuple(dict.fromkeys([*own, *filters]))

    @cached_property
    def subscription_parts(self) -> tuple[str, ...]:
        """Paths of single values of subscriptions, such as the time of the last change; e-mail accounts have them."""
        return tuple(p for p in self.paths if form_of(p) == "subscription" and p not in self.subscription_paths)

    @cached_property
    def plain_paths(self) -> tuple[str, ...]:
        """All other paths but UID: what accounts have."""
        elsewhere = {"UID", *self.subscription_parts, *self.dated_paths}
        return tuple(path for path in self.paths if path not in elsewhere)

    @cached_property
    def account_paths(self) -> tuple[str, ...]:
        """All that is read of accounts."""
        return (*self.plain_paths, *self.preference_paths)

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """What has to be searched: `FROM accounts` has neither subscriptions nor communications."""
        more: list[tuple[Source, bool]] = [
            ("emailAccounts", self.needs_email_accounts),
            ("communications", bool(self.communication_paths)),
        ]
        return ("accounts", *(source for source, needed in more if needed))

    @cached_property
    def needs_email_accounts(self) -> bool:
        """Whether `FROM accounts` alone is not enough: it has no subscriptions (Gigya: search, sources)."""
        return self.lite or bool(self.subscription_paths) or bool(self.subscription_parts)

    @cached_property
    def account_select(self) -> tuple[str, ...]:
        """What is selected FROM accounts."""
        return tuple(dict.fromkeys(["UID", "lastUpdatedTimestamp", *self._outermost(self.account_paths)]))

    @cached_property
    def email_account_select(self) -> tuple[str, ...]:
        """What is selected FROM emailAccounts; the plain paths only for lite accounts, which have no account."""
        own = ["UID", "token", "email", "hasFullAccount", "hasLiteAccount", "lastUpdatedTimestamp"]
        parts = self._outermost((*self.subscription_paths, *self.subscription_parts))
        return tuple(dict.fromkeys([*own, *parts, *(self.plain_paths if self.lite else ())]))

    @cached_property
    def account_schema(self) -> pa.Schema:
        """Frame of accounts: UID, account, updated, the plain paths, consent statements, value_errors."""
        statements = self._states(self.preference_paths)
        return pa.schema([*_ACCOUNT_OWN, *self._plain(), *statements, ("value_errors", pa.string())])

    @cached_property
    def email_account_schema(self) -> pa.Schema:
        """Frame of e-mail accounts: UID (or key of a lite one), email, is_full, updated, subscriptions, plain paths.

        Where both kinds are read `lite_key` is the key that the person of a full account has as a lite account, and
        `is_lite` tells whether there is one.
        """
        return pa.schema(
            [*_EMAIL_OWN, *self._lite_key(), *self._subscribed(), *self._plain(), ("value_errors", pa.string())]
        )

    @cached_property
    def communication_schema(self) -> pa.Schema:
        """Frame of communications: UID, updated (the latest decision), communications, value_errors."""
        states = self._states(self.communication_paths)
        return pa.schema([("UID", pa.string()), ("updated", pa.int64()), *states, ("value_errors", pa.string())])

    @cached_property
    def profile_schema(self) -> pa.Schema:
        """Frame of profiles: an account with all its consents."""
        consents = [*self._subscribed(), *self._states(self.preference_paths), *self._states(self.communication_paths)]
        own = [*_ACCOUNT_OWN, *self._plain(), *self._lite_key(), *consents]
        return pa.schema([*own, ("value_errors", pa.string())])

    @cached_property
    def version(self) -> str:
        """Changes whenever the same account could give another row."""
        facts = [
            _RULES_VERSION,
            [self.accounts, self.lite_prefix] if self.lite else False,
            [f.model_dump(exclude=_NO_EFFECT, exclude_defaults=True) for f in self.fields],
            [f.model_dump(exclude_defaults=True) for f in self.record_filter],
        ]
        return hashlib.sha256(msgspec.json.encode(facts)).hexdigest()[:12]

    def column_docs(self) -> list[ColumnDoc]:
        """Every column in words."""
        return [column_doc(field) for field in self.fields]

    def sources_of(self, column: str) -> tuple[str, ...]:
        """The Gigya paths that a CheetahMail column is made from; none for a constant.

        Raises:
            KeyError: There is no such column.
        """
        return {field.cheetahmail: field.paths for field in self.fields}[column]

    def profile_docs(self) -> dict[str, str]:
        """What each column of a profile is for."""
        used = {path: [f.cheetahmail for f in self.fields if path in f.paths] for path in self.paths}
        docs = {path: f"for {', '.join(columns or ['the record filter'])}" for path, columns in used.items()}
        times = {f"{path}.at": f"when {path} came to be, epoch ms" for path in self.dated_paths}
        return (
            docs
            | times
            | {
                "UID": f"Gigya's UID; {self.lite_prefix} and the token for a lite account",
                LITE_KEY: "what the UID would be if the account were still a lite one",
                IS_LITE: "whether the address has a lite account",
                "account": "full or lite",
                "updated": "last update of account, subscriptions or communications, epoch ms",
                "value_errors": "paths whose value had a shape that no rule can read",
            }
        )

    def _lite_key(self) -> list[tuple[str, pa.DataType]]:
        return [(LITE_KEY, pa.string()), (IS_LITE, pa.bool_())] if self.both else []

    def _plain(self) -> list[tuple[str, pa.DataType]]:
        return self._typed(self.plain_paths)

    def _typed(self, paths: tuple[str, ...]) -> list[tuple[str, pa.DataType]]:
        return [(path, pa.list_(pa.string()) if path in self.list_paths else pa.string()) for path in paths]

    def _subscribed(self) -> list[tuple[str, pa.DataType]]:
        return [*self._states(self.subscription_paths), *self._typed(self.subscription_parts)]

    def _states(self, paths: Iterable[str]) -> list[tuple[str, pa.DataType]]:
        pairs = (((path, pa.string()), (f"{path}.at", pa.int64())) for path in paths)
        return [column for pair in pairs for column in pair]

    def _consents(self, form: Form) -> dict[str, FieldConfig]:
        return {field.paths[0]: field for field in self.subscriptions if field.form == form}

    def _outermost(self, paths: Sequence[str]) -> list[str]:
        """A part of a consent that is selected as a whole comes with it."""
        return [path for path in paths if not any(path.startswith(f"{whole}.") for whole in self.dated_paths)]
