"""A farm in which there is one of everything that a page can show, on a clock that stands still."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from acted_farm import act
from large_farm import fill
from peopled_farm import PEOPLED, PROVIDED, settle
from pretended import SECRET, Pretended, ask, awake, job, register
from stores import Clock

from farmhand.manager.config import Settings
from farmhand.manager.rules.access import Grant, Role
from farmhand.manager.rules.attended import Verb
from farmhand.manager.rules.deeds import ACCESS_REFUSED, SIGN_IN_FAILED, Deed
from farmhand.manager.rules.joining import Joining
from farmhand.manager.rules.schedules import Schedule
from farmhand.manager.rules.windows import Window
from farmhand.manager.rules.workers import Announcement, Terms, lose
from farmhand.manager.storage import (
    agents,
    audit,
    calls,
    enrolments,
    outbox,
    people,
    plans,
    samples,
    schedules,
    sessions,
    tags,
    tickets,
)
from farmhand.manager.storage.agents import Enrolment, Seen
from farmhand.manager.storage.calls import Work
from farmhand.manager.storage.schedules import Owner
from farmhand.manager.storage.store import Store
from farmhand.manager.targets import Mailbox, Notices, Webhook
from farmhand.worker.wire import Request, Status, TaskStatus

LONG = "a-worker-with-a-name-that-is-far-too-long.render.studio.example.org"
HOSTILE = '<b>bold</b> "quoted" & co'


@dataclass(frozen=True)
class Farm:
    """A store, its clock, and the ids of what is in it by the name that a view's address has for it.

    cookie: of the session in which its views are looked at, where people have to sign in.
    """

    store: Store
    clock: Clock
    ids: Mapping[str, str]
    cookie: str = ""


def empty(store: Store, clock: Clock) -> Farm:
    return Farm(store, clock, {})


def rich(store: Store, clock: Clock) -> Farm:
    """Make workers in every state, with and without tasks, changes, tags, schedules and agents; and jobs."""
    made = {name: awake(store, name) for name in ("node-1", "node-2", "node-3", "node-4", "node-5", "node-6")}
    jobs = {"job": job(store), "finished": "", "failed": ""}
    clock.passes(600)
    _rendering(store, clock, made)
    _away(store, clock)
    _agents(store, clock)
    _tags(store, [worker.id for worker in made.values()])
    jobs["finished"] = _ended(store, made["node-6"], TaskStatus.COMPLETED)
    jobs["failed"] = _ended(store, made["node-6"], TaskStatus.FAILED)
    _written_down(store)
    first = {"task": store.tasks(jobs["job"])[0].id, "failed-task": store.tasks(jobs["failed"])[0].id}
    samples.take(store)
    return Farm(store, clock, {**{name: worker.id for name, worker in made.items()}, **jobs, **first})


def acted(store: Store, clock: Clock) -> Farm:
    """Have somebody act on workers."""
    return Farm(store, clock, act(store, clock))


def large(store: Store, clock: Clock) -> Farm:
    """Make some more workers than a page has."""
    ids = fill(store, 60)
    return Farm(store, clock, {"first": ids[0][:8], "second": ids[1][:8]})


def limited(store: Store, clock: Clock) -> Farm:
    """Make a farm at which an operator looks who may act on some of its workers."""
    gpu, workers = tags.add(store, "gpu", "", "kim"), [awake(store, f"node-{n}") for n in range(1, 5)]
    tags.give(store, workers[0].id, [gpu.id], "kim")
    lee = people.add(store, "lee", [Grant(Role.OPERATOR, gpu.id)], "kim")
    return Farm(store, clock, {}, sessions.begin(store, lee.id, "10.20.4.15", "", stays=False, way="password").secret)


def guarded(store: Store, clock: Clock) -> Farm:
    """Have workers and an agent wait to be let in, some with names that are hard to show; and codes of every kind."""
    for name in ("node-1", "node-2", LONG, HOSTILE, "node-5", "node-6", "node-7"):
        register(store, name).sign_on()
        clock.passes(7)
    agents.enrol(store, Enrolment("agent-1", "windows", "0.1.0", "a secret", "00" * 32, "2001:db8::17"))
    gpu = tags.add(store, "gpu", "", "kim")
    enrolments.make(store, "kim", uses=40, tag_ids=[gpu.id], lifetime=3600_000)
    enrolments.revoke(store, enrolments.make(store, "kim").enrolment.id, "kim")
    code = enrolments.make(store, "kim").code
    inside = calls.register(store, calls.Registration("node-8", SECRET, "linux", ("misc",), "10.20.4.14", code))
    return Farm(store, clock, {"inside": inside})


def closed(store: Store, clock: Clock) -> Farm:
    """Make a farm where people have to sign in: of one, and links by which somebody chooses a password."""
    kim = people.add(store, "kim", (), "test")
    return Farm(store, clock, {"first": sessions.make_link(store, None), "password": sessions.make_link(store, kim.id)})


def peopled(store: Store, clock: Clock) -> Farm:
    """Make a farm of people who sign in, which one of its admins looks at."""
    ids, cookie = settle(store, LONG, HOSTILE)
    return Farm(store, clock, ids, cookie)


FARMS: Mapping[str, Callable[[Store, Clock], Farm]] = {
    "empty": empty,
    "rich": rich,
    "large": large,
    "acted": acted,
    "closed": closed,
    "guarded": guarded,
    "coded": empty,
    "peopled": peopled,
    "limited": limited,
    "provided": empty,
}

# Where a farm has not the settings of all tests.
SETTINGS: Mapping[str, Settings] = {
    "closed": Settings(),
    "limited": Settings(),
    "guarded": Settings(shared_storage_path="/farm", without_login=True, registration=Joining.APPROVAL),
    "peopled": PEOPLED,
    "provided": PROVIDED,
    "coded": Settings(shared_storage_path="/farm", without_login=True, registration=Joining.CODE),
}


def _written_down(store: Store) -> None:
    """Have somebody fail to sign in, and messages delivered, tried, given up and waiting."""
    who = ("worker.lost", "worker.crash-loop", "action.failed", "rollout.halted")
    chat = Webhook("operators", who, "https://chat.example.org/hooks/secret", "slack")
    pager = Webhook("pager", ("worker.lost",), "https://pager.example.org/", "discord")
    shift = Mailbox("night-shift", who, ("night@example.org", "kim@example.org"))
    store.settings = replace(store.settings, notices=Notices((chat, pager, shift)))
    for name in ("operators", "operators", "pager", "night-shift"):
        outbox.add_test(store, name, "kim")
    for name, outcome in (("operators", ""), ("operators", "it answered 410"), ("pager", "its name is not known")):
        tried = outbox.claim(store, name)
        assert tried is not None
        if outcome:
            outbox.failed(store, tried, outcome, 0.5, for_good="410" in outcome)
        else:
            outbox.delivered(store, tried, "it answered 204")
    audit.record(store.database, Deed(SIGN_IN_FAILED, "nobody", f"person {LONG} {HOSTILE}", {"why": "wrong password"}))
    audit.record(store.database, Deed(ACCESS_REFUSED, LONG, "POST /workers/act"))


def _rendering(store: Store, clock: Clock, made: Mapping[str, Pretended]) -> None:
    """Have node-1 to node-3 at work, one of them with a change that it has seen, and one that has not seen its own."""
    for name, steps in (("node-1", 5), ("node-2", 9), ("node-3", 1)):
        work = made[name].asks_for_work()
        assert work is not None
        clock.passes(40)
        made[name].reports(work, steps, "Fra:1 Mem:213.52M | Rendering\n")
    ask(store, Status.RESTART, made["node-2"], lazy=True)
    made["node-2"].learns()
    ask(store, Status.OFFLINE, made["node-3"], lazy=True)
    made["node-4"].restarts()
    made["node-4"].restarts()
    _ask_until(store, clock, made["node-5"])


def _ask_until(store: Store, clock: Clock, worker: Pretended) -> None:
    """Send a worker to sleep for a reason, until a time."""
    terms = Terms(until=clock.now + 8 * 3_600_000, reason="the room is too hot for more than half of us")
    kept = plans.make(store, [worker.id], Request(Status.ASLEEP), terms, "kim")
    plans.apply(store, kept.token, "kim")
    worker.learns()
    worker.becomes(Status.ASLEEP)


def _away(store: Store, clock: Clock) -> None:
    """Add workers that start, sleep, are gone, lost, restarting, and some with names that are hard to show."""
    register(store, "starting").sign_on("0.0.9")
    register(store, "never-seen")
    asleep, gone, lost, restarting = (awake(store, name) for name in ("asleep", "gone", "lost", "restarting"))
    asleep.becomes(Status.ASLEEP)
    gone.signs_off()
    store.change_worker(lost.id, lose)
    ask(store, Status.RESTART, restarting)
    restarting.learns()
    restarting.signs_off()
    awake(store, LONG)
    awake(store, HOSTILE, can_restart=False)
    replace(awake(store, "older"), name="older").sign_on("0.0.9")
    sleeper = awake(store, "sleeper")
    night = Schedule(ZoneInfo("UTC"), (Window(18 * 60, 8 * 60),))
    schedules.add(store, Owner("worker", sleeper.id), night, "kim")
    clock.passes(30)


def _agents(store: Store, clock: Clock) -> None:
    """Add two workers that agents keep running: one is up, the other's service has failed and is to be started."""
    said = Enrolment("agent-7", "linux", "0.1.0", "a secret", "00" * 32, "10.20.4.14")
    agent_id = agents.enrol(store, said)
    services = []
    for name, active in (("attended", "active"), ("failed-service", "failed")):
        worker = register(store, name)
        run = name.encode().hex().ljust(32, "0")[:32]
        announced = Announcement(name, "0.1.0", ("misc",), True, "10.20.4.15", None, run, 47)
        assert store.authenticate(worker.id, SECRET) is not None
        calls.sign_on(store, worker.id, announced)
        worker.becomes(Status.AWAKE)
        why = "exit code 47 is in RestartForceExitStatus="
        exit, result = ("", "success") if active == "active" else ("exit code 1", "exit-code")
        services.append(Seen(f"worker@{name}", run, active, "", result, 3, exit, 47, True, why))
        if exit:
            worker.signs_off()
    agents.report(store, agent_id, "farmhand", "", services)
    clock.passes(5)
    failed = next(worker for worker in store.workers() if worker.name == "failed-service")
    tickets.ask(store, failed.id, Verb.START, "kim")


def _tags(store: Store, worker_ids: list[str]) -> None:
    gpu, night = tags.add(store, "gpu", "with a large card", "kim"), tags.add(store, "night shift", "", "kim")
    for worker_id in worker_ids[:4]:
        tags.give(store, worker_id, [gpu.id], "kim")
    tags.give(store, worker_ids[4], [gpu.id, night.id], "kim")
    more = [tags.add(store, name, "", "kim").id for name in ("128 GB", "building 2")]
    tags.give(store, worker_ids[3], [gpu.id, night.id, *more], "kim")


def _ended(store: Store, worker: Pretended, status: TaskStatus) -> str:
    """Submit a job of one task of high priority, and have it end."""
    job_id = job(store, f"Shot 010_0040 comp that {status.value}", tasks=1, steps=1)
    store.set_job_priority(job_id, 90, "kim")
    work: Work | None = worker.asks_for_work()
    assert work is not None
    worker.finishes(work, status)
    return job_id
