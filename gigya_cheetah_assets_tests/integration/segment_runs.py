"""The segment job on a sandbox: runs, what they left, and what people of the site do in between."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable
from typing import Any

import dagster as dg

from gigya_cheetah_assets.ledger import Ledger, SegmentState
from gigya_cheetah_assets.sandbox import Sandbox, second_opinion, segment_story
from gigya_cheetah_assets.segments.summary import MembersSummary, SegmentFileSummary
from gigya_cheetah_assets.store import folders, summary
from gigya_cheetah_assets_tests.integration.runs import QUIET, Runs

GOLD = 'data.loyalty.tier = "gold"'
LAPSED = "lastLoginTimestamp < {now-90d}"
NEWS = "subscriptions.newsletter.email.isSubscribed = true"
NAME = "lapsed_gold"
SEGMENT: dict[str, Any] = {
    "name": NAME,
    "where": f"{GOLD} AND {LAPSED}",
    "file": {"name": "{segment}_{as_of}.csv", "reason_column": True},
}


def run(segments: Runs, name: str = NAME, *, assets: str | None = None) -> dg.ExecuteInProcessResult:
    """The whole job for one segment, or one asset of it."""
    job = segments.definitions.resolve_job_def("sandbox_segments")
    return job.execute_in_process(
        partition_key=name,
        instance=segments.instance,
        run_config=QUIET,
        raise_on_error=False,
        asset_selection=None if assets is None else [dg.AssetKey(["sandbox", assets])],
    )


def found(segments: Runs, name: str = NAME) -> MembersSummary:
    folder = folders.asset_folder(segments.folder / "data", "sandbox", folders.SEGMENT_MEMBERS, name)
    return summary.read(folder, MembersSummary)


def delivered(segments: Runs, name: str = NAME) -> SegmentFileSummary:
    folder = folders.asset_folder(segments.folder / "data", "sandbox", folders.SEGMENT_FILE, name)
    return summary.read(folder, SegmentFileSummary)


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(gzip.decompress(content).decode())))


def last_file(segments: Runs, name: str = NAME) -> list[dict[str, str]]:
    """The rows of the last delivery."""
    (file,) = [file.name for file in delivered(segments, name).files]
    return rows(segments.files()[file])


def told(segments: Runs) -> dict[str, tuple[str, str]]:
    """By UID action and reason, as the last delivery told."""
    return {row["GIGYA_UID"]: (row["ACTION"], row["REASON"]) for row in last_file(segments)}


def replayed(files: dict[str, bytes]) -> set[str]:
    """Whom CheetahMail has in the segment after it imported all these files."""
    inside: set[str] = set()
    for name in sorted(name for name in files if name.startswith(NAME)):
        for row in rows(files[name]):
            (inside.add if row["ACTION"] == "J" else inside.discard)(row["GIGYA_UID"])
    return inside


def members(name: str = NAME) -> set[str]:
    """The members by the ledger."""
    with Ledger.open() as ledger:
        return {uid for table in SegmentState(ledger, "sandbox", name).members() for uid in table["uid"].to_pylist()}


def lapsed(site: Sandbox, tier: str = "gold") -> list[str]:
    """Of whom the filter holds, by plain Python; of another tier if it is given."""
    return sorted(segment_story.lapsed(site.site, tier))


def registered(site: Sandbox) -> Iterable[dict[str, Any]]:
    """Accounts that may be told to CheetahMail."""
    everybody = (doc for doc in site.site.accounts() if doc.get("UID") and doc.get("isRegistered"))
    return (doc for doc in everybody if second_opinion.row(doc) is not None)


def tier_of(document: dict[str, Any]) -> object:
    return second_opinion.at(document, "data", "loyalty", "tier")


def set_tier(site: Sandbox, uid: str, tier: str) -> None:
    site.site.change(uid, data={"loyalty": {"tier": tier}})
