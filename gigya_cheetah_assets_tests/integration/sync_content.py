"""The sync file of tests with a sandbox of their own. The definitions, which read sync files, are not loaded here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from gigya_cheetah_assets.sandbox import Sandbox


def sync_content(sandbox: Sandbox, folder: Path, **changes: Any) -> dict[str, Any]:
    """`syncs/sandbox.yaml` on this sandbox's port, with a local staging in `folder`; `changes` replace keys."""
    content = yaml.safe_load((Path(__file__).parents[2] / "syncs" / "sandbox.yaml").read_text(encoding="utf-8"))
    content["gigya"]["api_domain"] = sandbox.api_domain
    content["gigya"]["requests_per_second"] = 1000
    content["staging"] = {"type": "local", "path": str(folder / "staging")}
    return content | changes
