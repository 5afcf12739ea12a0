"""Programs that some tests need beside Python."""

from __future__ import annotations

import os
import shutil

import pytest

_PLACES = os.pathsep.join(
    (os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin", "/usr/lib/openssh", "/usr/libexec/openssh")
)


def require_program(name: str, package: str) -> str:
    """The program's path; without it the test is skipped, but fails where CI=true."""
    found = shutil.which(name, path=_PLACES)
    if found is None:
        reason = f"{name} is not installed (Debian: apt-get install {package})"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found
