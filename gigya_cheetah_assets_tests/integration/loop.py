"""Both directions over SFTP between a real site and the sandbox's own CheetahMail: what tests of consent share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import yaml

from gigya_cheetah_assets.gigya import GigyaClient
from gigya_cheetah_assets.ledger import Ledger
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.reconciliation.run import ReconciliationSummary, reconcile
from gigya_cheetah_assets.sandbox import Sandbox, second_opinion
from gigya_cheetah_assets.sandbox.cheetahmail import CheetahMail, Setup
from gigya_cheetah_assets.sandbox.cheetahmail.subscriber import Subscriber
from gigya_cheetah_assets_tests.integration.arriving import Inbound
from gigya_cheetah_assets_tests.integration.reading import lines
from gigya_cheetah_assets_tests.integration.runs import FIRST, PEOPLE, runs


class Loop(Inbound):
    """Both directions over SFTP, with the sandbox's own CheetahMail at the other end."""

    taken: set[str]

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted((self.sandbox.sftp_root / "autoproc").iterdir())}

    @property
    def mail(self) -> CheetahMail:
        return self.sandbox.cheetahmail

    def state(self, uid: str, column: str) -> str:
        """Gigya's state, told by somebody else than the pipeline."""
        return second_opinion.state(self.account(uid), column)

    def people(self, column: str, state: str, count: int) -> list[str]:
        """UIDs of delivered accounts with this state and an address of their own, and nobody twice over all calls."""
        cell = {"opt_in": "1", "opt_out": "0"}[state]
        delivered = lines(self, "profiles", FIRST)
        addresses = Counter(row["EMAIL"].lower() for row in delivered)
        alone = [row for row in delivered if addresses[row["EMAIL"].lower()] == 1]
        rows = [row["GIGYA_UID"] for row in alone if row[column] == cell]
        accounts = {doc["UID"] for doc in self.sandbox.site.accounts() if doc.get("isRegistered")}
        found = [uid for uid in rows if uid in accounts - self.taken and self.state(uid, column) == state][:count]
        assert len(found) == count
        self.taken.update(found)
        return found

    def subscriber(self, uid: str) -> Subscriber:
        return next(one for one in self.mail.subscribers() if one.uid == uid)

    def drop_and_read(self) -> dict[str, int]:
        """CheetahMail drops its files, the sensor's runs read them; the counts of the change sets together."""
        self.mail.drop()
        told: dict[str, int] = {}
        for result in self.arrive():
            assert result.success
            for event in result.asset_materializations_for_node("sandbox__inbound_change_set"):
                counts = {name: found.value for name, found in event.metadata.items() if isinstance(found.value, int)}
                told |= {name: told.get(name, 0) + count for name, count in counts.items()}
        return told

    def reconcile(self) -> ReconciliationSummary:
        """Both sides compared by the newest full extract."""
        sync = self.sync
        with GigyaClient(sync.gigya) as client, Ledger.open() as ledger:
            return reconcile(client, sync, FieldTable.from_sync(sync), data=self.folder / "data", ledger=ledger)


def looping(folder: Path, setup: Setup) -> Iterator[Loop]:
    """A loop whose first window is delivered and imported."""
    shipped = yaml.safe_load((Path(__file__).parents[2] / "syncs" / "sandbox.yaml").read_text(encoding="utf-8"))
    shipped["inbound_files"]["defaults"]["min_age_seconds"] = 0
    with Sandbox(folder / "sandbox", PEOPLE, cheetahmail=setup) as sandbox:
        staging = shipped["staging"] | {"port": sandbox.sftp_port}
        with runs(sandbox, folder / "run", staging=staging, inbound_files=shipped["inbound_files"]) as made:
            loop = Loop(made.sandbox, made.folder, made.content, made.instance)
            loop.taken = set()
            loop.mail.set_up_for(loop.sync)
            assert loop.run(FIRST).success
            loop.mail.import_now()
            yield loop
