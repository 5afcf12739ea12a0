"""The segment `lapsed_gold` of `syncs/sandbox.yaml` in the demo: who moves, what a run counted, a second opinion."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import NamedTuple

from gigya_cheetah_assets.config import Sync, data_folder
from gigya_cheetah_assets.sandbox import second_opinion
from gigya_cheetah_assets.sandbox.cheetahmail import CheetahMail
from gigya_cheetah_assets.sandbox.gigya.site import Document, Site
from gigya_cheetah_assets.segments.summary import MembersSummary, SegmentFileSummary
from gigya_cheetah_assets.store import folders, summary

NAME = "lapsed_gold"
_DAY = 86_400.0


class Told(NamedTuple):
    """What one run counted."""

    members: MembersSummary
    file: SegmentFileSummary


def told(sync: Sync) -> Told:
    """What the newest run of the segment counted."""
    members, file = (
        folders.asset_folder(data_folder(), sync.name, asset, NAME)
        for asset in (folders.SEGMENT_MEMBERS, folders.SEGMENT_FILE)
    )
    return Told(summary.read(members, MembersSummary), summary.read(file, SegmentFileSummary))


def people_move(site: Site, count: int = 5) -> str:
    """Lets members log in or lose their tier, and others become members; returns what they did, in words."""
    members, silver = sorted(lapsed(site)), sorted(lapsed(site, "silver"))
    for uid in members[:count]:
        site.log_in(uid)
    for uid in members[count : 2 * count]:
        site.change(uid, data={"loyalty": {"tier": "silver"}})
    for uid in silver[:count]:
        site.change(uid, data={"loyalty": {"tier": "gold"}})
    return f"{count} lapsed gold members log in, {count} lose their tier, {count} of silver become gold"


def lapsed(site: Site, tier: str = "gold", *, days: float = 90) -> set[str]:
    """UIDs of whom the segment's filter holds, by plain Python; of another tier if it is given."""
    limit = (time.time() - days * _DAY) * 1000
    return {
        str(document["UID"])
        for document in _registered(site)
        if document.get("lastLoginTimestamp", limit) < limit
        and second_opinion.at(document, "data", "loyalty", "tier") == tier
    }


def disagreements(site: Site, mail: CheetahMail) -> list[str]:
    """Where CheetahMail's segment is not the site's, by address, since accounts may share one; a line each."""
    emails = {str(doc["UID"]): str(doc["profile"]["email"]).lower() for doc in _registered(site)}
    known = {subscriber.email.lower() for subscriber in mail.subscribers()}
    ours = {emails[uid] for uid in lapsed(site)} & known
    theirs = {subscriber.email.lower() for subscriber in mail.list.segment(NAME)}
    lines = {"is a member and not told": len(ours - theirs), "is told and no member": len(theirs - ours)}
    return [f"segment {NAME}: {count} accounts: {what}" for what, count in lines.items() if count]


def _registered(site: Site) -> Iterator[Document]:
    """Accounts that can be told to CheetahMail."""
    return (
        document
        for document in site.accounts()
        if document.get("UID") and document.get("isRegistered") and second_opinion.row(document) is not None
    )
