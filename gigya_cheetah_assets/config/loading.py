"""From a folder of YAML files to checked syncs; all findings of all files come at once."""

from __future__ import annotations

import os
from collections.abc import Hashable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gigya_cheetah_assets.config.sync import Sync
from gigya_cheetah_assets.errors import ConfigError

SYNCS_VARIABLE = "GIGYA_CHEETAH_SYNCS"
DATA_VARIABLE = "GIGYA_CHEETAH_DATA"
_UNIONS = ("auth", "staging")
_SECRET_WORDS = ("secret", "password", "passphrase", "key", "token", "connection_string")


def syncs_folder(environ: Mapping[str, str] | None = None) -> Path:
    """The folder of the sync files: `GIGYA_CHEETAH_SYNCS`, else `syncs/`."""
    return Path((os.environ if environ is None else environ).get(SYNCS_VARIABLE) or "syncs")


def data_folder(environ: Mapping[str, str] | None = None) -> Path:
    """The folder of all data that this project keeps: `GIGYA_CHEETAH_DATA`, else `data/`."""
    return Path((os.environ if environ is None else environ).get(DATA_VARIABLE) or "data")


def load_syncs(folder: Path | None = None) -> list[Sync]:
    """All syncs of a folder (`*.yaml`, `*.yml`, not its sub-folders), by name.

    Raises:
        ConfigError: Any file is wrong, a name stands twice, or there is no file; lists every finding.
    """
    folder = syncs_folder() if folder is None else folder
    files = sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")])
    if not files:
        raise ConfigError(
            [f"{folder}: no sync file (*.yaml) in this folder"],
            next_step=f"set {SYNCS_VARIABLE} to the folder of the sync files, or add one (docs/sync-file.md)",
        )
    problems: list[str] = []
    syncs: dict[str, tuple[Sync, Path]] = {}
    for file in files:
        try:
            sync = load_sync(file)
        except ConfigError as error:
            problems += error.problems
            continue
        if sync.name in syncs:
            problems.append(
                f"{file}: name: {sync.name!r}: expected a name of its own; {syncs[sync.name][1]} has it already"
            )
        syncs[sync.name] = (sync, file)
    if problems:
        raise ConfigError(problems, next_step="mend the lines above, then run: gigya-cheetah check")
    return [syncs[name][0] for name in sorted(syncs)]


def load_sync(file: Path) -> Sync:
    """One sync file.

    Raises:
        ConfigError: The file can't be read, is no YAML mapping, or breaks the models; lists every finding as
            `file: key.path: value: expectation`.
    """
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), Loader=_StrictLoader)  # noqa: S506 - derives from SafeLoader
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{file}: cannot be read: {error}"]) from error
    except yaml.YAMLError as error:
        raise ConfigError([f"{file}: no valid YAML: {_one_line(error)}"]) from error
    if not isinstance(content, dict):
        raise ConfigError([f"{file}: expected a mapping with name, gigya, windows, staging …"])
    try:
        return Sync.model_validate(content)
    except ValidationError as error:
        details = [d for d in error.errors(include_url=False) if not _is_aftermath(d)]
        raise ConfigError([f"{file}: {_finding(d)}" for d in details]) from None


class _StrictLoader(yaml.SafeLoader):
    """YAML's safe loader that refuses a key that stands twice; plain YAML lets the last one win silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key.value!r} stands twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _is_aftermath(detail: ErrorDetails) -> bool:
    """A list counts as too short when its items are wrong; the items' own findings say it better."""
    return detail["type"] == "too_short" and bool(detail["input"])


def _finding(detail: ErrorDetails) -> str:
    path = _key_path(detail["loc"])
    message = detail["msg"].removeprefix("Value error, ")
    kind = detail["type"]
    if kind == "extra_forbidden":
        return f"{path}: unknown key; expected one of the keys in docs/sync-file.md"
    if kind == "missing":
        return f"{path}: is missing; expected a value"
    message = message if message.startswith("expected") else f"expected: {message}"
    return f"{path}: {_shown(path, detail['input'])}: {message}"


def _key_path(location: tuple[int | str, ...]) -> str:
    """`("fields", 3, "gigya")` as `fields[3].gigya`; the chosen `type` behind a union's key is left out."""
    text = ""
    for before, part in pairwise(("", *location)):
        if isinstance(part, int):
            text += f"[{part}]"
        elif before not in _UNIONS:
            text += f".{part}" if text else part
    return text or "(the file)"


def _shown(path: str, value: object) -> str:
    if isinstance(value, dict | list | Sync) or not isinstance(value, str | int | float | bool | None):
        return "this part"
    if any(word in path for word in _SECRET_WORDS):
        return "(hidden)"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
