"""Random histories: people act on both sides for some turns, while runs are killed and files come late, twice and out
of order; then everybody is quiet, and the result is held against what the people wanted.

Each person of a world is a history of its own, so that one world of some hundred people plays as many of them.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from gigya_cheetah_assets.config import Sync
from gigya_cheetah_assets.inbound.inbox import look
from gigya_cheetah_assets.outbound.window import last_ended
from gigya_cheetah_assets.sandbox import Population, Sandbox, second_opinion
from gigya_cheetah_assets.sandbox.agreement import compare_sides
from gigya_cheetah_assets.sandbox.cheetahmail import CheetahMail, Setup
from gigya_cheetah_assets.sandbox.cheetahmail.feed_faults import FeedFaults
from gigya_cheetah_assets.sandbox.cheetahmail.subscriber import Subscriber
from gigya_cheetah_assets.sandbox.decisions import UNDATED, decision
from gigya_cheetah_assets.sandbox.gigya.edits import channel_of
from gigya_cheetah_assets.sandbox.second_opinion import LISTS
from gigya_cheetah_assets.staging import open_staging
from gigya_cheetah_assets_tests.integration.sync_content import sync_content

SIGKILLED = -9
# Events of a run at which it may be killed; a later number lets a short run end undisturbed.
_KILL_WITHIN = 60
_QUIET_ROUNDS = 6
_NEWSLETTER_ID = "newsletter"
# The site asks for a confirmation of this subscription.
_OFFERS_ID = "offers.partner"
_START, _END = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, 23, tzinfo=UTC)
_FIRST = "2026-03-01"


@dataclass(frozen=True)
class Plan:
    """What a world is made of.

    Attributes:
        seed: The same seed plays the same histories.
        people: How many accounts, each a history.
        turns: How often people act before they are quiet.
        acts: Share of the people who do something on a side in a turn.
        kills: Share of runs that are killed and run again.
    """

    seed: int
    people: int = 300
    turns: int = 3
    acts: float = 0.4
    kills: float = 0.3


@dataclass(frozen=True)
class Decision:
    """What somebody said of a list: yes or no, where and in which turn; `again` if the side had the same already."""

    says: str
    where: str
    turn: int
    again: bool = False


class Courier:
    """The way of CheetahMail's files to the inbox: they lie here until a turn takes them along."""

    def __init__(self) -> None:
        self.waiting: list[tuple[str, bytes]] = []
        self.sent: list[tuple[str, bytes]] = []

    def write(self, name: str, content: bytes, faults: FeedFaults) -> None:
        """Keeps a file back."""
        self.waiting.append((name, content))

    def carry(self, dice: random.Random, inbox: Path, *, everything: bool) -> None:
        """Brings some or all files, in any order; now and then one again, under its own or another name."""
        dice.shuffle(self.waiting)
        count = len(self.waiting) if everything else dice.randint(0, len(self.waiting))
        now, self.waiting = self.waiting[:count], self.waiting[count:]
        again = [dice.choice(self.sent)] if self.sent and dice.random() < 0.5 else []
        again += [(name.replace("_", "_again_", 1), content) for name, content in again if dice.random() < 0.5]
        for name, content in [*now, *again]:
            (inbox / name).write_bytes(content)
        self.sent += now


@dataclass
class World:
    """One site, one list, one sync; made by `playing`."""

    plan: Plan
    folder: Path
    sandbox: Sandbox
    sync: Sync
    mail: CheetahMail
    courier: Courier
    environ: dict[str, str]
    process: subprocess.Popen[str]
    dice: random.Random
    said: dict[tuple[str, str], list[Decision]] = field(default_factory=dict)
    bounced: set[tuple[str, str]] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    suppressed: set[str] = field(default_factory=set)
    killed: int = 0
    done: Counter[str] = field(default_factory=Counter)
    _cursor: str | None = None
    _turn: int = 0

    def play(self) -> None:
        """All turns, then quiet."""
        self._run("sandbox_outbound", _FIRST)
        self.mail.import_now()
        for turn in range(self.plan.turns):
            self._turn = turn
            self._people_act()
            self._systems_work(everything=False)
        self.rounds(_QUIET_ROUNDS)

    def rounds(self, count: int) -> None:
        """So often both directions run, while nobody does anything."""
        for _ in range(count):
            self._systems_work(everything=True)

    def problems(self) -> list[str]:
        """What should not be: an opt-out that was undone, an opt-in that was lost, sides that disagree."""
        subscribers = self.mail.subscribers()
        found = list(compare_sides(self.sandbox.site, subscribers, self.suppressed).found)
        accounts = {document["UID"]: document for document in self.sandbox.site.accounts() if document.get("UID")}
        listed: dict[str, list[Subscriber]] = {}
        for one in subscribers:
            listed.setdefault(one.uid, []).append(one)
        found += [f"{uid}: deleted, and a subscriber" for uid in sorted(self.deleted & listed.keys())]
        for (uid, column), decisions in self.said.items():
            if uid in self.deleted:
                continue
            gigya = second_opinion.state(accounts[uid], column)
            mailed = any(one.lists.get(column) == "in" for one in listed.get(uid, []))
            story = ", ".join(f"{one.says} in {one.where}" for one in decisions)
            if decisions[-1].says == "no" and (gigya == "opt_in" or mailed):
                found.append(f"{uid} {column}: {story}; but Gigya has {gigya} and mailed is {mailed}")
            blocked = any(one.blocked for one in listed.get(uid, [])) or (uid, column) in self.bounced
            # In one turn all is said in the same second, and the feeds know nothing finer: then a no stands.
            # Of a plain field nobody knows when it was said, so that a no of CheetahMail's stands too.
            together = any(one.says == "no" and one.turn == decisions[-1].turn for one in decisions)
            # A second yes is told by its time alone, which soon after our own writing is taken for that of our writing.
            doubtful = together or column in UNDATED or decisions[-1].again
            if decisions[-1].says == "yes" and gigya != "opt_in" and not blocked and not doubtful:
                found.append(f"{uid} {column}: {story}; but Gigya has {gigya}")
        return found

    # What people do.

    def _people_act(self) -> None:
        site_acts = {
            "out": self._out, "in": self._in, "ask": self._ask, "confirm": self._confirm, "edit": self._edit,
            "move": self._move, "log in": self._login, "delete": self._delete,
        }  # fmt: skip
        mail_acts = {
            "leave": self._leave, "complain": self._complain, "join": self._join, "import": self._imported,
            "page": self._page, "bounce": self._bounce,
        }  # fmt: skip
        people = self._people()
        for uid in people:
            if self.dice.random() < self.plan.acts:
                self._choose(site_acts, [27, 22, 8, 10, 12, 13, 13, 3])(uid, self.dice.choice(list(LISTS)))
        for one in self.mail.subscribers():
            if one.uid in people and self.dice.random() < self.plan.acts:
                column = self.dice.choice(list(LISTS))
                self._choose(mail_acts, [30, 5, 25, 15, 15, 10])(one, column)

    def _people(self) -> set[str]:
        """Registered accounts with an address of their own; dice draw from them in the site's order."""
        everybody = [document for document in self.sandbox.site.accounts() if document.get("UID")]
        shared = Counter(second_opinion.address(one) for one in everybody)
        return {
            one["UID"]: None
            for one in everybody
            if one.get("isRegistered") and second_opinion.row(one) and shared[second_opinion.address(one)] == 1
        }.keys()  # type: ignore[return-value] - ordered, which a set is not

    def _choose(self, acts: dict[str, Callable[..., None]], weights: list[int]) -> Callable[..., None]:
        [name] = self.dice.choices(list(acts), weights)
        self.done[name] += 1
        return acts[name]

    def _say(self, uid: str, column: str, says: str, where: str, *, again: bool = False) -> None:
        self.said.setdefault((uid, column), []).append(Decision(says, where, self._turn, again))

    def _out(self, uid: str, column: str) -> None:
        # The one-click unsubscribe moves the time of the e-mail account alone.
        through = "emailAccount" if column in ("NEWSLETTER", "PARTNER_OFFERS") else "account"
        before = self._trace(uid, column)
        self.sandbox.site.change(uid, **decision(column, yes=False), through=through)
        self._say_if_traced(uid, column, "no", before)

    def _in(self, uid: str, column: str) -> None:
        before = self._trace(uid, column)
        self.sandbox.site.change(uid, **decision(column, yes=True))
        self._say_if_traced(uid, column, "yes", before)

    def _trace(self, uid: str, column: str) -> tuple[object, ...]:
        """What Gigya has of decisions: the state of one, and the times of all."""
        account = self.sandbox.site.account(uid)
        leaves = [channel_of(account, subscription) or {} for subscription in (_NEWSLETTER_ID, _OFFERS_ID)]
        times = [leaf.get("lastUpdatedSubscriptionState") for leaf in leaves]
        return second_opinion.state(account, column), times, account.get("communications"), account.get("preferences")

    def _say_if_traced(self, uid: str, column: str, says: str, before: tuple[object, ...]) -> None:
        """A yes to a yes may leave Gigya as it was: nothing tells it from silence, so it was not said."""
        after = self._trace(uid, column)
        if after != before:
            self._say(uid, column, says, "Gigya", again=after[0] == before[0])

    def _ask(self, uid: str, column: str) -> None:
        """Asks for the offers: no opt-in until it is confirmed."""
        if second_opinion.state(self.sandbox.site.account(uid), "PARTNER_OFFERS") in ("", "opt_out"):
            self.sandbox.site.change(uid, subscriptions={_OFFERS_ID: {"email": {"isSubscribed": True}}})

    def _confirm(self, uid: str, column: str) -> None:
        leaf = channel_of(self.sandbox.site.account(uid), _OFFERS_ID) or {}
        if leaf.get("isSubscribed") and (leaf.get("doubleOptIn") or {}).get("status") == "Pending":
            self.sandbox.site.confirm(uid, _OFFERS_ID)
            self._say(uid, "PARTNER_OFFERS", "yes", "Gigya, confirmed")

    def _delete(self, uid: str, column: str) -> None:
        self.suppressed.add(second_opinion.address(self.sandbox.site.account(uid)))
        self.sandbox.site.delete(uid)
        self.deleted.add(uid)

    def _edit(self, uid: str, column: str) -> None:
        self.sandbox.site.change(uid, profile={"zip": f"{self.dice.randrange(10000, 99999)}"})

    def _move(self, uid: str, column: str) -> None:
        self.sandbox.site.change(uid, profile={"email": f"moved-{self.dice.getrandbits(40):010x}@example.org"})

    def _login(self, uid: str, column: str) -> None:
        self.sandbox.site.change(uid, data={"visits": self.dice.randrange(1000)})

    def _leave(self, one: Subscriber, column: str) -> None:
        if one.lists.get(column) == "in":
            self.mail.unsubscribe(one, column)
            self._say(one.uid, column, "no", "CheetahMail")

    def _complain(self, one: Subscriber, column: str) -> None:
        # Who is on no list gets no mail to complain about, and no feed of unsubscribes could tell of it.
        if "in" not in one.lists.values():
            return
        # A complaint is about all that we mail, whatever the list.
        for name in LISTS:
            self._say(one.uid, name, "no", "CheetahMail, as a complaint")
        self.mail.unsubscribe(one, column, reason="a")

    def _join(self, one: Subscriber, column: str) -> None:
        if one.lists.get(column) != "in":
            self.mail.subscribe(one, column)
            self._say(one.uid, column, "yes", "CheetahMail")

    def _imported(self, one: Subscriber, column: str) -> None:
        self.mail.subscribe(one, column, source="IMPORT")

    def _page(self, one: Subscriber, column: str) -> None:
        self.mail.edit(one, LNAME=f"Name {self.dice.randrange(1000)}")

    def _bounce(self, one: Subscriber, column: str) -> None:
        self.mail.bounce(one)
        self.bounced.update((one.uid, name) for name in LISTS)

    # What the systems do.

    def _systems_work(self, *, everything: bool) -> None:
        steps = [self._export, self._tell_deleted, self._import, self._extract]
        if not everything:
            self.dice.shuffle(steps)
        for step in steps:
            step()
        self.courier.carry(self.dice, self._inbox, everything=everything)
        for partition in self._arrived():
            self._run("sandbox_inbound", partition)

    def _export(self) -> None:
        self._run("sandbox_outbound", last_ended(self.sync.windows, datetime.now(UTC)) or "")

    def _tell_deleted(self) -> None:
        self._run("sandbox_deletions", last_ended(self.sync.windows, datetime.now(UTC)) or "")

    def _import(self) -> None:
        self.mail.import_now()

    def _extract(self) -> None:
        self.mail.drop()

    @property
    def _inbox(self) -> Path:
        return self.folder / "staging" / "fromcheetah"

    def _arrived(self) -> Iterator[str]:
        files, now = self.sync.inbound_files, datetime.now(UTC)
        assert files is not None
        data = self.folder / "data"
        with open_staging(self.sync.staging) as staging:
            for minute in (1, 2):
                moment = now + timedelta(minutes=minute)
                seen = look(staging, self.sync, files, self._cursor, data=data, now=moment)
                self._cursor = seen.cursor
                yield from (offer.partition for offer in seen.offers)

    def _run(self, job: str, key: str) -> None:
        """One run; some are killed on their way and then run again."""
        if self.dice.random() < self.plan.kills:
            answer = self._ordered(job, key, self.dice.randint(1, _KILL_WITHIN))
            assert answer["code"] in (0, SIGKILLED), answer["output"]
            self.killed += answer["code"] == SIGKILLED
            if answer["code"] == 0:
                return
        answer = self._ordered(job, key, 0)
        assert answer["code"] == 0, f"{job} {key}: {answer['output']}"

    def _ordered(self, job: str, key: str, event: int) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        order = {"environ": self.environ, "window": key, "event": event, "job": job}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer


@contextmanager
def playing(plan: Plan, folder: Path) -> Iterator[World]:
    """A world that is ready to be played."""
    people = Population(plan.people, plan.seed, start=_START, end=_END)
    command = [sys.executable, "-m", "gigya_cheetah_assets_tests.integration.killable"]
    with (
        Sandbox(folder / "sandbox", people) as sandbox,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process,
    ):
        content = sync_content(sandbox, folder)
        content["inbound_files"]["defaults"] |= {"min_age_seconds": 0}
        # A late file of few lines may be of people who were deleted since, most of all.
        content["limits"] = {**content.get("limits", {}), "max_reject_share": 1.0}
        syncs = folder / "syncs"
        syncs.mkdir()
        (syncs / "sandbox.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
        own = {"GIGYA_CHEETAH_SYNCS": str(syncs), "GIGYA_CHEETAH_DATA": str(folder / "data")}
        sync = Sync.model_validate(content)
        courier = Courier()
        mail = CheetahMail(folder / "mail", lambda: open_staging(sync.staging), courier, Setup(seed=plan.seed))
        mail.set_up_for(sync)
        dice = random.Random(plan.seed)  # noqa: S311 - histories, not secrets
        environ = {**os.environ, **sandbox.environ, **own}
        yield World(plan, folder, sandbox, sync, mail, courier, environ, process, dice)
        mail.close()
