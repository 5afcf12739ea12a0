"""Typed decoding: msgspec Structs built at run time from paths, so that only wanted values become Python objects.

A tree of paths becomes nested Structs whose leaves are scalars, arrays or subscriptions. The rare account whose
branches or subscriptions are of another type is repaired on its own in `repair`.
"""

from __future__ import annotations

import types
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from gigya_cheetah_assets.gigya import SearchEnvelope

Keys = tuple[str, ...]


class DoubleOptIn(msgspec.Struct, rename="camel"):
    """`doubleOptIn` of a subscription."""

    status: str | None = None
    confirm_time: str | None = None


class Subscription(msgspec.Struct, rename="camel"):
    """One subscription leaf; `isSubscribed` flips before a double opt-in is confirmed (Gigya, Subscriptions object)."""

    is_subscribed: bool | None = None
    last_updated_subscription_state: str | None = None
    double_opt_in: DoubleOptIn | None = None


# Scalars and arrays take any JSON value: one odd type must not cost the page its fast way.
LEAF_TYPES: dict[str, Any] = {"scalar": Any, "array": Any, "subscription": Subscription | None}


@dataclass
class Node:
    """One level of the tree; `kind` is set on a leaf, `children` on a branch."""

    kind: str | None = None
    children: dict[str, Node] = field(default_factory=dict)


def tree(leaves: Iterable[tuple[Keys, str]]) -> Node:
    """The tree of leaves given by their keys and kinds.

    Where a path is a leaf and a branch at once (`profile` and `profile.email`), the branch wins.
    """
    root = Node()
    for keys, kind in leaves:
        node = root
        for key in keys:
            node.kind = None
            node = node.children.setdefault(key, Node())
        if not node.children:
            node.kind = kind
    return root


def record_type(node: Node, name: str = "Record") -> type[msgspec.Struct]:
    """The Struct of a branch; the attribute of a key is `attribute(position)`, since keys may be any text."""
    fields, names = [], {}
    for position, (key, child) in enumerate(node.children.items()):
        kind = LEAF_TYPES[child.kind] if child.kind else record_type(child, f"{name}_{position}") | None
        fields.append((attribute(position), kind, None))
        names[attribute(position)] = key
    return msgspec.defstruct(name, fields, rename=names, gc=False)


def attribute(position: int) -> str:
    """Name of a Struct's attribute for the n-th key."""
    return f"f{position}"


def page_type(record: type[msgspec.Struct | msgspec.Raw]) -> type[msgspec.Struct]:
    """The Struct of a whole page."""
    return msgspec.defstruct(
        "SearchPage",
        [("results", types.GenericAlias(list, (record,)) | None, None)],
        bases=(SearchEnvelope,),
        kw_only=True,
    )


def leaf_values(records: list[Any], node: Node) -> Iterable[tuple[Keys, list[Any]]]:
    """Every leaf's values, one a record, with the leaf's keys; a missing parent gives None."""
    for position, (key, child) in enumerate(node.children.items()):
        name = attribute(position)
        values = [None if record is None else getattr(record, name) for record in records]
        if child.kind:
            yield (key,), values
        else:
            for keys, deeper in leaf_values(values, child):
                yield (key, *keys), deeper
