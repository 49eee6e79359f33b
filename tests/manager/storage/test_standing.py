"""Who is let in, and those for whom somebody vouches, on databases of every kind."""

import pytest
from signed import ADMIN, OPERATOR, VIEWER, person
from sqlalchemy import text

from farmhand.manager.rules.access import Grant, Role
from farmhand.manager.rules.deeds import ACCESS_REFUSED, Deed
from farmhand.manager.rules.tasks import Refused
from farmhand.manager.rules.vouched import Granted, Vouched
from farmhand.manager.storage import people, sessions, standing, tags
from farmhand.manager.storage.standing import Standing, admit

ROLES = {
    "admins": Granted(Role.ADMIN),
    "wranglers": Granted(Role.OPERATOR),
    "gpu-team": Granted(Role.OPERATOR, ("gpu",)),
}
ISSUER = "https://id.example.org"


def kim(*groups):
    return Vouched(ISSUER, "248289", "kim", groups)


def test_who_is_let_in_no_more_has_nothing_left(store):
    root, lee = person(store, "root"), person(store, "lee", OPERATOR, "a hash")
    begun = sessions.begin(store, lee.id, "", "", stays=True, way="password")
    link = sessions.make_link(store, lee.id)
    standing.turn_off(store, lee.id, "root")
    assert people.one(store, lee.id).grants == ()
    assert not people.one(store, lee.id).has_password
    assert sessions.find(store, begun.secret, counts=False) is None
    with store.database.read() as connection:
        assert sessions.link(connection, link, store.clock()) is None
    assert standing.all_of(store)[lee.id].off_at == store.clock()
    assert standing.all_of(store)[root.id] == Standing()


def test_they_may_be_let_in_again(store):
    person(store, "root")
    lee = person(store, "lee", OPERATOR)
    standing.turn_off(store, lee.id, "root")
    standing.turn_on(store, lee.id, VIEWER, "root")
    assert people.one(store, lee.id).grants == VIEWER
    assert standing.all_of(store)[lee.id].off_at is None


def test_the_last_admin_stays(store):
    root = person(store, "root")
    for change in (
        lambda: standing.turn_off(store, root.id, "root"),
        lambda: standing.turn_on(store, root.id, VIEWER, "root"),
        lambda: people.remove(store, root.id, "root"),
    ):
        with pytest.raises(Refused, match="root is the only admin"):
            change()
    assert people.one(store, root.id).grants == ADMIN
    assert standing.all_of(store)[root.id].off_at is None


def test_single_keys_are_a_persons_to_choose(store):
    root = person(store, "root")
    assert standing.has_shortcuts(store, root.id)
    standing.set_shortcuts(store, root.id, wanted=False)
    assert not standing.has_shortcuts(store, root.id)
    assert standing.has_shortcuts(store, "nobody")


# -- those for whom somebody vouches


def test_somebody_in_a_group_is_made_a_person_and_known_again(store):
    made = admit(store, kim("wranglers"), ROLES)
    assert (made.name, made.grants) == ("kim", (Grant(Role.OPERATOR),))
    assert admit(store, kim("wranglers"), ROLES) == made
    assert standing.issuers_of(store, made.id) == [ISSUER]


def test_somebody_in_no_group_is_nobody(store):
    with pytest.raises(Refused, match="kim is in no group that has a role here"):
        admit(store, kim("artists"), ROLES)
    assert people.every(store) == []


def test_groups_decide_each_time(store):
    gpu = tags.add(store, "gpu", "", "root")
    made = admit(store, kim("admins"), ROLES)
    begun = sessions.begin(store, made.id, "", "", stays=False, way="provider")
    limited = admit(store, kim("gpu-team"), ROLES)
    assert limited.grants == (Grant(Role.OPERATOR, gpu.id, "gpu"),), "the last admin, too, is what the provider says"
    assert sessions.find(store, begun.secret, counts=False) is None, "what was allowed before is over"
    with pytest.raises(Refused, match="in no group"):
        admit(store, kim(), ROLES)
    assert people.one(store, made.id).grants == ()


def test_a_name_that_somebody_has_gives_nobody_their_rights(store):
    root = person(store, "Kim", ADMIN)
    made = admit(store, kim("wranglers"), ROLES)
    assert made.id != root.id
    assert (made.name, made.grants) == ("kim 2", (Grant(Role.OPERATOR),))
    other = admit(store, Vouched("https://other.example", "248289", "KIM", ("wranglers",)), ROLES)
    assert (other.name, other.id in (root.id, made.id)) == ("KIM 3", False)


def test_a_new_name_makes_nobody_else_of_them(store):
    made = admit(store, kim("wranglers"), ROLES)
    assert admit(store, Vouched(ISSUER, "248289", "Kim Lee", ("wranglers",)), ROLES).id == made.id


def test_issuer_and_subject_are_not_to_be_mixed_up(store):
    made = admit(store, Vouched("a", "b c", "one", ("wranglers",)), ROLES)
    assert admit(store, Vouched("a b", "c", "other", ("wranglers",)), ROLES).id != made.id


def test_a_name_that_does_not_show_is_written_so_that_it_does(store):
    assert admit(store, Vouched(ISSUER, "1", "k\u202eim\n", ("wranglers",)), ROLES).name == "kim"
    assert admit(store, Vouched(ISSUER, "2", "\u200b", ("wranglers",)), ROLES).name == "somebody"


def test_who_was_turned_off_is_not_let_in_by_a_provider(store):
    person(store, "root")
    made = admit(store, kim("wranglers"), ROLES)
    standing.turn_off(store, made.id, "root")
    with pytest.raises(Refused, match="kim is not let in any more"):
        admit(store, kim("wranglers"), ROLES)
    assert people.one(store, made.id).grants == ()


def test_a_sign_in_is_good_once(store, clock):
    admit(store, kim("wranglers"), ROLES, "state", 600_000)
    with pytest.raises(Refused, match="used already"):
        admit(store, kim("wranglers"), ROLES, "state", 600_000)
    admit(store, kim("wranglers"), ROLES, "another", 600_000)
    clock.passes(601)
    admit(store, kim("wranglers"), ROLES, "a third", 600_000)
    with store.database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM spent")).scalar() == 1, "those that ended are forgotten"


def test_some_things_are_noted_once_a_day(store, clock):
    deed = Deed(ACCESS_REFUSED, "nobody")

    def noted():
        with store.database.read() as connection:
            return connection.execute(text("SELECT count(*) FROM audit WHERE what = 'access.refused'")).scalar()

    for address in ("192.0.2.7", "192.0.2.7", "192.0.2.8"):
        standing.note(store, deed, address)
    assert noted() == 2
    clock.passes(24 * 3600)
    standing.note(store, deed, "192.0.2.7")
    assert noted() == 3
