"""The same keys for all tests here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gigya_cheetah_assets_tests.pgp.people_keys import Gpg, everybody


@pytest.fixture(scope="package")
def gpg() -> Iterator[Gpg]:
    with everybody() as found:
        yield found


@pytest.fixture
def keys(gpg: Gpg, monkeypatch: pytest.MonkeyPatch) -> Gpg:
    """The keys in the environment, as OUR_KEY, OUR_PHRASE, and the public key of each under its name."""
    monkeypatch.setenv("OUR_KEY", gpg.secret("us", "open"))
    monkeypatch.setenv("OUR_PHRASE", "open")
    for name in gpg.fingerprints:
        monkeypatch.setenv(name.upper(), gpg.public(name))
    return gpg
