"""What each relation makes of each of its two ends."""

import pytest

from farmhand.supervisor.rules.relations import RELATIONS, Facet, link
from farmhand.units.spec import Service

F = Facet
# systemd, src/core/unit-dependency-atom.c: the relation of a to b, the facets of a towards b, of b towards a.
TABLE = [
    ("after", "after", "before"),
    ("before", "before", "after"),
    ("requires", "starts started_along needs", "stops restarts fails_start needed_by"),
    ("requisite", "checks needs", "stops restarts fails_start fails_start_if_down needed_by"),
    ("wants", "may_start started_along_if_free needs", "needed_by"),
    ("binds_to", "starts started_along bound_to needs", "stops restarts fails_start needed_by stopped_along binds"),
    ("upholds", "may_start started_along upholds needs", "upheld_by needed_by"),
    ("part_of", "", "stops restarts"),
    ("conflicts", "stops_rival rival_stopped", "may_stop_rival rival_stopped fails_start_if_up"),
    ("propagates_stop_to", "stops stopped_along", ""),
    ("stop_propagated_from", "", "stops stopped_along"),
    ("propagates_reload_to", "reloads", ""),
    ("reload_propagated_from", "", "reloads"),
    ("on_failure", "on_failure", "failure_of"),
    ("on_success", "on_success", "success_of"),
]


def facets(text):
    return {Facet[word.upper()] for word in text.split()}


@pytest.mark.parametrize(("relation", "own", "other"), TABLE)
def test_a_relation_has_facets_at_both_ends(relation, own, other):
    links = link([Service("a", **{relation: ("b.service",)}), Service("b")])
    assert {facet for facet in Facet if links.of(facet, "a") == ("b",)} == facets(own)
    assert {facet for facet in Facet if links.of(facet, "b") == ("a",)} == facets(other)


def test_the_table_above_is_whole():
    assert {relation for relation, _, _ in TABLE} == RELATIONS.keys()


def test_units_of_other_types_count_as_there_unless_they_are():
    services = [Service("a", after=("x.target", "y.target", "gone"), requires=("x.socket",)), Service("y.target")]
    links = link(services)
    assert links.of(F.AFTER, "a") == ("y.target", "gone")
    assert links.of(F.STARTS, "a") == ()


def test_nobody_is_related_to_itself():
    assert link([Service("a", after=("a.service",))]).of(F.AFTER, "a") == ()
