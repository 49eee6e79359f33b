"""One worker's page, as a browser without JavaScript uses it; live.py and static/ add the comfort."""

from flask import Blueprint, render_template, request, url_for

from ...rules import agents, drift
from ...rules.finding import Beside
from ...rules.workers import Worker
from ...storage import attending, drills, finding, schedules, tags
from ..framing import Said, address, common
from ..install.definitions import badge, made_for
from ..jobs.logview import log_view
from ..site import store
from ..sleep.schedulepages import now_words
from . import upkeep
from .rows import row
from .stints import TASKS, stints
from .timeline import LIFE, last_change, steps

bp = Blueprint("workerpages", __name__)

# Steps of its history on its first page; the History tab has all of them.
LATEST = 12


@bp.get("/workers/<worker_id>")
def worker(worker_id: str) -> str:
    return worker_page(worker_id, request.args.get("follow", ""))


def worker_page(worker_id: str, follow: str, said: Said | None = None) -> str:
    """Render one worker's page; raises Missing."""
    seq, now = store().newest(), store().clock()
    found = store().worker(worker_id)
    told = steps(reversed(store().worker_events(worker_id, 100, kinds=LIFE)), now)
    tasks = stints(reversed(store().worker_events(worker_id, 30, kinds=TASKS)), now)
    definition, policy = drift.judge(found.unit), attending.policy_of(store(), worker_id)
    return render_template(
        "worker.html",
        tab="overview",
        w=row(found, now, beside(found.id, now)),
        picture=picture(found),
        facts=facts(found),
        has=[tag.id for tag in tags.of_worker(store(), worker_id)],
        sleeps=now_words(found, [kept.schedule for kept in schedules.of_worker(store(), worker_id)], now),
        definition=definition,
        badge=badge(definition),
        made_for=made_for(definition),
        drill=agents.refuse_drill(found),
        supervisor=upkeep.facts(found, agents.judge(found, now), drills.last(store(), worker_id), policy, now),
        recent=last_change(told),
        history=told[::-1][:LATEST],
        tasks=tasks,
        log=log_view(store(), found.task) if found.task else None,
        live=address(f"/live/worker/{worker_id}", {"since": seq}),
        **common(url_for("workerpages.worker", worker_id=worker_id), follow, now, said),
    )


def beside(worker_id: str, now: int) -> Beside:
    """Return what is known of a worker that is not its own, such as how long the like of its task takes."""
    with store().database.read() as connection:
        found = finding.load(connection, store(), [worker_id], now)
    return found[0][1] if found else Beside()


def picture(worker: Worker) -> str:
    """Return the address of the newest picture that a worker's task has made, "" where there is none."""
    at = store().task(worker.task.id).picture_at if worker.task and worker.busy else None
    return url_for("taskpages.picture", task_id=worker.task.id, v=at) if worker.task and at else ""


def facts(worker: Worker) -> list[tuple[str, str]]:
    """Return what a worker has said of itself."""
    return [
        ("Version", worker.version or "not said yet"),
        ("Platform", worker.platform),
        ("Address", worker.address),
        ("Task types", ", ".join(worker.task_types) or "none"),
        ("Can restart", "yes, it was given a restart code" if worker.can_restart else "no, it has no restart code"),
        ("Sign-ons", str(worker.incarnation)),
        ("Hears by", "push: it keeps a request open" if worker.pushes else "asking from time to time"),
        ("ID", worker.id),
    ]
