"""farmhand-manager jobs and tags, against a real manager."""

import pytest
from pretended import Pretended, job
from terminal import run

from farmhand.manager.storage.store import Store
from farmhand.worker.wire import JobStatus

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def shot(node: Pretended, store: Store) -> str:
    return job(store, "shot", tasks=2)


def test_jobs_are_listed_and_filtered(shot: str, store: Store, capsys: Capture) -> None:
    other = job(store, "other")
    run(capsys, "jobs", "cancel", "other")
    assert [line.split()[0] for line in run(capsys, "jobs").lines] == ["NAME", "other", "shot"]
    assert [each["id"] for each in run(capsys, "jobs", "--json").json] == [other, shot]
    assert [line.split()[0] for line in run(capsys, "jobs", "list", "--status", "queued").lines[1:]] == ["shot"]
    assert [each["id"] for each in run(capsys, "jobs", "list", "--text", "OTH", "--json").json] == [other]


def test_a_job_is_shown_with_its_tasks(shot: str, node: Pretended, capsys: Capture) -> None:
    node.asks_for_work()
    said = run(capsys, "jobs", "show", "shot")
    assert said.code == 0
    assert f"ID         {shot}" in said.out
    assert [line.split()[:3] for line in said.lines[-2:]] == [["Frame", "1", "active"], ["Frame", "2", "queued"]]
    assert len(run(capsys, "jobs", "show", shot, "--json").json["tasks"]) == 2


@pytest.mark.parametrize(
    ("verb", "status"), [("pause", JobStatus.PAUSED), ("cancel", JobStatus.CANCELED), ("requeue", JobStatus.QUEUED)]
)
def test_a_job_becomes_what_is_asked(shot: str, store: Store, capsys: Capture, verb: str, status: JobStatus) -> None:
    if verb == "requeue":
        run(capsys, "jobs", "cancel", "shot")
    said = run(capsys, "jobs", verb, "shot", "--reason", "wrong frames")
    assert (said.code, said.lines) == (0, [f"shot is {status.value}, priority 50"])
    assert store.job(shot).status is status


def test_a_job_goes_first(shot: str, store: Store, capsys: Capture) -> None:
    assert run(capsys, "jobs", "priority", "80", "shot", "--json").json[0]["priority"] == 80
    assert store.job(shot).priority == 80


def test_a_job_is_for_workers_with_a_tag(shot: str, capsys: Capture) -> None:
    tag = run(capsys, "tags", "add", "gpu", "--json").json
    assert run(capsys, "jobs", "tag", "shot", "--to", "gpu", "--json").json[0]["worker_tag"] == tag["id"]
    assert "worker_tag" not in run(capsys, "jobs", "tag", "shot", "--none", "--json").json[0]


def test_the_log_is_that_of_the_task_that_went_on_last(shot: str, node: Pretended, capsys: Capture) -> None:
    assert run(capsys, "jobs", "log", "shot").code == 2
    work = node.asks_for_work()
    assert work is not None
    node.reports(work, 1, "rendering é\n")
    assert "rendering é" in run(capsys, "jobs", "log", "shot").out
    assert "rendering é" in run(capsys, "jobs", "log", "shot", "--task", "Frame 1", "--json").json["log"]


def test_a_job_is_forgotten(shot: str, store: Store, capsys: Capture) -> None:
    assert run(capsys, "jobs", "delete", "shot").lines == ["shot is forgotten"]
    assert store.jobs() == []


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["cancel"], 2, "JOB"),
        (["cancel", "shor"], 2, 'there is no job "shor"; did you mean "shot"?'),
        (["priority", "101", "shot"], 2, '"101" is no number from 0 to 100'),
        (["log", "shot", "--task", "Frame 7"], 2, 'there is no task "Frame 7"; did you mean "Frame'),
        (["tag", "shot"], 2, "one of the arguments --to --none is required"),
    ],
)
def test_what_is_wrong_is_told(shot: str, capsys: Capture, words: list[str], code: int, message: str) -> None:
    said = run(capsys, "jobs", *words)
    assert said.code == code
    assert message in said.err


# -- tags


def test_tags_are_made_changed_listed_and_deleted(node: Pretended, capsys: Capture) -> None:
    assert run(capsys, "tags", "add", "gpu", "--description", "fast ones").lines == ["tag gpu is made"]
    run(capsys, "workers", "tag", "node-1", "--add", "gpu")
    assert run(capsys, "tags", "change", "gpu", "--name", "cuda").lines == ["tag cuda is changed"]
    header, row = run(capsys, "tags").lines
    assert header.split() == ["NAME", "WORKERS", "DESCRIPTION", "ID"]
    assert row.split()[:4] == ["cuda", "1", "fast", "ones"]
    said = run(capsys, "tags", "add", "cuda")
    assert (said.code, 'there is a tag "cuda" already' in said.err) == (1, True)
    assert run(capsys, "tags", "delete", "cuda").lines == ["tag cuda is deleted"]
    assert run(capsys, "tags", "--json").json == []
