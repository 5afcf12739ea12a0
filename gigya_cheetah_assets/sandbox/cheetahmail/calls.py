"""What the calls of CheetahMail's API do to the list; how they come over HTTP is in `api`.

Where the real answer to a case is not public, the docstring says what the sandbox does.
"""

from __future__ import annotations

import csv
import io
import re
from urllib.parse import urlencode

from gigya_cheetah_assets.sandbox.cheetahmail import lists
from gigya_cheetah_assets.sandbox.cheetahmail.acts import Acts, is_address, stamp
from gigya_cheetah_assets.sandbox.cheetahmail.forms import Form
from gigya_cheetah_assets.sandbox.cheetahmail.lists import LIST_IDS, LISTS, NAMES
from gigya_cheetah_assets.sandbox.cheetahmail.subscriber import MASTER, Subscriber

_FIELD = re.compile("[A-Z_][A-Z0-9_]*")
_LONGEST = 4000
SOURCE = "API"


class CallError(Exception):
    """A call that failed: `err:` and what follows it."""


class Calls:
    """The calls of a signed-in client.

    Args:
        acts: What changes the list.
    """

    def __init__(self, acts: Acts) -> None:
        self._acts = acts
        self._list = acts.list

    def set_user(self, form: Form) -> str:
        """`setuser1`: adds or updates a user, subscribes and unsubscribes.

        Who left a list is subscribed again only with `resub=1`. With `a=1` the lists of `sub` are all that remain.
        """
        email, fields = _email(form, "email"), _fields(form)
        joins, leaves = _ids(form, "sub"), _ids(form, "unsub")
        new = form.get("newemail")
        with self._list.changing():
            person = self._person(email, form, add=not new)
            if new:
                person = self._moved(person, new)
            if fields:
                self._list.put(person.key, person.email, fields)
                self._acts.tell_changed(person.key, fields)
            if form.get("a") == "1":
                leaves += [name for name in LISTS if person.lists.get(name) == "in" and name not in joins]
            for name in leaves:
                self._leave(person, name)
            for name in joins:
                self._join(person, name, again=form.get("resub") == "1")
        return "OK"

    def get_user(self, form: Form) -> str:
        """`getuser1`: fields as KEY=value, each list as a line of url-encoded pairs whose names are the sandbox's."""
        person = self._person(_email(form, "email"), form, add=False)
        lines = ["OK", *(f"{name}={value}" for name, value in sorted({**person.fields, "EMAIL": person.email}.items()))]
        for name, found in sorted(person.memberships.items()):
            record = {"sub": LIST_IDS[name], "name": name, "state": found.state, "since": stamp(found.at)}
            lines.append(urlencode({**record, "reason": found.reason}))
        return "\r\n".join(lines)

    def load(self, form: Form) -> str:
        """`load1`: a comma-separated file with a header; adds and updates. With `sub` it subscribes who never left."""
        joins = _ids(form, "sub")
        loaded, rejected = 0, 0
        with self._list.changing():
            for row in csv.DictReader(io.StringIO(_file(form), newline="")):
                email = row.get("EMAIL") or row.get("email") or ""
                if not is_address(email) or None in row.values() or None in row:
                    rejected += 1
                    continue
                key = self._list.key_of(email, row.get("GIGYA_UID", ""))
                fields = {name: text for name, text in row.items() if _FIELD.fullmatch(name)}
                self._list.put(key, email, {**fields, "EMAIL": email})
                self._acts.welcome(key, source=SOURCE)
                for name in joins:
                    self._join(self._list.find(key) or Subscriber(key, email), name, again=False)
                loaded += 1
        return f"OK\r\nloaded={loaded}\r\nrejected={rejected}"

    def unsubscribe_all(self, form: Form) -> str:
        """`unsub1`: a file of addresses without header, in column `email_col` (from 1); they leave the list `sid`."""
        names = _ids(form, "sid") or [MASTER]
        wanted = form.get("email_col") or "1"
        if not (wanted.isascii() and wanted.isdigit() and int(wanted)):
            raise CallError("email_col:non-numeric")
        column = int(wanted) - 1
        done = 0
        with self._list.changing():
            for cells in csv.reader(io.StringIO(_file(form), newline="")):
                if column < len(cells) and is_address(cells[column]):
                    key = self._list.key_of(cells[column], "")
                    person = self._list.find(key) or Subscriber(key, cells[column].strip())
                    for name in names:
                        self._acts.unsubscribe(person, name, reason=lists.BULK)
                    done += 1
        return f"OK\r\nunsubscribed={done}"

    def web_form(self, form: Form) -> str:
        """`regf2`: a sign-up form, open to everybody; who left before and signs up now is back."""
        email, fields, joins = _email(form, "email"), _fields(form), [*_ids(form, "sub"), *_ids(form, "fsub")]
        with self._list.changing():
            for name in joins:
                self._acts.sign_up(email, name, **fields)
        return "OK"

    def _person(self, email: str, form: Form, *, add: bool) -> Subscriber:
        key = self._list.key_of(email, form.get("GIGYA_UID"))
        if self._list.is_blocked(key):
            raise CallError("email:blocked")
        found = self._list.find(key)
        if found is None and not add:
            raise CallError("email:noexist")
        if found is None:
            self._list.put(key, email, {"EMAIL": email})
            self._acts.welcome(key, source=SOURCE)
        return found or Subscriber(key, email)

    def _moved(self, person: Subscriber, new: str) -> Subscriber:
        problem = self._acts.move(person.email, new, person.uid)
        if problem:
            raise CallError(problem.removeprefix("err:"))
        self._acts.tell_moved(person.email, new, person.uid)
        key = self._list.key_of(new, person.uid)
        return self._list.find(key) or Subscriber(key, new)

    def _leave(self, person: Subscriber, name: str) -> None:
        self._acts.unsubscribe(person, name, reason=lists.API)

    def _join(self, person: Subscriber, name: str, *, again: bool) -> None:
        known = self._list.membership(person.key, name)
        if known is not None and known.state == "out" and not again:
            return
        self._acts.subscribe(person, name, source=SOURCE)


def _email(form: Form, name: str) -> str:
    email = form.get(name)
    if not is_address(email):
        raise CallError(f"{name}:illegal" if email else f"{name}:missing")
    return email


def _fields(form: Form) -> dict[str, str]:
    fields = {name: value for name, value in form.upper().items() if name != "EMAIL"}
    if not all(map(_FIELD.fullmatch, fields)):
        raise CallError("field:name:illegal")
    # The real message is Oracle's, whose texts are measured in bytes.
    if any(len(value.encode()) > _LONGEST for value in fields.values()):
        raise CallError("data:value too large for column")
    return fields


def _ids(form: Form, name: str) -> list[str]:
    numbers = form.numbers(name)
    if not all(number.isascii() and number.isdigit() for number in numbers):
        raise CallError(f"{name}:non-numeric")
    if any(number not in NAMES or (name != "unsub" and NAMES[number] not in LISTS) for number in numbers):
        raise CallError(f"{name}:illegal")
    return [NAMES[number] for number in numbers]


def _file(form: Form) -> str:
    if form.file is None:
        raise CallError("field:missing")
    try:
        return form.file.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CallError("data:other") from error
