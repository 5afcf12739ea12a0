"""Addresses that change on either side, over HTTP and SFTP, with CheetahMail keyed by the address and by the UID."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gigya_cheetah_assets.sandbox import Sandbox, second_opinion
from gigya_cheetah_assets.sandbox.cheetahmail import Setup
from gigya_cheetah_assets.sandbox.cheetahmail.subscriber import Subscriber
from gigya_cheetah_assets.sandbox.syncfile import write_sync_file
from gigya_cheetah_assets_tests.integration.runs import FIRST, PEOPLE, runs
from gigya_cheetah_assets_tests.integration.test_inbound_files import Inbound, metadata

NEWS = "NEWSLETTER"
OPT_IN = {"newsletter": {"email": {"isSubscribed": True, "doubleOptIn": {"status": "Confirmed"}}}}


class Town(Inbound):
    """The loop of a sandbox whose files go over SFTP."""

    def people(self, state: str | None) -> list[dict[str, Any]]:
        """Registered accounts with an address of their own that CheetahMail knows, with this state."""
        everybody = [one for one in self.sandbox.site.accounts() if one.get("UID") and one.get("isRegistered")]
        times = Counter(second_opinion.address(one) for one in everybody)
        return [
            one
            for one in everybody
            if second_opinion.row(one)
            and times[one["profile"]["email"].lower()] == 1
            and second_opinion.state(one, NEWS) == state
            and self.subscribers(one["UID"])
        ]

    def subscribers(self, uid: str) -> list[Subscriber]:
        return [one for one in self.sandbox.cheetahmail.subscribers() if one.uid == uid]

    def mailed(self, email: str) -> bool:
        found = [one for one in self.sandbox.cheetahmail.subscribers() if one.email.lower() == email.lower()]
        return any(one.lists.get(NEWS) == "in" for one in found)

    def export(self) -> None:
        assert self.run(self.newest()).success
        self.sandbox.cheetahmail.import_now()

    def extract(self, *feeds: str) -> list[Any]:
        self.sandbox.cheetahmail.drop(*feeds)
        return self.arrive()

    def own(self, owner: str) -> None:
        """Who decides about the address."""
        for field in self.content["fields"]:
            if field["cheetahmail"] == "EMAIL":
                field["owner"] = owner


@pytest.fixture(params=["email", "uid"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    with (
        Sandbox(tmp_path / "sandbox", PEOPLE, cheetahmail=Setup(key=request.param)) as sandbox,
        runs(sandbox, tmp_path / "run") as made,
    ):
        written = write_sync_file(tmp_path / "syncs", sandbox) / "sandbox.yaml"
        content = yaml.safe_load(written.read_text(encoding="utf-8"))
        content["gigya"]["requests_per_second"] = 1000
        content["inbound_files"]["defaults"]["min_age_seconds"] = 0
        loop = Town(sandbox, made.folder, content, made.instance)
        sandbox.cheetahmail.set_up_for(loop.sync)
        assert loop.run(FIRST).success
        sandbox.cheetahmail.import_now()
        loop.arrive()
        yield loop


def test_two_accounts_that_swap_their_addresses_keep_their_own_consent(place: Town) -> None:
    ann, bob = place.people("opt_in")[0], place.people("opt_out")[0]
    before = ann["profile"]["email"], bob["profile"]["email"]
    place.sandbox.site.change(ann["UID"], profile={"email": before[1]})
    place.sandbox.site.change(bob["UID"], profile={"email": before[0]})
    place.export()
    assert not place.mailed(before[0])
    # Her new address was opted out by its former holder: her own word of today lifts that.
    place.sandbox.site.change(ann["UID"], subscriptions=OPT_IN, through="emailAccount")
    place.export()
    assert (place.mailed(before[0]), place.mailed(before[1])) == (False, True)


def test_a_change_at_cheetahmail_is_taken_back_where_gigya_owns_the_address(place: Town) -> None:
    ann = place.people("opt_in")[0]
    (subscriber,) = place.subscribers(ann["UID"])
    place.sandbox.cheetahmail.change_address(subscriber, "elsewhere@example.org")
    (result,) = place.extract("coa")
    assert result.success
    assert place.account(ann["UID"])["profile"]["email"] == ann["profile"]["email"]
    place.export()
    (subscriber,) = place.subscribers(ann["UID"])
    assert subscriber.email == ann["profile"]["email"]
    assert place.mailed(ann["profile"]["email"])
    assert not place.mailed("elsewhere@example.org")


def test_a_change_at_cheetahmail_reaches_the_profile_and_no_login_where_the_sync_allows_it(place: Town) -> None:
    place.own("latest")
    ann = place.people("opt_in")[0]
    (subscriber,) = place.subscribers(ann["UID"])
    place.sandbox.cheetahmail.change_address(subscriber, "elsewhere@example.org")
    (result,) = place.extract("coa")
    assert metadata(result, "gigya_account_updates")["applied"] == 1
    now = place.account(ann["UID"])
    assert now["profile"]["email"] == "elsewhere@example.org"
    assert (now.get("loginIDs"), now.get("emails")) == (ann.get("loginIDs"), ann.get("emails"))
    place.export()
    assert [one.email for one in place.subscribers(ann["UID"])] == ["elsewhere@example.org"]
    assert place.mailed("elsewhere@example.org")


def test_an_address_of_another_account_is_refused_and_both_get_their_own_again(place: Town) -> None:
    place.own("cheetahmail")
    ann, bob = place.people("opt_in")[:2]
    (subscriber,) = place.subscribers(ann["UID"])
    place.sandbox.cheetahmail.change_address(subscriber, bob["profile"]["email"])
    (result,) = place.extract("coa")
    assert metadata(result, "inbound_change_set")["rejected: EMAIL: address_of_another_account"] == 1
    assert place.account(ann["UID"])["profile"]["email"] == ann["profile"]["email"]
    place.export()
    for one in (ann, bob):
        assert [found.email for found in place.subscribers(one["UID"])] == [one["profile"]["email"]]
        assert place.mailed(one["profile"]["email"])
