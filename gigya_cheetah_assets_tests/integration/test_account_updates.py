"""Updates of accounts on a real site that misbehaves: each takes effect once, and single refusals hold nobody up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow.parquet as pq
import pytest

from gigya_cheetah_assets.gigya import GigyaClient
from gigya_cheetah_assets.inbound.updates import UpdatesSummary, apply_updates
from gigya_cheetah_assets.ledger import Ledger
from gigya_cheetah_assets.mapping import FieldTable
from gigya_cheetah_assets.sandbox import Sandbox
from gigya_cheetah_assets.sandbox.faults import Faults
from gigya_cheetah_assets_tests.integration.reading import lines
from gigya_cheetah_assets_tests.integration.runs import FIRST, PEOPLE, QUIET, runs
from gigya_cheetah_assets_tests.integration.test_inbound_files import INBOUND, UNSUBS, Inbound, is_subscribed, unsub

PROFILES = "GIGYA_UID,EMAIL,DATE_CHANGED,CRM_ID,LNAME\n"


@pytest.fixture
def inbound(tmp_path: Path) -> Iterator[Inbound]:
    with (
        Sandbox(tmp_path / "sandbox", PEOPLE) as sandbox,
        runs(sandbox, tmp_path / "run", inbound_files=INBOUND, limits={"max_opt_out_share": 1.0}) as made,
    ):
        loop = Inbound(made.sandbox, made.folder, made.content, made.instance)
        assert loop.run(FIRST).success
        yield loop


def people(inbound: Inbound, newsletter: str, count: int) -> list[dict[str, str]]:
    """Delivered rows of full accounts with this cell of the newsletter."""
    full = {str(document.get("UID")) for document in inbound.sandbox.site.accounts() if document.get("isRegistered")}
    found = (r for r in lines(inbound, "profiles", FIRST) if r["NEWSLETTER"] == newsletter and r["GIGYA_UID"] in full)
    return list(islice(found, count))


def planned(inbound: Inbound, name: str, text: str) -> str:
    """The partition of a file whose change set is made."""
    inbound.drop(name, text)
    inbound.tick()
    (request,) = inbound.tick().run_requests or ()
    job = inbound.definitions.resolve_job_def("sandbox_inbound")
    steps = [dg.AssetKey(["sandbox", step]) for step in ("inbound_rows", "inbound_change_set")]
    assert job.execute_in_process(
        partition_key=request.partition_key, instance=inbound.instance, run_config=QUIET, asset_selection=steps
    ).success
    assert request.partition_key is not None
    return request.partition_key


def updated(inbound: Inbound, partition: str) -> UpdatesSummary:
    sync, data = inbound.sync, inbound.folder / "data"
    with GigyaClient(sync.gigya) as client, Ledger.open() as ledger:
        return apply_updates(
            client, sync, FieldTable.from_sync(sync), partition, data=data, ledger=ledger, report=lambda _: None
        )


def owned_by_cheetahmail(inbound: Inbound, *columns: str) -> None:
    for field in inbound.content["fields"]:
        if field["cheetahmail"] in columns:
            field["owner"] = "cheetahmail"


def profile(row: dict[str, str], crm: str, last_name: str) -> str:
    return f"{row['GIGYA_UID']},{row['EMAIL']},{datetime.now(UTC):%Y%m%d%H%M%S},{crm},{last_name}\n"


def test_a_lost_answer_is_read_back_and_no_update_takes_effect_twice(inbound: Inbound) -> None:
    """Half of the dropped calls took effect; who repeats them blindly writes twice, who does not loses the others."""
    rows = people(inbound, "1", 24)
    partition = planned(inbound, "unsubs_1.dat", UNSUBS + "".join(map(unsub, rows)))
    inbound.sandbox.faults = Faults(drop=0.3)
    done = updated(inbound, partition)
    inbound.sandbox.faults = Faults()
    assert (done.applied, done.items) == (24, 24)
    assert {is_subscribed(inbound, row["GIGYA_UID"]) for row in rows} == {False}
    assert Counter(update.uid for update in inbound.sandbox.site.updates) == dict.fromkeys(
        (row["GIGYA_UID"] for row in rows), 1
    )


def test_our_own_updates_mute_the_webhooks_and_keep_the_tags(inbound: Inbound) -> None:
    (row,) = people(inbound, "1", 1)
    tagged: dict[str, Any] = {"newsletter": {"email": {"tags": ["vip", "weekly"]}}}
    inbound.sandbox.site.change(row["GIGYA_UID"], subscriptions=tagged)
    assert updated(inbound, planned(inbound, "unsubs_1.dat", UNSUBS + unsub(row))).applied == 1
    assert inbound.account(row["GIGYA_UID"])["subscriptions"]["newsletter"]["email"]["tags"] == ["vip", "weekly"]
    assert [update.muted for update in inbound.sandbox.site.updates] == [True]


def test_accounts_that_gigya_refuses_are_named_with_code_and_field_and_the_others_go_on(inbound: Inbound) -> None:
    owned_by_cheetahmail(inbound, "CRM_ID", "LNAME")
    refused, gone, fine = people(inbound, "1", 3)
    # A number where the site's schema has a text: what we send keeps the type that stands there.
    inbound.sandbox.site.change(refused["GIGYA_UID"], data={"externalIds": {"crm": 123}})
    text = PROFILES + profile(refused, "456", "New") + profile(gone, "x-1", "New") + profile(fine, "x-2", "New")
    partition = planned(inbound, "demo_1.dat", text)
    inbound.sandbox.site.delete(gone["GIGYA_UID"])
    done = updated(inbound, partition)
    assert (done.applied, done.rejected) == (1, 2)
    assert done.reasons == {"": {"unknown_account": 1}, "data.externalIds.crm": {"gigya_400009": 1}}
    rejects = pq.read_table(
        inbound.folder / "data" / "sandbox" / "gigya_account_updates" / partition / "rejects.parquet"
    )
    assert sorted(rejects["line"].to_pylist()) == [2, 3]
    assert inbound.account(fine["GIGYA_UID"])["data"]["externalIds"]["crm"] == "x-2"
    assert inbound.account(refused["GIGYA_UID"])["profile"].get("lastName") != "New"


def test_only_what_differs_is_sent_in_the_type_that_stands_there(inbound: Inbound) -> None:
    owned_by_cheetahmail(inbound, "POINTS", "CRM_ID", "LNAME")
    (row,) = people(inbound, "1", 1)
    uid = row["GIGYA_UID"]
    inbound.sandbox.site.change(uid, data={"loyalty": {"points": 7}, "externalIds": {"crm": "0007"}, "kept": [1]})
    header = "GIGYA_UID,EMAIL,DATE_CHANGED,POINTS,CRM_ID\n"
    line = f"{uid},{row['EMAIL']},{datetime.now(UTC):%Y%m%d%H%M%S},40,0007\n"
    done = updated(inbound, planned(inbound, "demo_1.dat", header + line))
    assert done.written == {"POINTS": 1}
    data = inbound.account(uid)["data"]
    assert (data["loyalty"]["points"], data["externalIds"]["crm"], data["kept"]) == (40, "0007", [1])


def test_sixteen_requests_are_on_their_way_and_never_more(inbound: Inbound) -> None:
    rows = people(inbound, "1", 40)
    partition = planned(inbound, "unsubs_1.dat", UNSUBS + "".join(map(unsub, rows)))
    inbound.sandbox.faults = Faults(stall=1.0, stall_seconds=0.2)
    assert updated(inbound, partition).applied == 40
    assert inbound.sandbox.most_at_once == 16


def test_an_account_that_the_person_changed_since_is_left_and_the_step_to_repeat_is_named(inbound: Inbound) -> None:
    owned_by_cheetahmail(inbound, "LNAME")
    row, other = people(inbound, "1", 2)
    partition = planned(inbound, "demo_1.dat", PROFILES + profile(row, "", "Theirs") + profile(other, "", "Theirs"))
    inbound.sandbox.site.change(row["GIGYA_UID"], profile={"lastName": "Mine"})
    with pytest.raises(Exception, match=r"1 accounts changed since.*materialize inbound_change_set"):
        updated(inbound, partition)
    assert inbound.account(row["GIGYA_UID"])["profile"]["lastName"] == "Mine"
    assert inbound.account(other["GIGYA_UID"])["profile"]["lastName"] == "Theirs"
    assert inbound.read(partition).success
    assert inbound.account(row["GIGYA_UID"])["profile"]["lastName"] == "Theirs"
