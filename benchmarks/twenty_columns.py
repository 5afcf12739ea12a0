"""The job that all peers do: 20 columns of each account, subscriptions included, into one csv.gz.

The columns stand here once; each peer maps them in its own way.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

ACCOUNT_PATHS = (
    "UID", "lastUpdatedTimestamp", "isVerified", "registered",
    "profile.email", "profile.firstName", "profile.lastName", "profile.gender", "profile.birthYear",
    "profile.birthMonth", "profile.birthDay", "profile.country", "profile.city", "profile.zip", "profile.locale",
    "data.loyalty.tier", "data.loyalty.points", "data.brands", "data.externalIds.crm", "data.optInSource",
)  # fmt: skip
EMAIL_ACCOUNT_PATHS = ("UID", "email", "lastUpdatedTimestamp", "hasFullAccount", "subscriptions.newsletter.email")
TIERS = {"gold": "G", "silver": "S", "bronze": "B"}
GENDERS = {"m": "M", "f": "F"}
COLUMNS = (
    "GIGYA_UID", "EMAIL", "FNAME", "LNAME", "GENDER", "BIRTHDATE", "COUNTRY", "CITY", "ZIP", "LANGUAGE", "TIER",
    "POINTS", "BRANDS", "CRM_ID", "OPTIN_PLACE", "VERIFIED", "REGISTERED", "EMAIL_LOWER", "NEWSLETTER", "SOURCE",
)  # fmt: skip
FIELDS: list[dict[str, Any]] = [
    {"cheetahmail": "GIGYA_UID", "gigya": "UID", "key": True},
    {"cheetahmail": "EMAIL", "gigya": "profile.email", "type": "email", "required": True},
    {"cheetahmail": "FNAME", "gigya": "profile.firstName"},
    {"cheetahmail": "LNAME", "gigya": "profile.lastName"},
    {"cheetahmail": "GENDER", "gigya": "profile.gender", "values": GENDERS, "default": "U"},
    {
        "cheetahmail": "BIRTHDATE",
        "gigya": ["profile.birthYear", "profile.birthMonth", "profile.birthDay"],
        "type": "date",
        "format": "%m/%d/%Y",
    },
    {"cheetahmail": "COUNTRY", "gigya": "profile.country", "case": "upper"},
    {"cheetahmail": "CITY", "gigya": "profile.city"},
    {"cheetahmail": "ZIP", "gigya": "profile.zip"},
    {"cheetahmail": "LANGUAGE", "gigya": "profile.locale"},
    {"cheetahmail": "TIER", "gigya": "data.loyalty.tier", "values": TIERS, "default": "N"},
    {"cheetahmail": "POINTS", "gigya": "data.loyalty.points", "type": "integer", "default": "0"},
    {"cheetahmail": "BRANDS", "gigya": "data.brands", "join": "|"},
    {"cheetahmail": "CRM_ID", "gigya": "data.externalIds.crm"},
    {"cheetahmail": "OPTIN_PLACE", "gigya": "data.optInSource"},
    {"cheetahmail": "VERIFIED", "gigya": "isVerified", "type": "boolean", "values": {"true": "Y", "false": "N"}},
    {"cheetahmail": "REGISTERED", "gigya": "registered", "type": "datetime"},
    {"cheetahmail": "EMAIL_LOWER", "gigya": "profile.email", "case": "lower"},
    {
        "cheetahmail": "NEWSLETTER",
        "gigya": "subscriptions.newsletter.email",
        "type": "subscription",
        "values": {"opt_in": "1", "opt_out": "0"},
    },
    {"cheetahmail": "SOURCE", "constant": "GIGYA"},
]
INBOUND_FILES = {"defaults": {"time_zone": "UTC"}, "profiles": {"pattern": "demo_*", "changed_at": "DATE_CHANGED"}}


def write_sync(folder: Path, *, http_port: int, outbox: Path, page_size: int, every: str, start: datetime) -> None:
    """Writes the sync file of our side: the same site, a local outbox, no ceiling on the rate."""
    folder.mkdir(parents=True, exist_ok=True)
    content = sync_content(http_port=http_port, outbox=outbox, page_size=page_size, every=every, start=start)
    (folder / "bench.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")


def sync_content(
    *, http_port: int, outbox: Path, page_size: int = 1000, every: str = "day", start: datetime | None = None
) -> dict[str, Any]:
    """The keys of that sync file."""
    return {
        "name": "bench",
        "gigya": {
            "api_domain": f"127.0.0.1:{http_port}",
            "scheme": "http",
            "api_key": {"env": "SANDBOX_GIGYA_API_KEY"},
            "auth": {
                "type": "user_key",
                "user_key": {"env": "SANDBOX_GIGYA_USER_KEY"},
                "secret": {"env": "SANDBOX_GIGYA_SECRET"},
            },
            "requests_per_second": 10000,
            "page_size": page_size,
        },
        "windows": {"every": every, "start": (start or datetime(2026, 1, 1, tzinfo=UTC)).isoformat()},
        "staging": {"type": "local", "path": str(outbox)},
        "import_files": {
            "defaults": {"compression": "gzip"},
            "unsubscribes": {"name": "unsubs_{window}.csv"},
            "address_changes": {"name": "coa_{window}.csv"},
            "profiles": {"name": "profiles_{window}.csv"},
            "subscribes": {"name": "subs_{window}.csv"},
        },
        "fields": FIELDS,
        "limits": {
            "max_reject_share": 1.0,
            "max_volume_drop": 1.0,
            "max_opt_out_share": 1.0,
            "max_opt_in_share": 1.0,
        },
    }
