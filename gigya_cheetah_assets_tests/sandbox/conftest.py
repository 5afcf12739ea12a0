"""Sandboxes shared by the tests of this folder; those that write accounts start their own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gigya_cheetah_assets.sandbox import Population, Sandbox

# Written by hand: what a search must make of it is clear by looking.
KNOWN: list[dict[str, Any]] = [
    {
        "UID": "u1",
        "createdTimestamp": 1_600_000_000_000,
        "lastUpdatedTimestamp": 1_700_000_000_000,
        "isRegistered": True,
        "isVerified": True,
        "profile": {
            "email": "Ann@Example.org",
            "firstName": "Ann",
            "birthYear": 1980,
            "bio": "likes red_wine and Blue cheese",
            "phones": [{"type": "mobile", "number": "+1"}, {"type": "home", "number": "+2"}],
        },
        "data": {"loyalty": {"tier": "gold", "points": 17, "joined": "2021-03-04"}, "brands": ["north", "coast"]},
        "subscriptions": {
            "newsletter": {"email": {"isSubscribed": True, "lastUpdatedSubscriptionState": "2026-01-02T03:04:05.5Z"}},
            "offers.partner": {"email": {"isSubscribed": True, "doubleOptIn": {"status": "Pending"}}},
        },
    },
    {
        "UID": "u2",
        "createdTimestamp": 1_600_000_000_001,
        "lastUpdatedTimestamp": 1_700_000_000_500,
        "isRegistered": False,
        "profile": {"email": "bob@example.org", "birthYear": "1990"},
        "data": {"loyalty": {"tier": "silver", "points": "17"}, "brands": "north"},
        "subscriptions": {
            "newsletter": {"email": None},
            "offers": {"partner": {"email": {"isSubscribed": False}}},
        },
    },
    {
        "UID": "u3",
        "createdTimestamp": 1_600_000_000_002,
        "lastUpdatedTimestamp": 1_700_000_001_000,
        "isRegistered": True,
        "data": {"loyalty": "none", "brands": []},
    },
    {
        "UID": "u4",
        "createdTimestamp": 1_600_000_000_003,
        "lastUpdatedTimestamp": 1_700_000_001_500,
        "isRegistered": True,
        "profile": {"email": "ann@example.org", "firstName": "Other Ann"},
    },
    {
        "createdTimestamp": 1_600_000_000_004,
        "lastUpdatedTimestamp": 1_700_000_002_000,
        "token": "t5",
        "profile": {"email": "lite@example.org"},
        "subscriptions": {"newsletter": {"email": {"isSubscribed": True}}},
    },
]
START, END = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 11, tzinfo=UTC)


@pytest.fixture(scope="session")
def known_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("known") / "accounts.jsonl"
    path.write_text("\n".join(json.dumps(account) for account in KNOWN) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def known(known_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """The five accounts of `KNOWN`; not to be changed."""
    with Sandbox(tmp_path_factory.mktemp("sandbox"), Population(load=known_file)) as sandbox:
        yield sandbox


@pytest.fixture
def changeable(known_file: Path, tmp_path: Path) -> Iterator[Sandbox]:
    """The five accounts of `KNOWN`, for this test alone."""
    with Sandbox(tmp_path, Population(load=known_file)) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """2,500 invented accounts; not to be changed."""
    with Sandbox(tmp_path_factory.mktemp("crowd"), Population(2500, seed=7, start=START, end=END)) as sandbox:
        yield sandbox
