"""What holds for every test: no telemetry, no proxy of this machine, no deadline on the examples of a property, and
what a module leaves behind goes."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

# Before dagster is imported anywhere.
os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"

# A busy machine makes an example slow now and then; speed is measured in benchmarks, not here.
settings.register_profile("default", deadline=None)
settings.load_profile("default")


@pytest.fixture(autouse=True, scope="module")
def _no_litter() -> Iterator[None]:
    """At the product's pace of the collector Dagster's definitions, full of cycles, would stay until the end."""
    yield
    gc.collect()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
