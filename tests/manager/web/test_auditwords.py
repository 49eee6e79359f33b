"""The sentences of the audit log."""

import pytest

from farmhand.manager.rules import deeds
from farmhand.manager.rules.facts import Kind
from farmhand.manager.web.audit.auditrows import whence
from farmhand.manager.web.audit.auditwords import SAYS, sentence

ONE = {"workers": {"w-1": "node-1"}}
FIVE = {"workers": {f"w-{n}": f"node-{n}" for n in range(1, 6)}}

# What workers and agents do, and what the farm does by itself: nobody's deed.
NOBODYS = {
    *(Kind.WORKER_SIGNED_ON, Kind.WORKER_STATUS, Kind.WORKER_IDLE, Kind.WORKER_SIGNED_OFF, Kind.WORKER_LOST),
    *(Kind.WORKER_BACK, Kind.WORKER_LOOPS, Kind.REQUEST_SEEN, Kind.REQUEST_DONE, Kind.REQUEST_ESCALATED),
    *(Kind.TASK_STARTED, Kind.TASK_PROGRESS, Kind.TASK_PICTURE, Kind.JOB_PICTURE, Kind.SERVICE_CHANGED),
    *(Kind.SERVICE_RESTARTED, Kind.TICKET_TAKEN, Kind.TICKET_ENDED),
}


def test_there_are_words_for_all_that_people_do():
    of_the_manager = {value for name, value in vars(deeds).items() if name.isupper() and isinstance(value, str)}
    of_the_manager -= {deeds.DONE, deeds.REFUSED, deeds.FAILED}
    assert {*of_the_manager, *(kind.value for kind in Kind if kind not in NOBODYS)} == SAYS.keys()


@pytest.mark.parametrize(
    ("what", "whom", "detail", "said"),
    [
        ("request.made", "", {**ONE, "status": "restart", "lazy": True}, "asked node-1 to restart after its task"),
        (
            "request.made",
            "",
            {**FIVE, "status": "offline", "lazy": False, "reason": "the power goes"},
            "asked node-1, node-2, node-3 and 2 more to shut down at once “the power goes”",
        ),
        ("request.made", "", {**ONE, "status": "awake", "lazy": False}, "asked node-1 to wake up"),
        ("request.made", "", {**ONE, "tasks": ["t"], "status": "restart"}, "asked node-1 to restart at once"),
        ("job.submitted", "", {"jobs": {"j": "Shot"}, "tasks": 4}, "submitted Shot"),
        ("request.made", "", {**FIVE}, "asked node-1, node-2, node-3 and 2 more for a change"),
        ("action.refused", "", {**ONE, "why": "it is lost"}, "asked something of node-1 that was refused: it is lost"),
        ("worker.tags", "", {**ONE, "tags": ["gpu", "night"]}, "gave node-1 the tags gpu, night"),
        ("worker.tags", "", {**ONE, "tags": []}, "took all tags off node-1"),
        ("worker.revoked", "", {**ONE, "waiting": True}, "turned node-1 away"),
        (
            "job.changed",
            "",
            {"jobs": {"j": "Shot"}, "priority": 90, "was": 50},
            "set the priority of Shot from 50 to 90",
        ),
        ("schedule.changed", "", {"tag": "gpu"}, "changed the sleep schedule of tag gpu"),
        ("session.ended", "person kim", {}, "signed out"),
        ("session.ended", "person lee", {}, "signed lee out of a browser"),
        ("person.made", "person lee", {"is": "an operator"}, "added lee, an operator"),
        ("tag.changed", "tag b", {"name": "b", "was": "a"}, "renamed tag a to b"),
        ("something.new", "worker x", {}, "something.new worker x"),
    ],
)
def test_a_deed_is_a_sentence(what, whom, detail, said):
    assert "".join(part.text for part in sentence("kim", what, whom, detail)) == said


def test_a_sentence_leads_to_workers_and_jobs():
    ways = [part.href for part in sentence("kim", "request.made", "", {**FIVE, "status": "awake"}) if part.href]
    assert ways == ["/workers/w-1", "/workers/w-2", "/workers/w-3"]
    of_task = {"tasks": ["t"], "jobs": {"j": "Shot"}, "to": "queued"}
    assert [part.href for part in sentence("kim", "task.status", "task 1 of job Shot", of_task) if part.href] == [
        "/jobs/j"
    ]


@pytest.mark.parametrize(
    ("address", "way", "said"),
    [
        ("10.0.0.4", "session", "from 10.0.0.4, in a browser"),
        ("10.0.0.4", "", "from 10.0.0.4"),
        ("", "command line", "on the command line"),
    ],
)
def test_it_is_said_from_where(address, way, said):
    assert whence(address, way) == said
