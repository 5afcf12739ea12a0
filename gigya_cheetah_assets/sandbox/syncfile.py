"""The sandbox's sync file for one that is running: `syncs/sandbox.yaml` with its ports and its staging."""

from __future__ import annotations

from pathlib import Path

import yaml

from gigya_cheetah_assets.config import syncs_folder
from gigya_cheetah_assets.errors import ConfigError
from gigya_cheetah_assets.sandbox.server import Sandbox

HTTP_PORT, SFTP_PORT = 18400, 18422


def write_sync_file(folder: Path, sandbox: Sandbox) -> Path:
    """Writes the file into a folder of its own; returns the folder.

    Raises:
        ConfigError: There is no `sandbox.yaml` in the folder of the sync files.
    """
    source = syncs_folder() / "sandbox.yaml"
    if not source.is_file():
        raise ConfigError([f"{source} is missing"], next_step="run in the project's folder, or copy syncs/sandbox.yaml")
    text = source.read_text(encoding="utf-8")
    text = text.replace(f"127.0.0.1:{HTTP_PORT}", f"127.0.0.1:{sandbox.http_port}")
    text = text.replace(f"port: {SFTP_PORT}", f"port: {sandbox.sftp_port}")
    if sandbox.object_store is not None:
        text = yaml.safe_dump({**yaml.safe_load(text), "staging": sandbox.object_store}, sort_keys=False)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sandbox.yaml").write_text(text, encoding="utf-8")
    return folder
