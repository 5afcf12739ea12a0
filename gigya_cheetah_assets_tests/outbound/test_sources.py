from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import yaml

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.gigya import GigyaClient
from gigya_cheetah_assets.outbound.by_key import ByKey
from gigya_cheetah_assets.outbound.scan import Scanned
from gigya_cheetah_assets.outbound.sources import Sources
from gigya_cheetah_assets.outbound.spool import Spool
from gigya_cheetah_assets.outbound.window import window_of
from gigya_cheetah_assets.sandbox import credentials
from gigya_cheetah_assets_tests.mapping.tables import accounts, emails, table

NEWS = {"cheetahmail": "NEWS", "gigya": "subscriptions.news.email", "type": "subscription"}
UPDATED = 1_772_400_000_000
FILE = Path(__file__).parents[2] / "syncs" / "sandbox.yaml"
ENVIRON = {
    "SANDBOX_GIGYA_API_KEY": credentials.API_KEY,
    "SANDBOX_GIGYA_USER_KEY": credentials.USER_KEY,
    "SANDBOX_GIGYA_SECRET": credentials.SECRET,
}


def spooled(folder: Path, name: str, records: pa.Table, parts: int) -> Scanned:
    spool = Spool(folder, name, records.schema, key="UID", parts=parts)
    spool.add(records)
    return Scanned(f"SELECT {name}", spool, 0)


def test_a_part_that_was_joined_does_not_stay_in_memory(tmp_path: Path) -> None:
    fields, people, parts = table(NEWS), 4_000, 16
    uids = [f"{n:064d}" for n in range(people)]
    news = {"subscriptions": {"news": {"email": {"isSubscribed": True}}}}
    known = [{"UID": uid, "lastUpdatedTimestamp": UPDATED, "profile": {"email": f"{uid}@example.org"}} for uid in uids]
    subscribed = [{**one, **news, "hasFullAccount": True} for one in known]
    scanned = {
        "accounts": spooled(tmp_path, "accounts", accounts(fields, *known), parts),
        "emailAccounts": spooled(tmp_path, "emailAccounts", emails(fields, *subscribed), parts),
    }
    sync = Sync.model_validate(yaml.safe_load(FILE.read_text(encoding="utf-8")))
    window = window_of(sync.windows, f"{datetime.fromtimestamp(UPDATED / 1000, UTC):%Y-%m-%d}", now=datetime.now(UTC))
    with GigyaClient(sync.gigya, environ=ENVIRON) as client:
        sources = Sources(sync, fields, [window], ByKey(client, sync, fields))
        before, rows, held = pa.total_allocated_bytes(), 0, []
        for part in sources.profiles(scanned):
            rows += len(part)
            held.append(pa.total_allocated_bytes() - before)
    assert rows == people
    assert len(held) == parts
    assert max(held[-4:]) < 1.5 * max(held[:4])
