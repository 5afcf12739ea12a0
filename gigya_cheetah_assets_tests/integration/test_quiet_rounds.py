"""Values that CheetahMail spells in its own way start no ping-pong: after both sides are quiet, nothing moves."""

from __future__ import annotations

from pathlib import Path

import pytest

from gigya_cheetah_assets_tests.integration.histories import Plan, World, playing


def standing(world: World) -> tuple[object, ...]:
    """All that a round could move: updates of accounts, the list, the outbox."""
    outbox = world.folder / "staging" / "autoproc"
    files = {path.name: path.read_bytes() for path in sorted(outbox.iterdir())}
    subscribers = [(one.key, one.fields, one.lists) for one in world.mail.subscribers()]
    return len(world.sandbox.site.updates), subscribers, files


@pytest.mark.timeout(300)
def test_two_more_rounds_of_both_directions_move_nothing(tmp_path: Path) -> None:
    with playing(Plan(3, people=60, turns=0, kills=0), tmp_path) as world:
        world.play()
        named = [one for one in world.mail.subscribers() if one.uid and one.fields.get("LNAME", "").strip()]
        for one in named[:10]:
            world.mail.edit(one, LNAME=f"  {one.fields['LNAME'].upper()}  ")
        changed = named[10]
        world.mail.edit(changed, LNAME="Changed There")
        world.rounds(2)
        assert [update.uid for update in world.sandbox.site.updates] == [changed.uid]
        before = standing(world)
        world.rounds(2)
        assert standing(world) == before
