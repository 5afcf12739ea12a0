"""What is set up in the sandbox's CheetahMail account: its id, its lists, the letters of its feeds."""

from __future__ import annotations

from gigya_cheetah_assets.sandbox.cheetahmail.subscriber import MASTER

AID = "2092000001"
LISTS = {
    "NEWSLETTER": "2098000001",
    "PARTNER_OFFERS": "2098000002",
    "MAGAZINE": "2098000003",
    "SURVEYS": "2098000004",
    "CATALOGUE": "2098000005",
}
"""CheetahMail's list ids, by the column of the field table that stands for each."""
LIST_IDS = {**LISTS, MASTER: "0"}
NAMES = {number: name for name, number in LIST_IDS.items()}

ABUSE, WEB, MAIL, REPLY, BOUNCES, ADMIN, API, BULK = "a", "w", "e", "r", "b", "d", "i", "k"
"""Why somebody left a list: complaint, link, mail, reply, bounces, an administrator, the API, a file."""
