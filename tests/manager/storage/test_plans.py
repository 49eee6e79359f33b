"""Plans: a token that is good once, for exactly what was said."""

import pytest
from pretended import awake, job

from farmhand.manager.rules.workers import PLAIN, Terms
from farmhand.manager.storage import plans
from farmhand.manager.storage.plans import KEPT, Applied, Expired, Overtaken
from farmhand.manager.storage.store import Missing
from farmhand.worker.wire import Request, Status

RESTART = Request(Status.RESTART)
NOBODY = "00000000-0000-0000-0000-000000000000"


def planned(store, *workers, wish=RESTART, terms=PLAIN):
    return plans.make(store, [worker.id for worker in workers], wish, terms, "kim")


def asked(store, *workers):
    return [store.worker(worker.id).request is not None for worker in workers]


def test_planning_asks_nobody_and_applying_asks_all(store):
    able, unable = awake(store, "able"), awake(store, "unable", can_restart=False)
    kept = planned(store, able, unable)
    assert asked(store, able, unable) == [False, False]
    done = plans.apply(store, kept.token, "kim")
    assert isinstance(done, Applied)
    assert [answer.accepted for answer in done.answers] == [True, False]
    assert [answer.text for answer in done.answers] == [step.text for step in kept.plan.steps]
    assert asked(store, able, unable) == [True, False]


def test_applying_again_gives_the_same_answer_and_asks_nobody_again(store):
    worker = awake(store, "node-1")
    kept = planned(store, worker)
    first = plans.apply(store, kept.token, "kim")
    worker.restarts()
    assert plans.apply(store, kept.token, "kim") == first
    assert asked(store, worker) == [False]


def test_what_would_be_something_else_now_is_told_with_a_plan_of_today(store):
    worker, other = awake(store, "node-1"), awake(store, "other")
    kept = planned(store, worker, other)
    job(store, tasks=1)
    task = worker.asks_for_work().task
    overtaken = plans.apply(store, kept.token, "kim")
    assert isinstance(overtaken, Overtaken)
    assert [(each.name, each.text) for each in overtaken.changes] == [
        ("node-1", f"is now at another task, which would be aborted: {task.job_name}, {task.name}")
    ]
    assert asked(store, worker, other) == [False, False]
    assert plans.apply(store, kept.token, "kim") == overtaken
    assert isinstance(plans.apply(store, overtaken.anew.token, "kim"), Applied)
    assert asked(store, worker, other) == [True, True]


def test_terms_are_those_of_the_plan(store, clock):
    worker = awake(store, "node-1")
    terms = Terms(deadline=clock.now + 1000, reason="new driver")
    kept = planned(store, worker, wish=Request(Status.RESTART, lazy=True), terms=terms)
    plans.apply(store, kept.token, "kim")
    assert store.worker(worker.id).request.terms == terms


def test_a_deadline_that_has_passed_is_a_change(store, clock):
    worker = awake(store, "node-1")
    kept = planned(store, worker, wish=Request(Status.RESTART, lazy=True), terms=Terms(deadline=clock.now + 1000))
    clock.passes(1)
    overtaken = plans.apply(store, kept.token, "kim")
    assert [each.text.partition(";")[0] for each in overtaken.changes] == ["deadline: it is over already"]
    assert asked(store, worker) == [False]


def after_each_part(monkeypatch, then):
    """Have plans of more than two workers done in parts of two, and something happen after each of them."""
    part = plans._part

    def observed(store, plan, those, *rest):
        answers = part(store, plan, those, *rest)
        then(those)
        return answers

    monkeypatch.setattr(plans, "BATCH", 2)
    monkeypatch.setattr(plans, "_part", observed)


def test_what_concerns_many_is_done_in_parts_between_which_others_write(store, monkeypatch):
    farm = [awake(store, f"node-{n}") for n in range(5)]
    seen = []
    after_each_part(monkeypatch, lambda _: seen.append(sum(asked(store, *farm))))
    kept = planned(store, *farm)
    done = plans.apply(store, kept.token, "kim")
    assert seen == [2, 4, 5]
    assert [answer.name for answer in done.answers] == [f"node-{n}" for n in range(5)]
    assert plans.apply(store, kept.token, "kim") == done


def test_who_changes_between_two_parts_is_left_out_and_told(store, monkeypatch):
    farm = [awake(store, f"node-{n}") for n in range(4)]

    def somebody_is_quicker(those):
        if those[0][0].id == farm[0].id:
            store.act([farm[3].id], Request(Status.OFFLINE), "sam")

    after_each_part(monkeypatch, somebody_is_quicker)
    done = plans.apply(store, planned(store, *farm).token, "kim")
    assert [(answer.name, answer.accepted) for answer in done.answers] == [
        ("node-0", True),
        ("node-1", True),
        ("node-2", True),
        ("node-3", False),
    ]
    assert done.answers[3].text.startswith("changed meanwhile and is left out: restarts now, instead of Shut Down")
    assert store.worker(farm[3].id).request.by == "sam"


def test_nothing_is_begun_of_what_concerns_many_where_one_has_changed(store, monkeypatch):
    monkeypatch.setattr(plans, "BATCH", 2)
    farm = [awake(store, f"node-{n}") for n in range(4)]
    kept = planned(store, *farm)
    store.act([farm[3].id], Request(Status.OFFLINE), "sam")
    overtaken = plans.apply(store, kept.token, "kim")
    assert [each.name for each in overtaken.changes] == ["node-3"]
    assert asked(store, *farm) == [False, False, False, True]
    assert isinstance(plans.apply(store, overtaken.anew.token, "kim"), Applied)


def test_what_was_broken_off_is_not_begun_again(store, monkeypatch):
    monkeypatch.setattr(plans, "BATCH", 2)
    farm = [awake(store, f"node-{n}") for n in range(4)]
    kept = planned(store, *farm)

    def power_cut(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(plans, "_part", power_cut)
    with pytest.raises(KeyboardInterrupt):
        plans.apply(store, kept.token, "kim")
    with pytest.raises(Expired, match="broken off"):
        plans.apply(store, kept.token, "kim")


def test_a_plan_is_kept_for_some_minutes(store, clock):
    worker = awake(store, "node-1")
    kept = planned(store, worker)
    assert kept.expires_at == clock.now + KEPT
    clock.passes(KEPT / 1000 + 1)
    with pytest.raises(Expired):
        plans.apply(store, kept.token, "kim")
    planned(store, worker)
    with pytest.raises(Missing):
        plans.apply(store, kept.token, "kim")


def test_only_existing_workers_can_be_planned_for(store):
    with pytest.raises(Missing, match=NOBODY):
        plans.make(store, [NOBODY], RESTART, PLAIN, "kim")
