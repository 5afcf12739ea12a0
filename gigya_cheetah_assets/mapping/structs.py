"""Typed decoding: msgspec Structs built at run time from paths, so that only wanted values become Python objects.

A tree of paths becomes nested Structs whose leaves are scalars, arrays or consents. The rare account whose branches or
consents are of another type is repaired on its own in `repair`; what becomes of a leaf is in `leaves`.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
from msgspec.structs import astuple

from gigya_cheetah_assets.gigya import SearchEnvelope

Keys = tuple[str, ...]
Kind = Literal["scalar", "array", "subscription", "preference"]


class DoubleOptIn(msgspec.Struct, rename="camel", gc=False):
    """`doubleOptIn` of a subscription."""

    status: str | None = None
    confirm_time: str | None = None


class Subscription(msgspec.Struct, rename="camel", gc=False):
    """One subscription leaf; `isSubscribed` flips before a double opt-in is confirmed (Gigya, Subscriptions object)."""

    is_subscribed: bool | None = None
    last_updated_subscription_state: str | None = None
    double_opt_in: DoubleOptIn | None = None


class Preference(msgspec.Struct, rename="camel", gc=False):
    """One consent statement: what was consented to, and when (Gigya, preferences object)."""

    is_consent_granted: bool | None = None
    doc_version: float | None = None
    doc_date: str | None = None
    last_consent_modified: str | None = None
    action_timestamp: str | None = None


_CONSENTS: dict[Kind | None, tuple[type[msgspec.Struct]]] = {
    "subscription": (Subscription,),
    "preference": (Preference,),
}


@dataclass
class Node:
    """One level of the tree: a leaf has a kind, a branch children.

    Attributes:
        type: Its Struct, unless it is a plain leaf.
    """

    kind: Kind | None = None
    children: dict[str, Node] = field(default_factory=dict)
    type: type[msgspec.Struct] | None = None

    @property
    def is_plain_leaf(self) -> bool:
        """Whether its value is any JSON."""
        return self.kind in ("scalar", "array")


def tree(leaves: Iterable[tuple[Keys, Kind]]) -> Node:
    """The tree of leaves given by their keys and kinds; no plain leaf may lie on the way to another leaf."""
    root = Node()
    for keys, kind in leaves:
        node = root
        for key in keys:
            node = node.children.setdefault(key, Node())
        node.kind = kind
    _give_types(root, "Record")
    return root


def _give_types(node: Node, name: str) -> None:
    fields: list[tuple[str, Any, Any]] = []
    names: dict[str, str] = {}
    for position, (key, child) in enumerate(node.children.items()):
        names[attribute(position)] = key
        if child.is_plain_leaf:
            # Any JSON value: one odd type must not cost the page its fast way.
            fields.append((attribute(position), Any, None))
        else:
            _give_types(child, f"{name}_{position}")
            fields.append((attribute(position), child.type | None, None))  # type: ignore[operator] # built at run time
    bases = _CONSENTS.get(node.kind, ())
    node.type = msgspec.defstruct(name, fields, bases=bases, rename=names, gc=False, eq=False)


def attribute(position: int) -> str:
    """Name of a Struct's attribute for the n-th key; keys may be any text, so they can't be names themselves."""
    return f"f{position}"


def page_type(record: type[msgspec.Struct | msgspec.Raw]) -> type[msgspec.Struct]:
    """The Struct of a whole page."""
    return msgspec.defstruct(
        "SearchPage",
        [("results", types.GenericAlias(list, (record,)) | None, None)],
        bases=(SearchEnvelope,),
        kw_only=True,
    )


def leaf_values(records: list[Any], node: Node) -> Iterator[tuple[Keys, list[Any]]]:
    """Every leaf's values, one a record, with the leaf's keys; a missing parent gives None.

    Args:
        records: Objects of the node's type.
        node: The branch to read.
    """
    for (key, child), values in zip(node.children.items(), _values(records, node), strict=True):
        if child.kind is not None:
            yield (key,), values
        else:
            yield from (((key, *keys), deeper) for keys, deeper in leaf_values(_present(values, child), child))


def _values(records: list[Any], node: Node) -> list[list[Any]]:
    """The values of each child; all of a record at once take half the time of one after the other."""
    if not records or not node.children:
        return [[] for _ in node.children]
    return list(map(list, zip(*map(astuple, records), strict=True)))


def _present(values: list[Any], node: Node) -> list[Any]:
    """The same with an empty object for each missing one."""
    if None not in values or node.type is None:
        return values
    empty = node.type()
    return [empty if value is None else value for value in values]
