from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gigya_cheetah_assets.ledger import DeletedPerson, Ledger, Tombstones
from gigya_cheetah_assets.outbound.deleted import addresses_deleted_since, withhold, without
from gigya_cheetah_assets_tests.ledger.people import SHAPE, T0, Person, frame

PEOPLE = st.builds(
    Person,
    uid=st.sampled_from(["u-gone", "u-new", "u-other"]),
    email=st.sampled_from(["gone@example.org", "GONE@example.org ", "other@example.org", None]),
    news=st.sampled_from([None, "opt_in", "opt_out", "pending"]),
    offers=st.sampled_from([None, "opt_in", "opt_out"]),
    at=st.one_of(st.none(), st.sampled_from([T0 - 1, T0, T0 + 1])),
)


@pytest.fixture(scope="module")
def stones(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tombstones]:
    folder: Path = tmp_path_factory.mktemp("ledger")
    with Ledger.open(f"sqlite:///{folder}/ledger.sqlite") as ledger:
        stones = Tombstones(ledger, "acme")
        stones.put_up("w1", [DeletedPerson("u-gone", "gone@example.org", T0, "accounts.deleteAccount")])
        yield stones


def reasons(stones: Tombstones, *people: Person) -> list[tuple[str, str, str]]:
    _, _, lines = withhold(frame(*people), stones, SHAPE)
    return [tuple(line.values()) for line in lines.to_pylist()]


def test_a_deleted_uid_is_a_reject_whatever_she_decided(stones: Tombstones) -> None:
    assert reasons(stones, Person("u-gone", news="opt_in", at=T0 + 99)) == [("u-gone", "GIGYA_UID", "deleted")]


def test_an_opt_in_of_the_address_counts_only_if_it_is_later_than_the_deletion(stones: Tombstones) -> None:
    old, new = (Person("u-new", "gone@example.org", news="opt_in", at=at) for at in (T0, T0 + 1))
    assert reasons(stones, old) == [("u-new", "NEWS", "opt_in_before_deletion")]
    assert reasons(stones, new) == []


def test_an_opt_in_that_nobody_can_date_is_taken_for_an_old_one(stones: Tombstones) -> None:
    undated = Person("u-new", "gone@example.org", offers="opt_in")
    assert reasons(stones, undated) == [("u-new", "OFFERS", "opt_in_before_deletion")]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(PEOPLE, max_size=3, unique_by=lambda person: person.uid))
def test_nothing_of_a_deleted_person_and_no_old_opt_in_of_her_address_goes_on(
    stones: Tombstones, people: list[Person]
) -> None:
    rows = frame(*people)
    good, held, lines = withhold(rows, stones, SHAPE)
    assert pa.concat_tables([good, held]).sort_by(SHAPE.key) == rows.sort_by(SHAPE.key)
    assert set(lines["uid"].to_pylist()) == set(held[SHAPE.key].to_pylist())
    for person in people:
        hers = (person.email or "").strip().lower() == "gone@example.org"
        opted_in = "opt_in" in (person.news, person.offers)
        stopped = person.uid == "u-gone" or (hers and opted_in and (person.at is None or person.at <= T0))
        assert (person.uid in held[SHAPE.key].to_pylist()) == stopped
    assert without(rows, stones, SHAPE.key)[SHAPE.key].to_pylist() == [
        uid for uid in rows[SHAPE.key].to_pylist() if uid != "u-gone"
    ]


def test_addresses_that_were_deleted_since_are_counted(stones: Tombstones) -> None:
    rows = frame(Person("u-new", "gone@example.org"))
    assert [addresses_deleted_since(rows, stones, SHAPE, revision) for revision in (0, 1)] == [1, 0]
