"""People, their sessions and links, and sign-ins that failed, on every database."""

import pytest
from stores import beside

from farmhand.manager.rules.access import Grant, Role
from farmhand.manager.rules.tasks import Refused
from farmhand.manager.storage import people, sessions, tags
from farmhand.manager.storage.sessions import LINK
from farmhand.manager.storage.store import Missing

ADMIN, VIEWER = Grant(Role.ADMIN), Grant(Role.VIEWER)
DAY, HOUR = 86_400, 3600


def begin(store, person, address="10.1.1.1", **more):
    return sessions.begin(store, person.id, address, "a test", **{"stays": False, "way": "test", **more})


@pytest.fixture
def kim(store):
    return people.add(store, "Kim", [ADMIN], "test")


def test_a_name_is_taken_once_however_it_is_written(store, kim):
    with pytest.raises(Refused, match='a person "KIM" already'):
        people.add(store, "KIM", [], "test")
    lee = people.add(store, "Lee", [], "test")
    with pytest.raises(Refused, match="already"):
        people.rename(store, lee.id, "kim", "test")
    assert people.named(store, " kIM").id == kim.id
    assert [each.name for each in people.every(store)] == ["Kim", "Lee"]


def test_a_grant_for_a_tag_ends_with_the_tag(store):
    gpu = tags.add(store, "gpu", "", "test")
    lee = people.add(store, "Lee", [Grant(Role.OPERATOR, gpu.id)], "test")
    assert lee.grants == (Grant(Role.OPERATOR, gpu.id, "gpu"),)
    tags.remove(store, gpu.id, "test")
    assert people.one(store, lee.id).grants == ()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ADMIN])
def test_only_an_operator_is_limited_to_a_tag(store, role):
    gpu = tags.add(store, "gpu", "", "test")
    with pytest.raises(Refused, match="cannot be limited"):
        people.add(store, "Lee", [Grant(role, gpu.id)], "test")
    assert people.every(store) == []


def test_the_last_admin_stays_one(store, kim):
    for undo in (lambda: people.remove(store, kim.id, "test"), lambda: people.set_grants(store, kim.id, [VIEWER], "t")):
        with pytest.raises(Refused, match="Kim is the only admin"):
            undo()
        assert people.one(store, kim.id).grants == (ADMIN,)
    people.add(store, "Lee", [ADMIN], "test")
    people.remove(store, kim.id, "test")
    with pytest.raises(Missing):
        people.one(store, kim.id)


# -- sessions


def test_a_session_is_known_by_what_its_cookie_has_at_every_manager(store, kim):
    begun = begin(store, kim)
    assert begun.secret not in repr(begun.session)
    with beside(store) as other:
        assert sessions.find(other, begun.secret, counts=True).person_id == kim.id
    assert sessions.find(store, begun.secret[:-1], counts=True) is None


def test_it_ends_when_nothing_is_heard_of_it(store, kim, clock):
    begun = begin(store, kim)
    clock.passes(11 * HOUR)
    assert sessions.find(store, begun.secret, counts=True)
    clock.passes(11 * HOUR)
    assert sessions.find(store, begun.secret, counts=False), "an open page that looks by itself has a session too"
    clock.passes(2 * HOUR)
    assert sessions.find(store, begun.secret, counts=True) is None, "but nobody was there for 13 hours"


def test_it_ends_at_the_latest_after_its_lifetime(store, kim, clock):
    begun, stays = begin(store, kim), begin(store, kim, stays=True)
    for _ in range(13):
        clock.passes(11 * HOUR)
        assert sessions.find(store, begun.secret, counts=True)
    clock.passes(7 * DAY - 13 * 11 * HOUR - 1)
    assert sessions.find(store, stays.secret, counts=False), "one that stays needs no sign of life"
    clock.passes(1)
    assert sessions.find(store, begun.secret, counts=True) is None
    assert sessions.find(store, stays.secret, counts=True) is None


def test_another_takes_the_place_of_the_one_that_the_browser_had(store, kim):
    first = begin(store, kim)
    second = begin(store, kim, instead=first.secret)
    assert sessions.find(store, first.secret, counts=True) is None
    assert [each.id for each in sessions.of_person(store, kim.id)] == [second.session.id]


def test_one_ends_and_all_end_but_ones_own(store, kim):
    one, two, three = (begin(store, kim) for _ in range(3))
    lee = people.add(store, "Lee", [VIEWER], "test")
    sessions.end(store, lee.id, one.session.id, "Lee")
    assert sessions.find(store, one.secret, counts=True), "who ended it, though it is not theirs"
    sessions.end(store, kim.id, one.session.id, "Kim")
    sessions.end_all(store, kim.id, "Kim", but=two.session.id)
    assert [bool(sessions.find(store, each.secret, counts=True)) for each in (one, two, three)] == [False, True, False]


@pytest.mark.parametrize(
    "change",
    [
        lambda store, id: people.set_grants(store, id, [VIEWER], "test"),
        lambda store, id: people.set_password(store, id, "a hash", "test"),
        lambda store, id: people.remove(store, id, "test"),
    ],
    ids=["role", "password", "removed"],
)
def test_all_end_with_what_a_person_may_do(store, kim, change):
    lee = people.add(store, "Lee", [ADMIN], "test")
    begun, other = begin(store, lee), begin(store, kim)
    change(store, lee.id)
    assert sessions.find(store, begun.secret, counts=True) is None
    assert sessions.find(store, other.secret, counts=True)


# -- links


def spend(store, secret):
    with store.database.write() as change:
        return sessions.spend(change, secret)


def test_a_link_works_once_and_takes_all_others_for_the_same_with_it(store, kim):
    first, again, other = (
        sessions.make_link(store, kim.id),
        sessions.make_link(store, kim.id),
        sessions.make_link(store, None),
    )
    assert spend(store, first).person_id == kim.id
    assert spend(store, first) is None
    assert spend(store, again) is None
    assert spend(store, other).person_id is None


def test_a_link_grows_old(store, kim, clock):
    secret = sessions.make_link(store, kim.id)
    clock.passes(LINK / 1000)
    assert spend(store, secret) is None


def test_neither_links_nor_sessions_are_kept_as_they_are_written(store, kim):
    kept = [begin(store, kim).secret, sessions.make_link(store, None)]
    with store.database.read() as connection:
        for table in ("session", "one_time_link"):
            text = repr(connection.exec_driver_sql(f'SELECT * FROM "{table}"').all())
            assert not any(secret in text for secret in kept)


# -- sign-ins that failed


def test_tries_wait_ever_longer_and_a_success_forgets_them(store, kim, clock):
    for _ in range(3):
        assert sessions.try_in(store, "kim", "10.1.1.1") == 0
    assert sessions.try_in(store, "KIM", "10.1.1.1") == 1000
    clock.passes(1)
    assert sessions.try_in(store, "kim", "10.1.1.1") == 0
    assert sessions.try_in(store, "kim", "10.1.1.1") == 2000
    assert sessions.try_in(store, "kim", "10.9.9.9") == 0, "another place has its own count"
    clock.passes(2)
    sessions.try_in(store, "kim", "10.1.1.1")
    sessions.succeeded(store, "kim", "10.1.1.1")
    assert sessions.try_in(store, "kim", "10.1.1.1") == 0


def test_another_manager_knows_of_the_tries(store, kim):
    for _ in range(3):
        sessions.try_in(store, "kim", "10.1.1.1")
    with beside(store) as other:
        assert sessions.try_in(other, "kim", "10.1.1.1") == 1000


def test_nobody_can_lock_a_person_out(store, kim):
    begin(store, kim, "10.1.1.1")
    for number in range(60):
        sessions.try_in(store, "kim", f"10.7.0.{number}")
    assert sessions.try_in(store, "kim", "10.1.1.1") == 0, "where she signs in as a rule"
    assert 0 < sessions.try_in(store, "kim", "10.8.8.8") <= 60_000, "and where nobody ever saw her, in a minute"


def test_one_address_that_tries_many_names_waits(store):
    waits = [sessions.try_in(store, f"name {number}", "10.1.1.1") for number in range(25)]
    assert waits[:20] == [0] * 20
    assert waits[20] == 1000


def test_another_password_ends_the_links_to_choose_one(store, kim):
    secret = sessions.make_link(store, kim.id)
    people.set_password(store, kim.id, "a hash", "kim")
    with store.database.read() as connection:
        assert sessions.link(connection, secret, store.clock()) is None


def test_a_customers_ipv6_network_is_one_place():
    assert sessions.place("2001:db8:1:2:3::4") == sessions.place("2001:db8:1:2::9") != sessions.place("2001:db8:1:3::9")
    assert sessions.place("10.1.1.1") == sessions.place("::ffff:10.1.1.1") == "10.1.1.1"
    assert sessions.place("x" * 100) == "x" * 60


def test_what_was_typed_for_a_name_is_not_written_down(store, clock):
    sessions.try_in(store, "my secret password", "10.1.1.1")
    sessions.mistaken(store, "my secret password", "10.1.1.1", "", "unknown name")
    with store.database.read() as connection:
        for table in ("attempt", "audit"):
            assert "my secret password" not in repr(connection.exec_driver_sql(f"SELECT * FROM {table}").all())
