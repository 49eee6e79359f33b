from dataclasses import replace

import pytest

from farmhand.manager.rules.facts import Kind
from farmhand.manager.rules.workers import (
    Announcement,
    Pending,
    Worker,
    alive,
    hears,
    lose,
    patience,
    report,
    requeues,
    sign_off,
    sign_on,
    start_status,
    told,
)
from farmhand.worker.wire import Request, Status

NOW = 1_000_000
SAID = Announcement("node-1", "0.2", ("blender", "misc"), True, "10.0.0.1")


def worker(status=Status.AWAKE, **more):
    return Worker("w", "node-1", status, True, registered_at=0, last_seen=NOW, **more)


def wants(status, *, lazy=False):
    return Pending("r1", Request(status, lazy), "kim", NOW - 500, seq=7)


def kinds(moved):
    return [fact.kind for fact in moved.facts]


# Who is in which status, what it is asked, how it starts next time, and what it is told at sign-on.
@pytest.mark.parametrize(
    ("asked", "resume", "told_to_be"),
    [
        pytest.param(None, None, Status.AWAKE, id="a new worker is awake"),
        pytest.param(None, Status.ASLEEP, Status.ASLEEP, id="one that was asleep sleeps on"),
        pytest.param(Status.AWAKE, Status.ASLEEP, Status.AWAKE, id="what was asked beats what was"),
        pytest.param(Status.OFFLINE, None, Status.OFFLINE, id="one that crashed before it could shut down does so now"),
        pytest.param(Status.RESTART, None, Status.AWAKE, id="signing on is what a restart asked for"),
        pytest.param(Status.RESTART, Status.ASLEEP, Status.ASLEEP, id="a restart does not wake"),
    ],
)
def test_what_a_worker_is_told_at_sign_on(asked, resume, told_to_be):
    before = worker(Status.OFFLINE, resume=resume, request=asked and wants(asked))
    moved = sign_on(before, SAID, NOW)
    assert start_status(moved.worker) is told_to_be
    assert moved.worker.status is Status.STARTING
    assert moved.worker.incarnation == 1


def test_signing_on_overwrites_what_the_last_process_said():
    after = sign_on(worker(Status.ERROR, lost_from=Status.AWAKE, idle=True, pushes=True), SAID, NOW).worker
    assert (after.version, after.task_types, after.lost_from) == ("0.2", ("blender", "misc"), None)
    assert not after.idle
    assert not after.pushes


def test_a_restart_is_confirmed_by_the_new_process_and_not_by_the_end_of_the_old():
    gone = sign_off(worker(request=wants(Status.RESTART)), NOW)
    assert gone.worker.request is not None
    assert kinds(gone) == [Kind.WORKER_SIGNED_OFF]
    back = sign_on(gone.worker, SAID, NOW)
    assert back.worker.request is None
    assert kinds(back) == [Kind.WORKER_SIGNED_ON, Kind.REQUEST_DONE]
    assert back.facts[1].detail["took"] == 500


def test_a_shutdown_is_confirmed_by_the_sign_off():
    gone = sign_off(worker(request=wants(Status.OFFLINE)), NOW)
    assert gone.worker.request is None
    assert kinds(gone) == [Kind.WORKER_SIGNED_OFF, Kind.REQUEST_DONE]


@pytest.mark.parametrize("status", [Status.AWAKE, Status.ASLEEP])
def test_signing_off_remembers_the_status_without_asking_for_it(status):
    after = sign_off(worker(status), NOW).worker
    assert (after.status, after.resume, after.request) == (Status.OFFLINE, status, None)


def test_a_lost_worker_that_signs_off_had_its_former_status():
    assert sign_off(worker(Status.ERROR, lost_from=Status.ASLEEP), NOW).worker.resume is Status.ASLEEP


def test_a_worker_that_leaves_while_starting_starts_as_it_would_have():
    assert sign_off(worker(Status.STARTING, resume=Status.ASLEEP), NOW).worker.resume is Status.ASLEEP


def test_only_the_status_that_was_asked_for_ends_a_request():
    lazy = worker(Status.STARTING, request=wants(Status.ASLEEP, lazy=True))
    awake = report(lazy, Status.AWAKE, NOW)
    assert awake.worker.request is not None
    asleep = report(awake.worker, Status.ASLEEP, NOW)
    assert asleep.worker.request is None
    assert kinds(asleep) == [Kind.WORKER_STATUS, Kind.REQUEST_DONE]


def test_reporting_the_same_status_again_tells_nothing():
    assert not report(worker(), Status.AWAKE, NOW).facts


@pytest.mark.parametrize("status", list(Status))
def test_a_worker_lets_go_of_its_task_in_every_status_but_awake(status):
    assert requeues(status) is (status is not Status.AWAKE)


@pytest.mark.parametrize("was", [Status.AWAKE, Status.ASLEEP, Status.STARTING])
def test_a_lost_worker_is_what_it_was_at_its_first_sign_of_life(was):
    lost = lose(replace(worker(was), last_seen=NOW - 60_000), NOW)
    assert lost.worker.status is Status.ERROR
    assert lost.facts[0].detail == {"from": was.value, "silent": 60_000}
    back = alive(lost.worker, NOW)
    assert (back.worker.status, back.worker.lost_from) == (was, None)
    assert kinds(back) == [Kind.WORKER_BACK]


def test_what_was_asked_of_a_lost_worker_still_waits_for_it():
    assert alive(lose(worker(request=wants(Status.OFFLINE)), NOW).worker, NOW).worker.request is not None


def test_a_lost_worker_that_was_asked_to_wake_has_done_so_when_it_is_back():
    lost = replace(lose(worker(), NOW).worker, request=wants(Status.AWAKE))
    assert kinds(alive(lost, NOW)) == [Kind.WORKER_BACK, Kind.REQUEST_DONE]


def test_a_sign_of_life_of_a_worker_that_is_not_lost_changes_nothing():
    assert alive(worker(), NOW).worker == worker()


def test_an_error_that_the_worker_reported_itself_stays():
    assert alive(report(worker(), Status.ERROR, NOW).worker, NOW).worker.status is Status.ERROR


def test_a_worker_is_told_once():
    once = told(worker(request=wants(Status.ASLEEP)), NOW)
    assert once.worker.request.seen_at == NOW
    assert kinds(once) == [Kind.REQUEST_SEEN]
    assert not told(once.worker, NOW + 5).facts


@pytest.mark.parametrize(("seq", "seen"), [(6, None), (7, NOW), (8, NOW)])
def test_a_worker_that_listens_has_seen_what_it_says_it_heard(seq, seen):
    after = hears(worker(request=wants(Status.ASLEEP)), seq, NOW).worker
    assert after.request.seen_at == seen
    assert after.pushes


LEASES = {"polling": 60_000, "pushing": 15_000}


@pytest.mark.parametrize(
    ("status", "pushes", "expected"),
    [
        pytest.param(Status.AWAKE, False, 60_000, id="a worker that polls"),
        pytest.param(Status.AWAKE, True, 15_000, id="a worker that keeps a request open"),
        pytest.param(Status.ASLEEP, True, 15_000, id="also while it sleeps"),
        pytest.param(Status.STARTING, False, 60_000, id="also while it starts"),
        pytest.param(Status.OFFLINE, False, None, id="nothing is expected of an offline worker"),
        pytest.param(Status.ERROR, False, None, id="a lost worker is not lost again"),
    ],
)
def test_how_long_a_worker_may_be_silent(status, pushes, expected):
    assert patience(status, pushes=pushes, **LEASES) == expected
