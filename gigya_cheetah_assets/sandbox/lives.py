"""People whom the demo follows over several acts: what happens to them, and what must come of it on both sides.

lives = Lives.begin(site, mail)     # before a window
found += lives.half_way()           # after CheetahMail has imported it
told = lives.go_on()                # then both directions once more, the deletions too
found += lives.problems()           # when everybody is quiet
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gigya_cheetah_assets.sandbox.cheetahmail import CheetahMail
from gigya_cheetah_assets.sandbox.cheetahmail.subscriber import Subscriber
from gigya_cheetah_assets.sandbox.decisions import decision
from gigya_cheetah_assets.sandbox.gigya.site import Site

NEWSLETTER, OFFERS = "NEWSLETTER", "PARTNER_OFFERS"
# The site asks for a confirmation of this subscription (`Site.double_opt_in`).
_OFFERS_ID = "offers.partner"
_OLD, _NEW = "handed.over@example.org", "moved.away@example.org"
_VISITOR, _LEAVER = "visitor@example.org", "leaver@example.org"


@dataclass
class Lives:
    """The people by their UIDs; `visitor` is the token of a lite account until she registers."""

    site: Site
    mail: CheetahMail
    confirmer: str
    visitor: str
    mover: str
    leaver: str
    heir: str = ""

    @classmethod
    def begin(cls, site: Site, mail: CheetahMail) -> Lives:
        """They join: with a double opt-in that is pending, as a lite account, and two opted in to the newsletter."""
        confirmer = site.add_full(**_registered("confirmer@example.org"))
        site.change(confirmer, subscriptions={_OFFERS_ID: {"email": {"isSubscribed": True}}})
        visitor = site.add({"profile": {"email": _VISITOR}, **decision(NEWSLETTER, yes=True)})
        mover, leaver = (
            site.add_full(**_registered(email), **decision(NEWSLETTER, yes=True)) for email in (_OLD, _LEAVER)
        )
        return cls(site, mail, confirmer, visitor, mover, leaver)

    def half_way(self) -> list[str]:
        """What is wrong while the double opt-in is not confirmed."""
        return [
            "an opt-in that was not confirmed is mailed"
            for one in self._subscribers(self.confirmer)
            if one.lists.get(OFFERS) == "in"
        ]

    def go_on(self) -> list[str]:
        """The next act of each life; what happens, in words."""
        self.site.confirm(self.confirmer, _OFFERS_ID)
        self.visitor = self.site.register(self.visitor)
        self.site.change(self.mover, profile={"email": _NEW})
        self.heir = self.site.add_full(**_registered(_OLD))
        for one in self._subscribers(self.leaver):
            self.mail.edit(one, LNAME="Late")
        self.site.delete(self.leaver)
        return [
            "confirms a double opt-in that was pending",
            "registers, who had a lite account",
            "takes another address, and a new account comes with the old one",
            "deletes her account, while CheetahMail still has a change of hers to tell",
        ]

    def problems(self) -> list[str]:
        """What did not come out as it must."""
        return [text for right, text in self._expected() if not right]

    def _expected(self) -> Iterator[tuple[bool, str]]:
        people = self._subscribers(self.confirmer)
        yield [one.lists.get(OFFERS) for one in people] == ["in"], "a confirmed double opt-in is not mailed"
        people = self._at(_VISITOR)
        yield [one.uid for one in people] == [self.visitor], "who registered is not one subscriber with her UID"
        yield [one.lists.get(NEWSLETTER) for one in people] == ["in"], "who registered lost her opt-in"
        people = self._subscribers(self.mover)
        yield [one.email for one in people] == [_NEW], "who moved is not at her new address alone"
        yield [one.lists.get(NEWSLETTER) for one in people] == ["in"], "who moved lost her opt-in"
        people = self._at(_OLD)
        yield [one.uid for one in people] == [self.heir], "the old address is not its new holder's"
        yield all(one.lists.get(NEWSLETTER) != "in" for one in people), "consent went along with an address"
        people = [*self._subscribers(self.leaver), *self._at(_LEAVER)]
        yield not people, "who deleted her account is a subscriber again"
        yield (
            not any(document.get("UID") == self.leaver for document in self.site.accounts()),
            "a deleted account is back",
        )

    def _subscribers(self, uid: str) -> list[Subscriber]:
        return [one for one in self.mail.subscribers() if one.uid == uid]

    def _at(self, address: str) -> list[Subscriber]:
        return [one for one in self.mail.subscribers() if one.email.lower() == address]


def _registered(email: str) -> dict[str, Any]:
    return {"isRegistered": True, "isVerified": True, "profile": {"email": email, "country": "DE"}}
