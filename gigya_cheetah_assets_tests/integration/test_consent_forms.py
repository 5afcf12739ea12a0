"""Every form of consent, both ways, between a real site and CheetahMail's files on a real SFTP server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gigya_cheetah_assets.sandbox import second_opinion
from gigya_cheetah_assets.sandbox.agreement import compare_sides
from gigya_cheetah_assets.sandbox.cheetahmail import Setup
from gigya_cheetah_assets.sandbox.decisions import decision
from gigya_cheetah_assets.sandbox.second_opinion import LISTS
from gigya_cheetah_assets_tests.integration.loop import Loop, looping
from gigya_cheetah_assets_tests.integration.reading import lines
from gigya_cheetah_assets_tests.integration.runs import FIRST

OLD = "2026-02-01T00:00:00Z"


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[Loop]:
    yield from looping(tmp_path, Setup())


@pytest.fixture
def echoing(tmp_path: Path) -> Iterator[Loop]:
    """CheetahMail's feeds also tell what came from our own files."""
    yield from looping(tmp_path, Setup(faults="echo"))


def test_a_decision_in_every_form_leaves_on_its_list_and_comes_back_to_its_place(loop: Loop) -> None:
    site = loop.sandbox.site
    leavers = {column: loop.people(column, "opt_in", 1)[0] for column in LISTS}
    joiners = {column: loop.people(column, "opt_out", 1)[0] for column in LISTS}
    for column in LISTS:
        site.change(leavers[column], **decision(column, yes=False))
        site.change(joiners[column], **decision(column, yes=True))
    assert loop.run(loop.newest()).success
    for kind, people in (("unsubs", leavers), ("subs", joiners)):
        told = {(row["LIST_ID"], row["GIGYA_UID"]) for row in lines(loop, kind, loop.newest())}
        assert told == set(people.items())
    cells = {row["GIGYA_UID"]: row for row in lines(loop, "profiles", loop.newest())}
    assert [cells[uid][column] for column, uid in leavers.items()] == ["0"] * len(LISTS)
    assert [cells[uid][column] for column, uid in joiners.items()] == ["1"] * len(LISTS)
    loop.mail.import_now()

    # And now at CheetahMail, by others.
    leavers = {column: loop.people(column, "opt_in", 1)[0] for column in LISTS}
    joiners = {column: loop.people(column, "opt_out", 1)[0] for column in LISTS}
    site.change(leavers["NEWSLETTER"], subscriptions={"newsletter": {"email": {"tags": ["till", "web"]}}})
    for column in LISTS:
        loop.mail.unsubscribe(loop.subscriber(leavers[column]), column)
        loop.mail.subscribe(loop.subscriber(joiners[column]), column)
    loop.drop_and_read()
    assert {column: loop.state(uid, column) for column, uid in leavers.items()} == dict.fromkeys(LISTS, "opt_out")
    # Nobody knows when a plain field said no, so that no opt-in is provably later.
    undated = {"CATALOGUE": "opt_out"}
    assert {column: loop.state(uid, column) for column, uid in joiners.items()} == {
        **dict.fromkeys(LISTS, "opt_in"),
        **undated,
    }
    newsletter = loop.account(leavers["NEWSLETTER"])["subscriptions"]["newsletter"]["email"]
    assert newsletter["tags"] == ["till", "web"]
    surveys = loop.account(joiners["SURVEYS"])
    assert surveys["preferences"]["marketing"]["surveys"]["lang"] == surveys["profile"]["locale"]

    assert loop.run(loop.newest()).success
    loop.mail.import_now()
    found = compare_sides(site, loop.mail.subscribers()).found
    assert [line for line in found if line.split(":")[0] in loop.taken] == []


def test_consent_to_a_document_that_the_site_takes_no_more_ends_when_the_person_is_read_next(loop: Loop) -> None:
    site = loop.sandbox.site
    (uid,) = loop.people("SURVEYS", "opt_in", 1)
    site.oldest_documents["marketing.surveys"] = {"docVersion": 9.0}
    site.change(uid, data={"loyalty": {"points": 4711}})
    result = loop.run(loop.newest())
    assert result.success
    told = {(row["GIGYA_UID"], row["LIST_ID"], row["REASON"]) for row in lines(loop, "unsubs", loop.newest())}
    assert told == {(uid, "SURVEYS", "pending")}
    assert [row["SURVEYS"] for row in lines(loop, "profiles", loop.newest()) if row["GIGYA_UID"] == uid] == ["0"]
    (event,) = result.asset_materializations_for_node("sandbox__gigya_profiles")
    assert "preferences.marketing.surveys: version 9.0 or newer" in str(event.metadata["site_takes_consent_to"].value)
    loop.mail.import_now()
    # An opt-in of CheetahMail's is written, to a document that is too old as well: it does not come to count by that.
    loop.mail.subscribe(loop.subscriber(uid), "SURVEYS")
    loop.drop_and_read()
    assert loop.run(loop.newest()).success
    assert [row["LIST_ID"] for row in lines(loop, "subs", loop.newest()) if row["GIGYA_UID"] == uid] == []


def test_a_decision_on_a_topic_alone_puts_a_person_into_the_window(loop: Loop) -> None:
    (uid,) = loop.people("MAGAZINE", "opt_in", 1)
    before = loop.account(uid)["lastUpdatedTimestamp"]
    loop.sandbox.site.change(uid, **decision("MAGAZINE", yes=False))
    assert loop.account(uid)["lastUpdatedTimestamp"] == before
    assert loop.run(loop.newest()).success
    assert [row["GIGYA_UID"] for row in lines(loop, "profiles", loop.newest())] == [uid]
    assert [(row["GIGYA_UID"], row["LIST_ID"]) for row in lines(loop, "unsubs", loop.newest())] == [(uid, "MAGAZINE")]


def test_a_double_opt_in_is_no_opt_in_until_it_is_confirmed(loop: Loop) -> None:
    (uid,) = loop.people("PARTNER_OFFERS", "opt_out", 1)
    site = loop.sandbox.site
    site.change(uid, subscriptions={"offers.partner": {"email": {"isSubscribed": True}}})
    assert loop.state(uid, "PARTNER_OFFERS") == "pending"
    assert loop.run(loop.newest()).success
    assert lines(loop, "subs", loop.newest()) == []
    assert all(row["PARTNER_OFFERS"] == "0" for row in lines(loop, "profiles", loop.newest()))
    site.confirm(uid, "offers.partner")
    assert loop.run(loop.newest()).success
    assert [(row["GIGYA_UID"], row["LIST_ID"]) for row in lines(loop, "subs", loop.newest())] == [
        (uid, "PARTNER_OFFERS")
    ]


def test_nobody_without_a_valid_opt_in_is_mailable_in_any_file(loop: Loop) -> None:
    documents = {second_opinion.key(document): document for document in loop.sandbox.site.accounts()}
    profiles, subscribes = lines(loop, "profiles", FIRST), lines(loop, "subs", FIRST)
    assert {row["LIST_ID"] for row in subscribes} == set(LISTS)
    mailable = {(row["GIGYA_UID"], column) for row in profiles for column in LISTS if row[column] == "1"}
    assert mailable == {(row["GIGYA_UID"], row["LIST_ID"]) for row in subscribes}
    assert {second_opinion.state(documents[uid], column) for uid, column in mailable} == {"opt_in"}
    states = {second_opinion.state(document, column) for document in documents.values() for column in LISTS}
    assert states == {"opt_in", "opt_out", "pending", ""}


def test_each_reason_of_cheetahmails_means_what_it_means(echoing: Loop) -> None:
    loop, mail = echoing, echoing.mail
    told = loop.drop_and_read()
    assert told.get("applied", 0) == 0, "what our own upload brought back is no event"
    by_reason = {reason: loop.people("MAGAZINE", "opt_in", 1)[0] for reason in ("w", "d", "z", "k")}
    for reason, uid in by_reason.items():
        mail.unsubscribe(loop.subscriber(uid), "MAGAZINE", reason=reason)
    (complains,), (bounces,) = loop.people("SURVEYS", "opt_in", 1), loop.people("NEWSLETTER", "opt_in", 1)
    mail.unsubscribe(loop.subscriber(complains), "SURVEYS", reason="a")
    others = {uid: {c: loop.state(uid, c) for c in LISTS if c != "MAGAZINE"} for uid in by_reason.values()}
    for _ in range(3):
        mail.bounce(loop.subscriber(bounces))
    assert loop.subscriber(bounces).lists["NEWSLETTER"] == "out"
    loop.drop_and_read()
    assert {reason: loop.state(uid, "MAGAZINE") for reason, uid in by_reason.items()} == dict.fromkeys(
        by_reason, "opt_out"
    )
    assert {uid: {c: loop.state(uid, c) for c in LISTS if c != "MAGAZINE"} for uid in by_reason.values()} == others
    assert not [column for column in LISTS if loop.state(complains, column) == "opt_in"]
    assert loop.state(bounces, "NEWSLETTER") == "opt_in", "mail that bounces is no decision"


def test_an_opt_out_of_somebody_unknown_waits_and_blocks_the_opt_in_of_the_address(loop: Loop) -> None:
    loop.sandbox.site.touch(60)
    stranger = loop.mail.sign_up("stranger@example.org", "MAGAZINE")
    loop.mail.unsubscribe(stranger, "MAGAZINE")
    assert loop.drop_and_read()["parked"] == 1
    given = {"topic": "magazine", "channel": "email", "status": "OptIn", "lastModified": OLD}
    uid = loop.sandbox.site.add_full(
        isRegistered=True,
        profile={"email": "Stranger@example.org"},
        communications={"magazine_email": given},
    )
    assert loop.run(loop.newest()).success
    assert uid not in {row["GIGYA_UID"] for kind in ("profiles", "subs") for row in lines(loop, kind, loop.newest())}
    loop.sandbox.site.change(uid, **decision("MAGAZINE", yes=True), at=int(datetime.now(UTC).timestamp() * 1000))
    assert loop.run(loop.newest()).success
    assert uid in {row["GIGYA_UID"] for row in lines(loop, "subs", loop.newest())}, "a later yes of the person counts"
