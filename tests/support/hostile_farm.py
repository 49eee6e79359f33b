"""A farm in which every text that somebody else wrote is hostile: names, tags, reasons, versions, logs, units, …"""

from collections.abc import Mapping
from dataclasses import replace

from pretended import SECRET, Pretended, ask
from stores import Clock

from farmhand.manager.rules import drift
from farmhand.manager.rules.attended import Verb
from farmhand.manager.rules.deeds import SIGN_IN_FAILED, Deed
from farmhand.manager.rules.jobs import Draft, DraftTask
from farmhand.manager.rules.rollouts import Rollout
from farmhand.manager.rules.tasks import Command
from farmhand.manager.rules.workers import Announcement, Terms, lose
from farmhand.manager.storage import agents, audit, calls, outbox, people, plans, rollouts, tags, tickets
from farmhand.manager.storage.agents import Enrolment, Seen
from farmhand.manager.storage.calls import Registration, Report
from farmhand.manager.storage.store import Store
from farmhand.manager.targets import Notices, Webhook
from farmhand.worker.wire import Request, Status, TaskStatus

# Says in the page that it ran.
RUNS = "window.ran = true"

TEXTS: Mapping[str, str] = {
    "markup": (
        f"=1+1</title></textarea></script><script>{RUNS}</script><img src=x onerror='{RUNS}'>"
        f'"><svg onload="{RUNS}"></svg><iframe srcdoc="<script>{RUNS}</script>"></iframe>'
        f"<a href='javascript:{RUNS}'>b</a>{{{{ 7 * 7 }}}}{{% raw %}}${{7 * 7}}<!-- ]]> & &lt;b&gt;"
    ),
    "hidden": (
        "\x1b[31mred\x1b]0;title\x07\x1b[2J ab\u202egnp.exe\u2066\u200f nul\0 bell\x07 del\x7f c1\x9b31m"
        "\r\nSet-Cookie: a=b\u2028"
    ),
    "long": (
        "\U0001f469\u200d\U0001f680" * 40
        + "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334\u0319\u0324" * 40
        + "\ufdfd" * 40
        + "w" * 10_000
    ),
}


def fill(store: Store, clock: Clock, text: str) -> dict[str, str]:
    """Put the text wherever one fits; returns the ids of what a page's address may name, by the route's parameter."""
    gpu = tags.add(store, text, text, text)
    worker = _worker(store, text)
    tags.give(store, worker.id, [gpu.id], text)
    job_id, task_id = _job(store, worker, text, gpu.id)
    clock.passes(5)
    kept = plans.make(store, [worker.id], Request(Status.RESTART), Terms(reason=text), text)
    plans.apply(store, kept.token, text)
    rollout_id = rollouts.make(store, [worker.id], Rollout("", Request(Status.RESTART), text, 1, reason=text, why=text))
    _attended(store, text)
    lost = _worker(store, text)
    ask(store, Status.RESTART, lost, lazy=True)
    store.change_worker(lost.id, lose)
    audit.record(store.database, Deed(SIGN_IN_FAILED, text, text, {"why": text, text: text}))
    hook = Webhook("ops", ("worker.lost",), "https://chat.example.org/", "slack")
    store.settings = replace(store.settings, manager_name=text, notices=Notices((hook,)))
    clock.passes(60)
    outbox.gather(store, store.settings.notices.topics)
    failed = outbox.claim(store, "ops")
    assert failed is not None
    outbox.failed(store, failed, text, 0.5, for_good=True)
    person = people.add(store, "kim", (), text)
    return {
        "worker_id": worker.id,
        "job_id": job_id,
        "task_id": task_id,
        "rollout_id": rollout_id,
        "tag_id": gpu.id,
        "person_id": person.id,
        "token": plans.make(store, [worker.id], Request(Status.OFFLINE), Terms(reason=text), text).token,
    }


def announced(text: str) -> Announcement:
    unit = drift.keep({"recipe": text, "files": {text: None}, "drop_ins": [text]})
    return Announcement(text, text, (text,), True, text, unit)


def _worker(store: Store, text: str) -> Pretended:
    worker = Pretended(store, calls.register(store, Registration(text, SECRET, text, (text,), text)), text)
    worker.calls()
    calls.sign_on(store, worker.id, announced(text))
    worker.becomes(Status.AWAKE)
    return worker


def _job(store: Store, worker: Pretended, text: str, tag_id: str) -> tuple[str, str]:
    """Submit two jobs, have the worker fail at the task of one, and be at work on the other."""
    for status in (TaskStatus.FAILED, TaskStatus.ACTIVE):
        command = Command("echo", {"message": text}, 10)
        draft = Draft(text, text, 50, {text: text}, {text: text}, (DraftTask(text, text, (command,)),), tag_id=tag_id)
        job_id = store.submit(draft, text)
        work = worker.asks_for_work()
        assert work is not None
        worker.reports(work, 1, f"{text}\n", activity=text)
        if status is TaskStatus.FAILED:
            calls.report_task(store, store.worker(worker.id), work.task.id, Report(status, text))
    return job_id, work.task.id


def _attended(store: Store, text: str) -> None:
    """Have an agent run a worker whose service has failed, and fail to start it."""
    agent_id = agents.enrol(store, Enrolment(text, text, text, "a secret", "00" * 32, text))
    worker = _worker(store, text)
    calls.sign_on(store, worker.id, replace(announced(text), invocation="a" * 32, restart_code=47))
    worker.becomes(Status.AWAKE)
    worker.signs_off()
    seen = Seen(text[:200], "a" * 32, "failed", text, text, 3, text, 47, True, text)
    agents.report(store, agent_id, text, text, [seen])
    made = tickets.ask(store, worker.id, Verb.START, text)
    if made.ticket is not None:
        tickets.conclude(store, agent_id, made.ticket.id, "failed", text)
