from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from gigya_cheetah_assets.errors import RefuseFile, StopSync
from gigya_cheetah_assets.inbound.read import ACKNOWLEDGED
from gigya_cheetah_assets_tests.inbound.feeds import FIELDS, NOW, ms, sync

UNSUBS = "aid,pid,reason,email,DATE_UNSUB,DATE_SUB,rcode,GIGYA_UID\n"
SUBS = "PID,EMAIL,DATE_SUB,GIGYA_UID,SOURCE\n"
WHEN = "20261120120000"
AT = ms("2026-11-20T12:00:00")
# An opt-out counts until the end of its second.
OUT_AT = AT + 999


def unsub(uid="u1", *, pid="10", reason="w", email="a@example.org", when=WHEN):
    return f"1,{pid},{reason},{email},{when},20200101000000,0,{uid}\n"


def test_an_unsubscribe_is_an_opt_out_of_the_subscription_of_its_list(inbox):
    result = inbox.read("unsubscribes", UNSUBS + unsub() + unsub("u2", pid="20"))
    assert inbox.events("line", "uid", "email", "at", "code", "treatment", "NEWS", "OFFERS") == [
        (2, "u1", "a@example.org", OUT_AT, "w", "opt_out", "opt_out", None),
        (3, "u2", "a@example.org", OUT_AT, "w", "opt_out", None, "opt_out"),
    ]
    assert (result.rows, result.events, result.rejected, result.ignored) == (2, 2, 0, {})
    assert result.states == {"NEWS": {"opt_out": 1}, "OFFERS": {"opt_out": 1}}
    assert result.unknown_columns == ["AID", "DATE_SUB", "RCODE"]


@pytest.mark.parametrize(
    ("reason", "treatment", "states"),
    [
        ("a", "opt_out_all", ("opt_out", "opt_out")),
        ("W", "opt_out", ("opt_out", None)),
        ("e", "opt_out", ("opt_out", None)),
        ("r", "opt_out", ("opt_out", None)),
        ("d", "opt_out", ("opt_out", None)),
        ("b", "bounce", (None, None)),
        ("k", "echo", ("opt_out", None)),
        ("i", "echo", ("opt_out", None)),
        ("z", "opt_out", ("opt_out", None)),
        ("", "opt_out", ("opt_out", None)),
    ],
)
def test_every_reason_has_its_treatment_and_an_unknown_one_is_an_opt_out(inbox, reason, treatment, states):
    result = inbox.read("unsubscribes", UNSUBS + unsub(reason=reason))
    assert inbox.events("treatment", "NEWS", "OFFERS") == [(treatment, *states)]
    assert inbox.events("bounce", "ended") == [("persistent", "NEWS") if reason == "b" else (None, None)]
    assert result.value_errors == ({"REASON": {"unknown_code": 1}} if reason in ("z", "") else {})


def test_mail_that_ended_on_the_master_list_ended_on_all(inbox):
    inbox.read("unsubscribes", UNSUBS + unsub(reason="b", pid="0") + unsub("u2", reason="b", pid="99"))
    assert inbox.events("uid", "ended", "NEWS", "OFFERS") == [
        ("u1", "NEWS,OFFERS", None, None),
        ("u2", None, None, None),
    ]


def test_the_sync_file_can_say_what_a_reason_means(inbox):
    config = sync(unsubscribes={"reasons": {"D": "ignore", "z": "opt_out_all"}})
    result = inbox.read("unsubscribes", UNSUBS + unsub(reason="d") + unsub("u2", reason="Z"), config)
    assert (result.ignored, inbox.events("uid", "OFFERS")) == ({"ignored_code": 1}, [("u2", "opt_out")])


def test_a_list_of_somebody_else_is_ignored_but_no_list_and_the_master_list_mean_all(inbox):
    result = inbox.read("unsubscribes", UNSUBS + unsub(pid="99") + unsub("u2", pid="") + unsub("u3", pid="0"))
    assert result.ignored == {"other_list": 1}
    assert inbox.events("uid", "NEWS", "OFFERS") == [("u2", "opt_out", "opt_out"), ("u3", "opt_out", "opt_out")]


def test_a_complaint_counts_on_any_list(inbox):
    inbox.read("unsubscribes", UNSUBS + unsub(pid="99", reason="a"))
    assert inbox.events("NEWS", "OFFERS") == [("opt_out", "opt_out")]


def test_one_subscription_without_a_list_needs_no_list_column(inbox):
    config = sync(FIELDS[:-1], unsubscribes={"list": {}}, subscribes={"list": {"10": "NEWS"}})
    text = "reason,email,DATE_UNSUB,GIGYA_UID\nw,a@example.org,20261120,u1\n"
    inbox.read("unsubscribes", text, config)
    assert inbox.events("NEWS", "at") == [("opt_out", ms("2026-11-20T23:59:59.999"))]
    with pytest.raises(RefuseFile, match="expected a column LIST_ID or PID"):
        inbox.read("unsubscribes", text)


def test_an_opt_out_is_not_lost_for_want_of_a_time_or_a_uid(inbox):
    rows = [unsub(when=""), unsub("u2", when="soon"), unsub("u3", when="20990101000000"), unsub(""), unsub("u 5")]
    result = inbox.read("unsubscribes", UNSUBS + "".join(rows))
    now = int(NOW.timestamp() * 1000)
    assert inbox.events("uid", "at", "NEWS") == [
        ("u1", None, "opt_out"), ("u2", None, "opt_out"), ("u3", now, "opt_out"), (None, OUT_AT, "opt_out"),
        (None, OUT_AT, "opt_out"),
    ]  # fmt: skip
    assert result.unresolved == 2
    assert result.value_errors == {
        "GIGYA_UID": {"malformed_uid": 1},
        "UNSUBSCRIBED_AT": {"bad_time": 1, "time_in_future": 1},
    }


def test_an_opt_out_of_nobody_is_a_reject(inbox):
    result = inbox.read("unsubscribes", UNSUBS + unsub("", email="") + unsub("", email="no address") + unsub())
    assert inbox.rejects() == [(2, "GIGYA_UID", "missing_key"), (3, "GIGYA_UID", "missing_key")]
    assert (result.rows, result.events, result.rejected, result.value_errors) == (3, 1, 2, {})


def test_the_hour_that_comes_twice_is_the_later_one_of_an_opt_out_and_the_earlier_one_of_an_opt_in(inbox):
    config = sync(unsubscribes={"time_zone": "America/New_York"}, subscribes={"time_zone": "America/New_York"})
    inbox.read("unsubscribes", UNSUBS + unsub(when="20261101013000"), config)
    assert inbox.events("at") == [ms("2026-11-01T06:30:00.999")]
    inbox.read("subscribes", SUBS + "10,a@example.org,20261101013000,u1,web\n", config)
    assert inbox.events("at") == [ms("2026-11-01T05:30:00")]


# --- echoes of our own uploads


@pytest.mark.parametrize(
    ("hours", "known"),
    [(0, True), (47, True), (-0.1, True), (49, False), (-1, False)],
)
def test_an_echo_is_what_came_back_within_the_window_of_our_upload(inbox, hours, known):
    def uploads(uids, since):
        assert (uids, since) == (["u1", "u2"], OUT_AT - 48 * 3_600_000)
        return {("u1", "NEWS"): [AT - 900 * 3_600_000, AT - int(hours * 3_600_000)]}

    text = (
        UNSUBS
        + unsub(reason="k")
        + unsub("u2", reason="i")
        + unsub("u1", reason="w")
        + unsub("u1", pid="20", reason="k")
    )
    result = inbox.read("unsubscribes", text, own_uploads=uploads)
    assert result.ignored == ({"echo": 1} if known else {})
    assert inbox.events("line") == ([3, 4, 5] if known else [2, 3, 4, 5])


def test_an_echo_of_several_subscriptions_must_be_ours_in_all_of_them(inbox):
    text = UNSUBS + unsub(pid="0", reason="k")
    assert inbox.read("unsubscribes", text, own_uploads=lambda *_: {("u1", "NEWS"): [AT]}).ignored == {}
    both = {("u1", "NEWS"): [AT], ("u1", "OFFERS"): [AT]}
    assert inbox.read("unsubscribes", text, own_uploads=lambda *_: both).ignored == {"echo": 1}


def test_without_knowledge_of_uploads_or_without_a_time_an_echo_is_an_opt_out(inbox):
    inbox.read("unsubscribes", UNSUBS + unsub(reason="k"))
    assert inbox.events("NEWS") == ["opt_out"]
    inbox.read("unsubscribes", UNSUBS + unsub(reason="k", when=""), own_uploads=lambda *_: {("u1", "NEWS"): [AT]})
    assert inbox.events("NEWS") == ["opt_out"]


def test_an_echo_is_kept_as_what_cheetahmail_carried_out(inbox):
    text = UNSUBS + unsub(reason="k") + unsub("u2", reason="w") + unsub("u3", pid="20", reason="i")
    uploads = {("u1", "NEWS"): [AT], ("u3", "OFFERS"): [AT]}
    inbox.read("unsubscribes", text, own_uploads=lambda *_: uploads)
    kept = pq.read_table(inbox.result / ACKNOWLEDGED).to_pylist()
    assert [tuple(row.values()) for row in kept] == [("u1", "NEWS", OUT_AT), ("u3", "OFFERS", OUT_AT)]


# --- subscribes


def test_a_subscribe_is_an_opt_in_and_its_source_tells_who_gave_it(inbox):
    inbox.read("subscribes", SUBS + f"10,a@example.org,{WHEN},u1,WEB\n20,,{WHEN},u2,import\n10,b,{WHEN},u3,\n")
    assert inbox.events("uid", "email", "at", "code", "first_party", "NEWS", "OFFERS") == [
        ("u1", "a@example.org", AT, "WEB", True, "opt_in", None),
        ("u2", None, AT, "import", False, None, "opt_in"),
        ("u3", None, AT, None, False, "opt_in", None),
    ]


def test_an_opt_in_needs_uid_time_and_list(inbox):
    rows = ["10,a@example.org,,u1,web", "10,a@example.org,20261301,u2,web", f"10,a@example.org,{WHEN},,web",
            f",a@example.org,{WHEN},u4,web", "10,a@example.org,20261124120000,u5,web",
            f"10,a@example.org,{WHEN},u 6,web", f"0,a@example.org,{WHEN},u7,web",
            f"99,a@example.org,{WHEN},u8,web"]  # fmt: skip
    result = inbox.read("subscribes", SUBS + "\n".join(rows))
    assert inbox.rejects() == [
        (2, "SUBSCRIBED_AT", "bad_time"), (3, "SUBSCRIBED_AT", "bad_time"), (4, "GIGYA_UID", "missing_uid"),
        (5, "LIST_ID", "missing_list"), (6, "SUBSCRIBED_AT", "time_in_future"), (7, "GIGYA_UID", "malformed_uid"),
    ]  # fmt: skip
    assert (result.events, result.ignored) == (0, {"other_list": 2})
    assert result.rows == result.events + result.rejected + sum(result.ignored.values())


def test_subscribes_without_any_list_stop_the_sync(inbox):
    config = sync(unsubscribes={"list": {}})
    with pytest.raises(StopSync, match="expected a list"):
        inbox.read("subscribes", SUBS, config)
