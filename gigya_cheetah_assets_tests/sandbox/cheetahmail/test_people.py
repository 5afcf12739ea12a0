"""The seeded script of people who act."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from gigya_cheetah_assets.sandbox.cheetahmail import CheetahMail, Setup
from gigya_cheetah_assets_tests.sandbox.cheetahmail.conftest import FIRST, SUBS, Box


def crowd(folder: Path, stack: ExitStack, seed: int) -> CheetahMail:
    box = Box(folder, stack)
    folder.mkdir()
    box.people(*(f"u{number},p{number}@example.org,N,1" for number in range(60)))
    box.put(f"gigya_subs_{FIRST}.csv", SUBS, *(f"p{n}@example.org,u{n},NEWSLETTER,x,web" for n in range(40)))
    mail = box.mail(Setup(seed=seed))
    mail.import_now()
    return mail


def test_the_same_seed_gives_the_same_list_and_another_seed_another(tmp_path: Path) -> None:
    with ExitStack() as stack:
        lists = []
        for name, seed in (("a", 1), ("b", 1), ("c", 2)):
            mail = crowd(tmp_path / name, stack, seed)
            done = [mail.people_act(30) for _ in range(3)]
            lists.append((done, mail.subscribers()))
    assert lists[0] == lists[1]
    assert lists[0] != lists[2]


def test_a_restart_does_not_repeat_what_people_did(tmp_path: Path) -> None:
    with ExitStack() as stack:
        mail = crowd(tmp_path / "a", stack, 1)
        first = mail.people_act(40)
        again = Box(tmp_path / "a", stack).mail(Setup(seed=1))
        assert again.people_act(40) != first


def test_people_do_all_of_it_and_the_feeds_hear_of_it(tmp_path: Path) -> None:
    with ExitStack() as stack:
        mail = crowd(tmp_path / "a", stack, 3)
        done = Counter(mail.people_act(400))
        names = mail.drop()
    assert set(done) == {"click", "leave", "join", "edit", "move", "bounce", "complain", "leave all", "sign up"}
    assert {name.split("_")[1] for name in names} == {"unsubs", "subs", "coa", "bounces", "demo"}


def test_nobody_on_the_list_means_nothing_happens(box: Box) -> None:
    assert box.mail().people_act(10) == []
