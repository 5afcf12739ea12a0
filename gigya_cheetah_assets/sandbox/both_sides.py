"""What people of the demo do at CheetahMail while others do things on the site, conflicts included."""

from __future__ import annotations

from dataclasses import dataclass

from gigya_cheetah_assets.sandbox.cheetahmail import CheetahMail
from gigya_cheetah_assets.sandbox.cheetahmail.subscriber import Subscriber
from gigya_cheetah_assets.sandbox.gigya.site import Site

NEWSLETTER, OFFERS = "NEWSLETTER", "PARTNER_OFFERS"
_OPTED_OUT = {"newsletter": {"email": {"isSubscribed": False}}}


@dataclass(frozen=True)
class Expectation:
    """What must be true of a person in the end: on both sides, of one list."""

    uid: str
    column: str
    state: str
    story: str


def act(mail: CheetahMail, site: Site) -> list[Expectation]:
    """Lets people act on both sides; returns what must come of it."""
    accounts = {document["UID"] for document in site.accounts() if document.get("UID")}
    inside = [one for one in mail.some(400, column=NEWSLETTER, state="in") if one.uid in accounts]
    outside = [one for one in mail.some(400, column=NEWSLETTER, state="out") if one.uid in accounts]
    return [
        *_leave(mail, inside[:12]),
        *_complain(mail, inside[12:14]),
        *_join(mail, outside[:5]),
        *_are_imported(mail, outside[5:8]),
        *_say_no_here_and_yes_there(mail, site, inside[14:17]),
        *_edit(mail, site, inside[17:24]),
        *_bounce(mail, inside[24:27]),
    ]


def _leave(mail: CheetahMail, people: list[Subscriber]) -> list[Expectation]:
    for one in people:
        mail.unsubscribe(one, NEWSLETTER)
    return [Expectation(one.uid, NEWSLETTER, "opt_out", "left the newsletter at CheetahMail") for one in people]


def _complain(mail: CheetahMail, people: list[Subscriber]) -> list[Expectation]:
    for one in people:
        mail.unsubscribe(one, NEWSLETTER, reason="a")
    return [Expectation(one.uid, NEWSLETTER, "opt_out", "complained about spam") for one in people]


def _join(mail: CheetahMail, people: list[Subscriber]) -> list[Expectation]:
    for one in people:
        mail.subscribe(one, NEWSLETTER)
    return [Expectation(one.uid, NEWSLETTER, "opt_in", "came back by CheetahMail's web form") for one in people]


def _are_imported(mail: CheetahMail, people: list[Subscriber]) -> list[Expectation]:
    """Somebody imports an old list: that is no consent."""
    for one in people:
        mail.subscribe(one, NEWSLETTER, source="IMPORT")
    return [
        Expectation(one.uid, NEWSLETTER, "opt_out", "was imported as subscribed, without a proof") for one in people
    ]


def _say_no_here_and_yes_there(mail: CheetahMail, site: Site, people: list[Subscriber]) -> list[Expectation]:
    """An opt-out in Gigya and, afterwards, an edit at CheetahMail that still shows the old state."""
    for one in people:
        site.change(one.uid, subscriptions=_OPTED_OUT, through="emailAccount")
        mail.edit(one, NEWSLETTER="1")
    return [
        Expectation(one.uid, NEWSLETTER, "opt_out", "opted out in Gigya while CheetahMail still said yes")
        for one in people
    ]


def _edit(mail: CheetahMail, site: Site, people: list[Subscriber]) -> list[Expectation]:
    """Some edit at CheetahMail only, the last ones on both sides, later in Gigya."""
    for number, one in enumerate(people):
        mail.edit(one, LNAME=f"Changed {number}", ZIP=f"{10000 + number}")
    for number, one in enumerate(people[4:]):
        site.change(one.uid, profile={"zip": f"{20000 + number}"})
    return []


def _bounce(mail: CheetahMail, people: list[Subscriber]) -> list[Expectation]:
    for one in people:
        mail.bounce(one)
    return [Expectation(one.uid, NEWSLETTER, "opt_in", "bounced: no decision of the person") for one in people]
