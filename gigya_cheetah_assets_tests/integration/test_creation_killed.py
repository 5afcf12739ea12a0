"""A run that makes an account is killed with SIGKILL anywhere and run again: there is one account, as the file says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gigya_cheetah_assets.ledger import Ledger
from gigya_cheetah_assets.store import steps
from gigya_cheetah_assets_tests.integration.lite_world import LIST, LiteWorld, lite_world

SIGKILLED = -9
STEPS = (steps.ITEMS_PLANNED, steps.ACCOUNT_WRITTEN, steps.ITEMS_SETTLED, steps.FILE_FINISHED)


class Killable(LiteWorld):
    """Runs inbound files in processes that may be killed."""

    process: subprocess.Popen[str]

    def order(self, partition: str, step: str | None = None) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        environ = {**os.environ, "GIGYA_CHEETAH_SYNCS": str(self.folder / "syncs")}
        order = {"environ": environ, "window": partition, "job": "sandbox_inbound"} | ({"step": step} if step else {})
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def offered(self, number: int) -> str:
        """A file with one newcomer; returns its partition."""
        row = f"n{number}@example.org,,{LIST},20261101000000,WEB\n"
        self.drop(f"subs_{number}.dat", f"EMAIL,GIGYA_UID,LIST_ID,DATE_SUB,SOURCE\n{row}")
        self.tick()
        [request] = self.tick().run_requests or ()
        return str(request.partition_key)


@pytest.fixture(scope="module")
def process() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "gigya_cheetah_assets_tests.integration.killable"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as started:
        yield started


@pytest.fixture(params=["lite", "full"])
def world(request: pytest.FixtureRequest, process: subprocess.Popen[str], tmp_path: Path) -> Iterator[Killable]:
    with lite_world(tmp_path, create_accounts=request.param) as made:
        killable = Killable(made.sandbox, made.folder, made.content, made.instance)
        killable.process = process
        (made.folder / "syncs").mkdir()
        (made.folder / "syncs" / "sandbox.yaml").write_text(yaml.safe_dump(made.content), encoding="utf-8")
        yield killable


@pytest.mark.timeout(300)
def test_a_kill_anywhere_in_a_creation_then_a_second_run_leaves_one_account(world: Killable) -> None:
    for number, step in enumerate(STEPS):
        partition = world.offered(number)
        assert world.order(partition, step)["code"] == SIGKILLED, step
        again = world.order(partition)
        assert again["code"] == 0, again["output"]
        made = [one for one in world.sandbox.site.accounts() if one["profile"]["email"] == f"n{number}@example.org"]
        assert len(made) == 1, f"killed at {step}"
        assert made[0]["subscriptions"]["newsletter"]["email"]["isSubscribed"] is True
        with Ledger.open() as ledger, ledger.snapshot() as (connection, _):
            fates = (
                "SELECT fate FROM ledger_inbound_items JOIN ledger_inbound_files USING (sync, sha256) WHERE name = ?"
            )
            found = connection.exec_driver_sql(fates, (f"subs_{number}.dat",)).scalars().all()
            agreed = connection.exec_driver_sql(
                "SELECT count(*) FROM ledger_agreed WHERE row_text IS NULL"
            ).scalar_one()
        assert (found, agreed) == (["applied"], number + 1), f"killed at {step}"
