"""The comparison of both sides finds what does not agree, field by field and list by list."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gigya_cheetah_assets.sandbox import Population, Sandbox, second_opinion
from gigya_cheetah_assets.sandbox.agreement import compare_sides
from gigya_cheetah_assets.sandbox.cheetahmail.subscriber import Subscriber
from gigya_cheetah_assets.sandbox.second_opinion import LISTS

PEOPLE = Population(40, 5, start=datetime(2026, 3, 1, tzinfo=UTC), end=datetime(2026, 3, 2, tzinfo=UTC))


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox whose list holds each account as it must be."""
    with Sandbox(tmp_path, PEOPLE) as sandbox:
        mail = sandbox.cheetahmail
        for document in sandbox.site.accounts():
            row = second_opinion.row(document)
            if row is None or (document.get("UID") and not document.get("isRegistered")):
                continue
            key = mail.list.key_of(row["EMAIL"], row["GIGYA_UID"])
            mail.list.put(key, row["EMAIL"], row)
            for column in LISTS:
                if second_opinion.state(document, column) == "opt_in":
                    mail.join(key, column, source="IMPORT")
        yield sandbox


def found(box: Sandbox) -> list[str]:
    return compare_sides(box.site, box.cheetahmail.subscribers()).found


def somebody(box: Sandbox) -> Subscriber:
    """A registered person who is on the newsletter."""
    known = {document["UID"] for document in box.site.accounts() if document.get("UID")}
    return next(one for one in box.cheetahmail.some(1000, column="NEWSLETTER", state="in") if one.uid in known)


def test_two_sides_that_agree_give_no_finding(box: Sandbox) -> None:
    result = compare_sides(box.site, box.cheetahmail.subscribers())
    assert result.found == []
    assert result.compared > 20


def test_a_field_that_differs_is_found_by_name(box: Sandbox) -> None:
    one = somebody(box)
    box.site.change(one.uid, profile={"firstName": "Somebody Else"})
    assert found(box) == [f"{one.uid}: column FNAME differs"]


def test_who_is_mailed_without_an_opt_in_is_found(box: Sandbox) -> None:
    one = somebody(box)
    box.site.change(one.uid, subscriptions={"newsletter": {"email": {"isSubscribed": False}}})
    assert found(box) == [f"{one.uid}: is mailed on NEWSLETTER without an opt-in"]


def test_an_opt_out_at_cheetahmail_that_gigya_does_not_know_is_found(box: Sandbox) -> None:
    one = somebody(box)
    box.cheetahmail.unsubscribe(one, "NEWSLETTER")
    assert found(box) == [f"{one.uid}: opted in to NEWSLETTER and is not mailed"]


def test_mail_that_bounces_is_no_disagreement(box: Sandbox) -> None:
    one = somebody(box)
    for _ in range(3):
        box.cheetahmail.bounce(one)
    assert box.cheetahmail.list.membership(one.key, "NEWSLETTER") != one.memberships["NEWSLETTER"]
    assert found(box) == []


def test_a_second_subscriber_is_found(box: Sandbox) -> None:
    one = somebody(box)
    box.cheetahmail.list.put("old@example.org", "old@example.org", {"GIGYA_UID": one.uid})
    assert found(box) == [f"{one.uid}: 2 subscribers, expected one"]


def test_what_stays_on_no_list_at_an_address_that_somebody_else_has_is_no_second_subscriber(box: Sandbox) -> None:
    one = somebody(box)
    box.cheetahmail.list.put("old@example.org", "old@example.org", {"GIGYA_UID": one.uid})
    box.site.add({"token": "t-old", "profile": {"email": "Old@example.org"}})
    assert f"{one.uid}: 2 subscribers, expected one" not in found(box)
    box.cheetahmail.join("old@example.org", "NEWSLETTER", source="IMPORT")
    assert f"{one.uid}: 2 subscribers, expected one" in found(box)


def test_subscribers_without_an_account_are_found_and_strangers_counted(box: Sandbox) -> None:
    box.cheetahmail.sign_up("a@example.org", "NEWSLETTER", GIGYA_UID="gone")
    box.cheetahmail.sign_up("b@example.org", "NEWSLETTER")
    result = compare_sides(box.site, box.cheetahmail.subscribers())
    assert (result.found, result.strangers) == (["gone: a subscriber without an account"], 1)


def test_of_those_who_share_an_address_one_must_have_opted_in_and_none_out(box: Sandbox) -> None:
    one = somebody(box)
    other = box.site.add_full(isRegistered=True, profile={"email": one.email.upper()})
    assert found(box) == []
    box.site.change(other, subscriptions={"newsletter": {"email": {"isSubscribed": False}}})
    assert found(box) == [f"{one.uid}: is mailed on NEWSLETTER without an opt-in"]


def test_who_remains_at_a_suppressed_address_need_not_be_on_the_list_but_is_not_mailed_without_an_opt_in(
    box: Sandbox,
) -> None:
    one = somebody(box)
    lite = box.site.add({"token": "t-beside", "profile": {"email": one.email}})
    box.site.delete(one.uid)
    box.cheetahmail.suppress(one.key)
    subscribers = box.cheetahmail.subscribers()
    assert compare_sides(box.site, subscribers).found == [f"lite-{lite}: 0 subscribers, expected one"]
    assert compare_sides(box.site, subscribers, {one.email.lower()}).found == []
    box.cheetahmail.sign_up(one.email, "CATALOGUE", GIGYA_UID=f"lite-{lite}")
    again = compare_sides(box.site, box.cheetahmail.subscribers(), {one.email.lower()})
    assert again.found == [f"lite-{lite}: is mailed on CATALOGUE without an opt-in"]


def test_what_a_lite_account_beside_a_full_one_says_of_itself_is_shown_to_nobody(box: Sandbox) -> None:
    one = somebody(box)
    box.site.add({"token": "t-beside", "profile": {"email": one.email}, "data": {"catalogue": False}})
    box.site.change(one.uid, data={"catalogue": True})
    box.cheetahmail.join(one.key, "CATALOGUE", source="IMPORT")
    assert not [line for line in found(box) if "CATALOGUE" in line]
    box.site.change(one.uid, data={"catalogue": False})
    assert f"{one.uid}: is mailed on CATALOGUE without an opt-in" in found(box)
