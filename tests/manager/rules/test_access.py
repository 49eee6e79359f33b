"""Who may do what, as a table."""

import pytest

from farmhand.manager.rules.access import ANYTHING, FARM, Grant, Need, Role, called, limitable, may

GPU, CPU = frozenset({"g"}), frozenset({"c"})
ANYWHERE = {role.value: (Grant(role),) for role in Role}
OF_GPU = (Grant(Role.OPERATOR, "g", "gpu"),)
OF_BOTH = (*OF_GPU, Grant(Role.OPERATOR, "c", "cpu"))
WHO = {**ANYWHERE, "nobody": (), "operator of gpu": OF_GPU, "of both": OF_BOTH}

# Of things with the tag gpu, with gpu and cpu, with cpu, without a tag; and at all. "x" may.
TABLE = """
                 need     gpu  both  cpu  none  at-all
nobody           view     -    -     -    -     -
nobody           open     x    x     x    x     x
viewer           view     x    x     x    x     x
viewer           operate  -    -     -    -     -
operator         operate  x    x     x    x     x
operator         admin    -    -     -    -     -
operator-of-gpu  view     x    x     x    x     x
operator-of-gpu  operate  x    x     -    -     x
of-both          operate  x    x     x    -     x
admin            operate  x    x     x    x     x
admin            admin    x    x     x    x     x
admin            worker   -    -     -    -     -
admin            agent    -    -     -    -     -
"""
TAGS = {"gpu": GPU, "both": GPU | CPU, "cpu": CPU, "none": FARM, "at-all": ANYTHING}


def _named(header, marks):
    return zip(header[1:], marks, strict=True)


def cells():
    header, *rows = (line.split() for line in TABLE.strip().splitlines())
    for who, need, *marks in rows:
        yield from ((who.replace("-", " "), Need(need), name, mark == "x") for name, mark in _named(header, marks))


@pytest.mark.parametrize(("who", "need", "tags", "granted"), list(cells()))
def test_may(who, need, tags, granted):
    said = may(WHO[who], need, TAGS[tags])
    assert said.granted is granted, said.reason
    assert bool(said.reason) is not granted


@pytest.mark.parametrize(
    ("grants", "need", "tags", "reason"),
    [
        (ANYWHERE["viewer"], Need.OPERATE, ANYTHING, "are a viewer; this takes an operator"),
        (OF_GPU, Need.ADMIN, ANYTHING, "are an operator of gpu; this takes an admin"),
        (OF_BOTH, Need.OPERATE, FARM, 'are an operator only of what has the tag "cpu" or "gpu"'),
        ((), Need.VIEW, ANYTHING, "are nobody who is known here; this takes a viewer"),
        (ANYWHERE["admin"], Need.WORKER, ANYTHING, "have not the credentials of a worker"),
    ],
)
def test_a_refusal_says_what_is_lacking(grants, need, tags, reason):
    assert may(grants, need, tags).reason == reason


def test_only_an_operator_can_be_limited_to_a_tag():
    assert [role for role in Role if limitable(role)] == [Role.OPERATOR]


def test_the_highest_role_is_what_somebody_is_called():
    assert called((*ANYWHERE["viewer"], *OF_BOTH)) == "an operator of cpu, gpu"
    assert called((*OF_BOTH, *ANYWHERE["operator"])) == "an operator"
