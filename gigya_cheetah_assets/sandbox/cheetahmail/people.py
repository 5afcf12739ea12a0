"""People on the list who do things by a seeded script: the same seed and the same list give the same acts."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from gigya_cheetah_assets.sandbox.cheetahmail import lists
from gigya_cheetah_assets.sandbox.cheetahmail.lists import LISTS
from gigya_cheetah_assets.sandbox.cheetahmail.subscriber import MASTER, Subscriber

if TYPE_CHECKING:
    from gigya_cheetah_assets.sandbox.cheetahmail.acts import Acts

# How often each happens, of 100.
_WEIGHTS = {
    "click": 40, "leave": 15, "join": 10, "edit": 15, "move": 4, "bounce": 9, "complain": 2, "leave all": 3,
    "sign up": 2,
}  # fmt: skip
_REASONS = {lists.WEB: 80, lists.MAIL: 10, lists.REPLY: 7, lists.ADMIN: 3}
_NAMES = ("Alder", "Birch", "Cedar", "Elm", "Hazel", "Linden", "Maple", "Oak", "Rowan", "Willow")
# A list on which hardly anybody can do what the dice say would hold up a tick.
_TRIES = 20


class People:
    """The people of one account.

    Args:
        acts: What they can do.
        seed: Other seeds, other acts.
    """

    def __init__(self, acts: Acts, seed: int) -> None:
        self._acts = acts
        self._seed = seed
        self._scripts: dict[str, Callable[[random.Random, Subscriber], bool]] = {
            "click": self._click,
            "leave": self._leave,
            "join": self._join,
            "edit": self._edit,
            "move": self._move,
            "bounce": self._bounce,
            "complain": self._complain,
            "leave all": self._leave_all,
            "sign up": self._sign_up,
        }

    def act(self, count: int) -> list[str]:
        """Lets so many things happen; returns what did, in order. Without subscribers nothing does."""
        done: list[str] = []
        if not count or not self._acts.list.count():
            return done
        turn = self._acts.list.next_number("turn")
        dice = random.Random(f"{self._seed}/{turn}")  # noqa: S311 - people, not secrets
        for _ in range(count):
            what = dice.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
            if self._somebody_does(what, dice):
                done.append(what)
        return done

    def _somebody_does(self, what: str, dice: random.Random) -> bool:
        people = self._acts.list.count()
        return any(self._scripts[what](dice, self._acts.list.at(dice.randrange(people))) for _ in range(_TRIES))

    def _click(self, dice: random.Random, person: Subscriber) -> bool:  # noqa: ARG002 - one signature for all
        if _on(person):
            self._acts.click(person)
        return bool(_on(person))

    def _leave(self, dice: random.Random, person: Subscriber) -> bool:
        if _on(person):
            reason = dice.choices(list(_REASONS), list(_REASONS.values()))[0]
            self._acts.unsubscribe(person, dice.choice(_on(person)), reason=reason)
        return bool(_on(person))

    def _leave_all(self, dice: random.Random, person: Subscriber) -> bool:  # noqa: ARG002 - one signature for all
        if _on(person):
            self._acts.unsubscribe(person, MASTER)
        return bool(_on(person))

    def _complain(self, dice: random.Random, person: Subscriber) -> bool:
        if _on(person):
            self._acts.unsubscribe(person, dice.choice(_on(person)), reason=lists.ABUSE)
        return bool(_on(person))

    def _join(self, dice: random.Random, person: Subscriber) -> bool:
        off = [name for name in LISTS if name not in _on(person)]
        # Who complained does not come back by chance.
        if person.blocked or not off:
            return False
        self._acts.subscribe(person, dice.choice(off))
        return True

    def _edit(self, dice: random.Random, person: Subscriber) -> bool:
        change = {"LNAME": dice.choice(_NAMES)} if dice.random() < 0.5 else {"ZIP": f"{dice.randrange(10000, 99999)}"}
        self._acts.edit(person, **change)
        return True

    def _move(self, dice: random.Random, person: Subscriber) -> bool:
        self._acts.change_address(person, f"moved-{dice.getrandbits(48):012x}@example.com")
        return True

    def _bounce(self, dice: random.Random, person: Subscriber) -> bool:
        if _on(person):
            self._acts.bounce(person, dice.choice("HS"))
        return bool(_on(person))

    def _sign_up(self, dice: random.Random, person: Subscriber) -> bool:  # noqa: ARG002 - one signature for all
        if self._acts.list.key == "uid":
            return False
        self._acts.sign_up(f"new-{dice.getrandbits(48):012x}@example.com", dice.choice(list(LISTS)))
        return True


def _on(person: Subscriber) -> list[str]:
    """The lists that mail the person."""
    return [name for name in LISTS if person.lists.get(name) == "in"]
