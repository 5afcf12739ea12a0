"""What can happen to a subscriber, whoever does it, and which feed row each change makes.

People, the API and the import all come through here, so that the list and its feeds tell the same story.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from gigya_cheetah_assets.sandbox.cheetahmail import lists
from gigya_cheetah_assets.sandbox.cheetahmail.lists import AID, LIST_IDS, LISTS
from gigya_cheetah_assets.sandbox.cheetahmail.subscriber import MASTER, Membership, Subscriber
from gigya_cheetah_assets.sandbox.cheetahmail.subscribers import SubscriberList

ZONE = ZoneInfo("America/New_York")
# Mail that came back so often for good ends the subscription; the real threshold is not public.
PERSISTENT_BOUNCES = 3
_EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\".]+(?:\.[^@\s,;<>\".]+)+")


def stamp(at: float) -> str:
    """The feeds' way to write a moment: 14 digits of New York's clock, no zone."""
    return f"{datetime.fromtimestamp(at, UTC).astimezone(ZONE):%Y%m%d%H%M%S}"


def is_address(email: str) -> bool:
    """Whether CheetahMail takes it for an e-mail address."""
    return len(email) <= 254 and _EMAIL.fullmatch(email.strip()) is not None


class Acts:
    """Changes to the list of one account.

    Args:
        subscribers: The list.
        clock: The time now, seconds since 1970.
    """

    def __init__(self, subscribers: SubscriberList, clock: Callable[[], float]) -> None:
        self.list = subscribers
        self._clock = clock

    def unsubscribe(self, person: Subscriber, column: str, *, reason: str = lists.WEB) -> None:
        """Somebody leaves a list, or all by the master list or a complaint (`a`); who complains is blocked."""
        with self.list.changing():
            everything = column == MASTER or reason == lists.ABUSE
            for name in [*LISTS, MASTER] if everything else [column]:
                known = self.list.membership(person.key, name)
                left = self.leave(person.key, name, reason=reason)
                if left and (known is not None or name in (column, MASTER)):
                    self._tell_left(person, name, reason)
            if reason == lists.ABUSE:
                self.list.set_blocked(person.key, blocked=True)

    def subscribe(self, person: Subscriber, column: str, *, source: str = "WEB") -> None:
        """The person joins a list by a web form, or somebody subscribes them (`IMPORT`): not those who complained."""
        with self.list.changing():
            if source == "WEB":
                self.list.set_blocked(person.key, blocked=False)
            if not self.list.is_blocked(person.key) and self.join(person.key, column, source=source):
                self._tell_joined(person, column, source)

    def sign_up(self, email: str, column: str, **fields: str) -> Subscriber:
        """Somebody whom Gigya need not know subscribes by the web form; fields are added, none is emptied."""
        with self.list.changing():
            key = self.list.key_of(email, fields.get("GIGYA_UID", ""))
            self.list.put(key, email, {"EMAIL": email, **fields})
            self.welcome(key, source="WEB")
            person = self._known(key)
            self.subscribe(person, column)
        return person

    def edit(self, person: Subscriber, **fields: str) -> None:
        """The person changes fields on the preference page."""
        with self.list.changing():
            self.list.put(person.key, person.email, fields)
            self._tell_changed(person, fields)

    def change_address(self, person: Subscriber, new: str) -> None:
        """The person changes the address at CheetahMail; a blocked one is not taken."""
        with self.list.changing():
            if not self.move(person.email, new, person.uid):
                self.tell_moved(person.email, new, person.uid)

    def bounce(self, person: Subscriber, code: str = "H") -> None:
        """A mail came back: for good (`H`) or for now (`S`). The third one for good ends the subscriptions."""
        now = self._clock()
        with self.list.changing():
            row = {"email": person.email, "GIGYA_UID": person.uid, "TIMESTAMP": stamp(now), "RESULTCODE": code}
            self.list.note_event("bounces", row)
            known = self.list.find(person.key)
            times = (known.bounces if known else 0) + (code == "H")
            self.list.set_bounces(person.key, times)
            if times < PERSISTENT_BOUNCES:
                return
            for name in LISTS:
                found = self.list.membership(person.key, name)
                if found is not None and found.state == "in":
                    self.leave(person.key, name, reason=lists.BOUNCES)
                    self._tell_left(person, name, lists.BOUNCES)

    def click(self, person: Subscriber, mailing: str = "Weekly") -> None:
        """The person clicks a link: they are there, nothing else."""
        with self.list.changing():
            self.list.set_bounces(person.key, 0)
            row = {"EVENT_TYPE": "C", "TIMESTAMP": stamp(self._clock()), "USERID": person.key}
            self.list.note_event("data", {**row, "EMAIL": person.email, "MAILING_NAME": mailing})

    # What the loader does too; each tells what it did and writes no feed row.

    def leave(self, key: str, name: str, *, reason: str) -> bool:
        """Takes an address off a list; whether that changed anything."""
        known = self.list.membership(key, name)
        if known is not None and known.state == "out":
            return False
        source, joined = (known.source, known.joined) if known else ("", None)
        self.list.set_membership(key, name, Membership("out", self._clock(), reason, source, joined))
        return True

    def join(self, key: str, name: str, *, source: str) -> bool:
        """Puts an address on a list, and on the master list; whether that changed anything."""
        now = self._clock()
        changed = False
        for each in (MASTER, name):
            known = self.list.membership(key, each)
            if known is None or known.state == "out":
                self.list.set_membership(key, each, Membership("in", now, "", source, now))
                changed = each == name
        return changed

    def suppress(self, key: str) -> list[str]:
        """Forgets a subscriber and takes the address off all lists; returns those that it was on."""
        with self.list.changing():
            self.list.remove(key)
            there = {name: self.list.membership(key, name) for name in (*LISTS, MASTER)}
            for name in there:
                self.leave(key, name, reason=lists.ADMIN)
        return [name for name, known in there.items() if known is not None and known.state == "in"]

    def welcome(self, key: str, *, source: str) -> None:
        """Puts a new subscriber on the master list; one who left it stays away."""
        if self.list.membership(key, MASTER) is None:
            now = self._clock()
            self.list.set_membership(key, MASTER, Membership("in", now, "", source, now))

    def move(self, old: str, new: str, uid: str) -> str:
        """Gives a subscriber a new address; why that was not possible, or nothing.

        Where somebody has the new address already, the one who moves takes it over, and on each list `out` wins.
        """
        if not is_address(new):
            return "err:newemail:illegal"
        before, after = self.list.key_of(old, uid), self.list.key_of(new, uid)
        known = self.list.find(before)
        if known is None:
            return "err:email:noexist"
        if before != after and self.list.is_blocked(after):
            return "err:newemail:blocked"
        with self.list.changing():
            if before != after:
                self.list.move_memberships(before, after)
                self.list.remove(before)
            self.list.put(after, new, {**known.fields, "EMAIL": new})
        return ""

    def tell_joined(self, key: str, name: str, source: str) -> None:
        """The subscriptions feed hears of somebody whom a file or the API subscribed."""
        self._tell_joined(self._known(key), name, source)

    def tell_left(self, key: str, name: str, reason: str) -> None:
        """The unsubscriptions feed hears of somebody whom a file or the API took off a list."""
        self._tell_left(self._known(key), name, reason)

    def tell_changed(self, key: str, fields: dict[str, str]) -> None:
        """The demographic feed hears of fields that a file or the API changed."""
        self._tell_changed(self._known(key), fields)

    def tell_moved(self, old: str, new: str, uid: str) -> None:
        """The change-of-address feed hears of a new address."""
        row = {"email_from": old, "email_to": new, "GIGYA_UID": uid}
        self.list.note_event("coa", {**row, "date_changed": stamp(self._clock())})

    def _known(self, key: str) -> Subscriber:
        return self.list.find(key) or Subscriber(key, key if self.list.key == "email" else "")

    def _tell_joined(self, person: Subscriber, name: str, source: str) -> None:
        row = {"aid": AID, "pid": LIST_IDS[name], "email": person.email, "GIGYA_UID": person.uid}
        self.list.note_event("subs", {**row, "DATE_SUB": stamp(self._clock()), "SOURCE": source})

    def _tell_left(self, person: Subscriber, name: str, reason: str) -> None:
        known = self.list.membership(person.key, name)
        joined = stamp(known.joined) if known and known.joined else ""
        row = {"aid": AID, "pid": LIST_IDS[name], "reason": reason, "email": person.email, "GIGYA_UID": person.uid}
        self.list.note_event("unsubs", {**row, "DATE_UNSUB": stamp(self._clock()), "DATE_SUB": joined})

    def _tell_changed(self, person: Subscriber, fields: dict[str, str]) -> None:
        row = {"email": person.email, "date_changed": stamp(self._clock()), "GIGYA_UID": person.uid}
        self.list.note_event("demo", {**row, **{name: text for name, text in fields.items() if name not in _TOLD}})


_TOLD = ("EMAIL", "GIGYA_UID")
