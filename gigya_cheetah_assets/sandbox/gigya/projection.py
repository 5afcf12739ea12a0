"""From stored documents to search results: only the selected fields, nested as they were, absent ones left out.

Speed decides here: a whole page is decoded once into msgspec Structs made from the select list, whose leaves stay
raw bytes, and encoded once. A page with a shape that the Structs do not know is done document by document.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from gigya_cheetah_assets.grammar.nodes import Selected
from gigya_cheetah_assets.sandbox.gigya.query.fields import variants

Project = Callable[[Sequence[bytes]], bytes]
_Tree = dict[str, Any]


@lru_cache(maxsize=64)
def projection(selected: tuple[Selected, ...]) -> Project:
    """A function from documents to the JSON array of results."""
    if any(entry.path == "*" for entry in selected):
        return _as_array
    if any(entry.alias for entry in selected):
        return lambda documents: msgspec.json.encode([_aliased(selected, document) for document in documents])
    tree = _tree(selected)
    model = _struct("Result", tree)
    page = msgspec.json.Decoder(list[model])  # type: ignore[valid-type]  # the type is made at run time
    single = msgspec.json.Decoder(model)
    encode = msgspec.json.Encoder().encode

    def one(document: bytes) -> Any:
        try:
            return single.decode(document)
        except msgspec.ValidationError:
            return _picked(msgspec.json.decode(document), tree)

    def project(documents: Sequence[bytes]) -> bytes:
        try:
            return encode(page.decode(_as_array(documents)))
        except msgspec.ValidationError:
            return encode([one(document) for document in documents])

    return project


def _as_array(documents: Sequence[bytes]) -> bytes:
    return b"[" + b",".join(documents) + b"]"


def _tree(selected: Sequence[Selected]) -> _Tree:
    """Keys of all selected paths; a whole object beside one of its fields is the whole object."""
    root: _Tree = {}
    for keys in sorted((keys for entry in selected for keys in variants(entry.path)), key=len):
        _plant(root, keys)
    return root


def _plant(node: _Tree, keys: Sequence[str]) -> None:
    for key in keys[:-1]:
        below = node.setdefault(key, {})
        if below is None:
            return
        node = below
    node[keys[-1]] = None


def _struct(name: str, tree: _Tree) -> type[msgspec.Struct]:
    """A Struct for one level; arrays of objects are taken element by element, null stays null."""
    fields: list[tuple[str, Any, Any]] = []
    for number, below in enumerate(tree.values()):
        leaf: Any = Raw | UnsetType
        if below is not None:
            inner: Any = _struct(f"{name}_{number}", below)
            leaf = inner | list[inner] | None | UnsetType
        fields.append((f"f{number}", leaf, UNSET))
    keys = {f"f{number}": key for number, key in enumerate(tree)}
    return msgspec.defstruct(name, fields, rename=keys, gc=False)


def _picked(value: Any, tree: _Tree | None) -> Any:
    if tree is None or value is None:
        return value
    if isinstance(value, list):
        return [_picked(item, tree) for item in value if isinstance(item, dict)]
    found: _Tree = {}
    for key, below in tree.items():
        inner = value.get(key, UNSET)
        if below is None or inner is None or isinstance(inner, dict | list):
            found[key] = _picked(inner, below)
    return {key: inner for key, inner in found.items() if inner is not UNSET}


def _aliased(selected: Sequence[Selected], document: bytes) -> _Tree:
    """`profile.firstName AS x` is `profile.x` (Gigya, accounts.search, AS)."""
    content = msgspec.json.decode(document)
    result: _Tree = {}
    for entry in selected:
        for keys in variants(entry.path):
            value = _at(content, keys)
            if value is not UNSET:
                node = result
                for key in keys[:-1]:
                    node = node.setdefault(key, {})
                node[entry.alias or keys[-1]] = value
    return result


def _at(value: Any, keys: Sequence[str]) -> Any:
    for key in keys:
        if not isinstance(value, dict) or key not in value:
            return UNSET
        value = value[key]
    return value
