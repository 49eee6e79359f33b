"""farmhand-manager workers, against a real manager."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from polling import until
from pretended import Pretended, awake, job
from terminal import Said, run

from farmhand.manager.storage import tags
from farmhand.manager.storage.store import Store
from farmhand.manager.web.api import query_api
from farmhand.worker.wire import Request, Status

Capture = pytest.CaptureFixture[str]


def names(said: Said) -> list[str]:
    return [line.split()[0] for line in said.lines[1:]]


# -- looking


def test_without_a_verb_workers_are_listed(node: Pretended, other: Pretended, store: Store, capsys: Capture) -> None:
    store.act([node.id], Request(Status.ASLEEP, lazy=True), "kim")
    said = run(capsys, "workers")
    assert said.code == 0
    assert said.lines[0].split() == ["NAME", "STATUS", "PENDING", "DOING", "TAGS", "VERSION", "ID"]
    assert said.lines[1].split() == ["node-1", "awake", "asleep", "after", "task", "Free", "-", "0.1.0", node.id]
    assert names(said) == names(run(capsys, "workers", "list")) == ["node-1", "node-2"]
    assert [each["name"] for each in run(capsys, "workers", "--json").json] == ["node-1", "node-2"]


def test_a_list_longer_than_an_answer_is_whole(
    node: Pretended, other: Pretended, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query_api, "MOST", 1)
    assert names(run(capsys, "workers", "--status", "awake", "--status", "offline")) == ["node-1", "node-2"]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (["--status", "awake"], ["node-1"]),
        (["--status", "asleep", "--status", "idle"], ["node-1", "node-2"]),
        (["--tag", "gpu"], ["node-2"]),
        (["--text", "NODE-2"], ["node-2"]),
        (["--platform", "windows"], []),
        (["--tag", "gpu", "--status", "awake"], []),
    ],
)
def test_the_list_is_filtered_as_on_the_page(
    node: Pretended, other: Pretended, store: Store, capsys: Capture, filters: list[str], found: list[str]
) -> None:
    tags.give(store, other.id, [tags.add(store, "gpu", "", "kim").id], "kim")
    other.becomes(Status.ASLEEP)
    assert names(run(capsys, "workers", "list", *filters)) == found


def test_a_worker_is_shown_with_what_is_pending_and_why(node: Pretended, store: Store, capsys: Capture) -> None:
    run(capsys, "workers", "restart", "node-1", "--at-latest", "1h", "--reason", "new driver")
    said = run(capsys, "workers", "show", "node-1")
    assert said.code == 0
    assert "Pending     restart after task; at the latest " in said.out
    assert "; by 127.0.0.1; new driver; " in said.out
    assert f"ID          {node.id}" in said.out
    assert run(capsys, "workers", "show", node.id, "--json").json["request"]["reason"] == "new driver"


# -- asking


@pytest.mark.parametrize(
    ("words", "wish"),
    [
        (["sleep"], Request(Status.ASLEEP, lazy=True)),
        (["sleep", "--now"], Request(Status.ASLEEP, lazy=False)),
        (["restart", "--after-task"], Request(Status.RESTART, lazy=True)),
        (["shutdown", "--now"], Request(Status.OFFLINE, lazy=False)),
    ],
)
def test_what_is_asked_is_asked_gently_unless_said_otherwise(
    node: Pretended, store: Store, capsys: Capture, words: list[str], wish: Request
) -> None:
    verb, *flavour = words
    assert run(capsys, "workers", verb, "node-1", *flavour).code == 0
    request = store.worker(node.id).request
    assert request is not None
    assert request.wish == wish


def test_terms_are_kept(node: Pretended, store: Store, capsys: Capture) -> None:
    terms = ["--at-latest", "20min", "--until", "10h", "--reason", "heat"]
    said = run(capsys, "workers", "sleep", "node-1", *terms)
    request = store.worker(node.id).request
    assert (said.code, request is not None) == (0, True)
    assert request is not None
    now = store.clock()
    assert abs((request.terms.deadline or 0) - now - 20 * 60_000) < 10_000
    assert abs((request.terms.until or 0) - now - 10 * 3_600_000) < 10_000
    assert request.terms.reason == "heat"


def test_what_is_refused_is_told_beside_what_is_done(node: Pretended, other: Pretended, capsys: Capture) -> None:
    said = run(capsys, "workers", "restart", "--all")
    assert said.code == 1
    assert said.lines == ["node-1 restarts now"]
    assert said.err.startswith("node-2 cannot restart")
    answers = run(capsys, "workers", "restart", "--all", "--json").json
    assert (answers["accepted"], answers["refused"]) == (1, 1)


def test_what_is_pending_is_taken_back(node: Pretended, store: Store, capsys: Capture) -> None:
    run(capsys, "workers", "sleep", "node-1")
    assert run(capsys, "workers", "withdraw", "--text", "node").lines == [
        "node-1 keeps its status: Send to Sleep is withdrawn"
    ]
    assert store.worker(node.id).request is None


# -- foreseeing


def test_a_plan_is_shown_and_applied_by_its_token(node: Pretended, store: Store, capsys: Capture) -> None:
    job(store, tasks=1)
    node.asks_for_work()
    said = run(capsys, "workers", "shutdown", "node-1", "--now", "--dry-run")
    assert said.code == 0
    assert "Asked: 1, unchanged: 0, refused: 0\nTasks aborted: 1, with 0 s of work\n" in said.out
    assert store.worker(node.id).request is None
    token = said.out.split()[-1]
    assert run(capsys, "workers", "apply", token).lines == [
        "node-1 aborts its task, which is queued again, and shuts down"
    ]


def test_a_plan_that_no_longer_holds_is_not_applied(node: Pretended, store: Store, capsys: Capture) -> None:
    token = run(capsys, "workers", "sleep", "node-1", "--dry-run", "--json").json["token"]
    store.act([node.id], Request(Status.OFFLINE), "pat")
    said = run(capsys, "workers", "apply", token)
    assert said.code == 1
    assert "nothing was asked of any worker" in said.err
    request = store.worker(node.id).request
    assert request is not None
    assert request.by == "pat"


# -- waiting


def meanwhile(do: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=do)
    thread.start()
    return thread


def test_waiting_ends_when_the_worker_has_done_it(node: Pretended, store: Store, capsys: Capture) -> None:
    def obeys() -> None:
        until(lambda: store.worker(node.id).request, "the request")
        node.becomes(Status.ASLEEP)

    thread = meanwhile(obeys)
    said = run(capsys, "workers", "sleep", "node-1", "--wait")
    thread.join()
    assert (said.code, said.lines) == (0, ["node-1 goes to sleep now", "node-1 is asleep"])


def test_waiting_fails_when_somebody_takes_it_back(node: Pretended, store: Store, capsys: Capture) -> None:
    def thinks_better() -> None:
        until(lambda: store.worker(node.id).request, "the request")
        store.withdraw([node.id], "pat")

    thread = meanwhile(thinks_better)
    said = run(capsys, "workers", "restart", "node-1", "--wait")
    thread.join()
    assert (said.code, "node-1: it was withdrawn by pat" in said.err) == (1, True)


def test_waiting_ends_at_the_timeout_and_leaves_the_request(node: Pretended, store: Store, capsys: Capture) -> None:
    said = run(capsys, "workers", "sleep", "node-1", "--timeout", "0.1s", "--json")
    assert (said.code, said.json["workers"][0]["became"]) == (1, None)
    assert "--timeout: not done yet by node-1" in said.err
    assert store.worker(node.id).request is not None


# -- agents and tags


def test_what_no_agent_can_do_is_refused(node: Pretended, capsys: Capture) -> None:
    node.signs_off()
    said = run(capsys, "workers", "start", "node-1")
    assert (said.code, "node-1" in said.err) == (1, True)


def test_a_tag_that_is_not_there_is_said_to_be_so(node: Pretended, store: Store, capsys: Capture) -> None:
    tags.add(store, "gpu", "", "kim")
    for verb in (["list"], ["sleep", "--dry-run"]):
        said = run(capsys, "workers", *verb, "--tag", "gpus")
        assert said.code == 2
        assert 'there is no tag "gpus"; did you mean "gpu"?' in said.err


def test_tags_are_given_and_taken(node: Pretended, store: Store, capsys: Capture) -> None:
    for name in ("gpu", "big"):
        assert run(capsys, "tags", "add", name).code == 0
    said = run(capsys, "workers", "tag", "node-1", "--add", "gpu", "--add", "big")
    assert said.lines == ["node-1 has gpu,big"]
    assert run(capsys, "workers", "tag", "--all", "--remove", "gpu").lines == ["node-1 has big"]
    assert [tag.name for tag in tags.of_worker(store, node.id)] == ["big"]


def test_a_worker_is_forgotten(node: Pretended, store: Store, capsys: Capture) -> None:
    assert run(capsys, "workers", "delete", "node-1").lines == ["node-1 is forgotten"]
    assert store.workers() == []


# -- what has to be mended


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["restart"], "it is not said which workers; name some, or filter with"),
        (["restart", "node-1", "--all"], "workers are named and filtered at once"),
        (["restart", "node-3"], 'there is no worker "node-3"; did you mean "node-1"?'),
        (["restart", "--text", "blade"], "no worker is like that"),
        (["restart", "node-1", "--at-latest", "soon"], '"soon"'),
        (["sleep", "node-1", "--now", "--at-latest", "5min"], "--now and --at-latest; give one of them"),
        (["wake", "node-1", "--now"], "unrecognized arguments: --now"),
        (["list", "--status", "happy"], "invalid choice: 'happy'"),
        (["tag", "node-1", "--add", "gpu"], 'there is no tag "gpu"; see farmhand-manager tags list'),
        (["dance"], "invalid choice: 'dance'"),
        (["sleep", "node-1", "--at-latest", "20min", "--until", "10min"], "it would be over before it begins"),
        (["restart", "node-1", "--reason", "x" * 501], "at most, and has 501"),
        (["apply", "00000000-0000-4000-8000-000000000000"], "there is no plan 00000000"),
    ],
)
def test_wrong_usage_is_exit_code_2(node: Pretended, capsys: Capture, words: list[str], message: str) -> None:
    said = run(capsys, "workers", *words)
    assert said.code == 2
    assert message in said.err


def test_a_name_of_two_workers_is_not_enough(node: Pretended, store: Store, capsys: Capture) -> None:
    twin = awake(store, "node-1")
    said = run(capsys, "workers", "sleep", "node-1")
    assert said.code == 2
    assert node.id in said.err
    assert twin.id in said.err
    assert run(capsys, "workers", "sleep", twin.id).code == 0


def test_the_program_itself_ends_with_these_codes(node: Pretended, url: str) -> None:
    program = str(Path(sys.executable).parent / "farmhand-manager")
    codes = [
        subprocess.run([program, "workers", *words, "--manager", url], capture_output=True, timeout=30).returncode
        for words in (["sleep", "node-1"], ["start", "node-1"], ["sleep"])
    ]
    assert codes == [0, 1, 2]


def test_a_name_that_the_terminal_cannot_write_is_listed_all_the_same(node: Pretended, store: Store, url: str) -> None:
    awake(store, "Knoten-ü")
    words = [str(Path(sys.executable).parent / "farmhand-manager"), "workers", "--manager", url]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(words, capture_output=True, text=True, timeout=30, env=environment)
    assert (done.returncode, "Knoten-?" in done.stdout) == (0, True)


def test_whoever_has_read_enough_is_left_in_peace(node: Pretended, url: str) -> None:
    program = str(Path(sys.executable).parent / "farmhand-manager")
    ours, theirs = os.pipe()
    os.close(ours)
    words = [program, "workers", "--manager", url]
    done = subprocess.run(words, stdout=theirs, stderr=subprocess.PIPE, text=True, timeout=30)
    os.close(theirs)
    assert (done.returncode, done.stderr) == (0, "")
