"""CheetahMail's API over real HTTP, on a sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from gigya_cheetah_assets.sandbox import Population, Sandbox, credentials
from gigya_cheetah_assets.sandbox.cheetahmail import Setup
from gigya_cheetah_assets.sandbox.cheetahmail.lists import LISTS
from gigya_cheetah_assets_tests.sandbox.cheetahmail.conftest import one

LOGIN = {"name": credentials.CHEETAHMAIL_NAME, "cleartext": credentials.CHEETAHMAIL_CLEARTEXT}
NEWSLETTER, OFFERS = LISTS["NEWSLETTER"], LISTS["PARTNER_OFFERS"]
ANN = "ann@example.org"


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path, Population(0)) as sandbox:
        yield sandbox


class Client:
    """A client of one sandbox; its session keeps the cookie."""

    def __init__(self, box: Sandbox, session: requests.Session) -> None:
        self._base = f"http://{box.api_domain}"
        self._session = session

    def __call__(self, path: str, *, file: str | None = None, **fields: object) -> str:
        """Body of the answer, whose status is 200 whatever it says."""
        files = None if file is None else {"file": ("people.csv", file, "text/csv")}
        answer = self._session.post(f"{self._base}{path}", data=fields, files=files, timeout=10)
        assert answer.status_code == 200
        return answer.text.strip()


@pytest.fixture
def client(box: Sandbox) -> Iterator[Client]:
    with requests.Session() as session:
        found = Client(box, session)
        assert found("/api/login1", **LOGIN) == "OK"
        yield found


@pytest.fixture
def stranger(box: Sandbox) -> Iterator[Client]:
    with requests.Session() as session:
        yield Client(box, session)


def test_without_a_session_nothing_is_answered(stranger: Client) -> None:
    assert stranger("/api/getuser1", email=ANN) == "err:auth"
    assert stranger("/api/login1", name="sandbox", cleartext="wrong") == "err:auth"


def test_another_account_id_is_refused(client: Client) -> None:
    assert client("/api/setuser1", email=ANN, aid="1") == "err:auth"


def test_a_session_ends(tmp_path: Path) -> None:
    short = Sandbox(tmp_path, Population(0), cheetahmail=Setup(session_seconds=0))
    with short as box, requests.Session() as session:
        client = Client(box, session)
        assert client("/api/login1", **LOGIN) == "OK"
        assert client("/api/getuser1", email=ANN) == "err:auth"


def test_a_user_is_set_and_read_back(box: Sandbox, client: Client) -> None:
    assert client("/api/setuser1", email=ANN, FNAME="Ann", GIGYA_UID="u1", sub=[NEWSLETTER, OFFERS]) == "OK"
    lines = client("/api/getuser1", email=ANN.upper()).split("\r\n")
    assert lines[0] == "OK"
    assert {"FNAME=Ann", "GIGYA_UID=u1", f"EMAIL={ANN}"} <= set(lines)
    assert any(line.startswith(f"sub={NEWSLETTER}&name=NEWSLETTER&state=in&") for line in lines)
    assert one(box.cheetahmail, ANN).lists["PARTNER_OFFERS"] == "in"


def test_who_left_is_subscribed_again_only_with_resub(box: Sandbox, client: Client) -> None:
    client("/api/setuser1", email=ANN, sub=NEWSLETTER)
    client("/api/setuser1", email=ANN, unsub=NEWSLETTER)
    assert client("/api/setuser1", email=ANN, sub=NEWSLETTER) == "OK"
    assert one(box.cheetahmail, ANN).lists["NEWSLETTER"] == "out"
    client("/api/setuser1", email=ANN, sub=NEWSLETTER, resub="1")
    assert one(box.cheetahmail, ANN).lists["NEWSLETTER"] == "in"


def test_the_given_lists_become_the_complete_set(box: Sandbox, client: Client) -> None:
    client("/api/setuser1", email=ANN, sub=NEWSLETTER)
    client("/api/setuser1", email=ANN, sub=OFFERS, a="1")
    lists = one(box.cheetahmail, ANN).lists
    assert (lists["NEWSLETTER"], lists["PARTNER_OFFERS"]) == ("out", "in")


def test_a_new_address_and_an_unsubscribe_come_in_the_feeds(box: Sandbox, client: Client) -> None:
    client("/api/setuser1", email=ANN, GIGYA_UID="u1", sub=NEWSLETTER)
    assert client("/api/setuser1", email=ANN, newemail="anna@example.com", unsub=NEWSLETTER) == "OK"
    assert one(box.cheetahmail, "anna@example.com").uid == "u1"
    told, _ = box.cheetahmail.list.events("unsubs")
    assert [(row["email"], row["reason"]) for row in told] == [("anna@example.com", "i")]
    assert len(box.cheetahmail.list.events("coa")[0]) == 1


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({}, "email:missing"),
        ({"email": "no address"}, "email:illegal"),
        ({"email": ANN, "sub": "x"}, "sub:non-numeric"),
        ({"email": ANN, "unsub": "1,y"}, "unsub:non-numeric"),
        ({"email": ANN, "sub": "17"}, "sub:illegal"),
        ({"email": ANN, "A-B": "x"}, "field:name:illegal"),
        ({"email": ANN, "FNAME": "ä" * 2001}, "data:value too large for column"),
        ({"email": ANN, "newemail": "new@example.org"}, "email:noexist"),
    ],
)
def test_errors_are_in_the_body_and_nothing_is_changed(
    box: Sandbox, client: Client, fields: dict[str, str], error: str
) -> None:
    assert client("/api/setuser1", **fields) == f"err:{error}"
    assert box.cheetahmail.subscribers() == []


def test_who_complained_is_blocked(box: Sandbox, client: Client) -> None:
    mail = box.cheetahmail
    client("/api/setuser1", email=ANN, sub=NEWSLETTER)
    client("/api/setuser1", email="bob@example.org", sub=NEWSLETTER)
    mail.unsubscribe(one(mail, ANN), "NEWSLETTER", reason="a")
    assert client("/api/setuser1", email=ANN, sub=NEWSLETTER) == "err:email:blocked"
    assert client("/api/setuser1", email="bob@example.org", newemail=ANN) == "err:newemail:blocked"


def test_a_file_of_users_is_loaded(box: Sandbox, client: Client) -> None:
    box.cheetahmail.sign_up("left@example.org", "NEWSLETTER")
    box.cheetahmail.unsubscribe(one(box.cheetahmail, "left@example.org"), "NEWSLETTER")
    file = f"EMAIL,FNAME\n{ANN},Ann\nbad,Bob\nleft@example.org,Eve\n"
    assert client("/cgi-bin/api/load1", file=file, sub=NEWSLETTER) == "OK\r\nloaded=2\r\nrejected=1"
    states = {each.email: each.lists["NEWSLETTER"] for each in box.cheetahmail.subscribers()}
    assert states == {ANN: "in", "left@example.org": "out"}
    assert client("/cgi-bin/api/load1", sub=NEWSLETTER) == "err:field:missing"


def test_a_file_of_unsubscribes_is_taken(box: Sandbox, client: Client) -> None:
    client("/api/setuser1", email=ANN, sub=NEWSLETTER)
    file = f"1,{ANN}\n2,nobody@example.org\n3\n"
    assert client("/cgi-bin/api/unsub1", file=file, sid=NEWSLETTER, email_col="2") == "OK\r\nunsubscribed=2"
    assert one(box.cheetahmail, ANN).lists["NEWSLETTER"] == "out"
    assert client("/cgi-bin/api/unsub1", file=file, email_col="x") == "err:email_col:non-numeric"


def test_anybody_may_sign_up_by_the_web_form(box: Sandbox, stranger: Client) -> None:
    assert stranger("/r/regf2", email=ANN, fsub=NEWSLETTER, FNAME="Ann", n="1") == "OK"
    found = one(box.cheetahmail, ANN)
    assert (found.uid, found.lists["NEWSLETTER"]) == ("", "in")


def test_gigyas_methods_answer_on_the_same_port(box: Sandbox) -> None:
    answer = requests.post(f"http://{box.api_domain}/accounts.search", timeout=10)
    assert answer.json()["errorCode"] != 0
