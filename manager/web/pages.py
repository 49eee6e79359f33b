"""The workers' pages, as a browser without JavaScript uses them; live.py and static/ add the comfort."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlencode, urlsplit

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug import Response
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from ...worker.wire import RESTART_EXIT_CODE
from ..rules import agents, drift
from ..rules.actions import Answer
from ..rules.facts import Kind
from ..rules.workers import Worker
from ..storage import drills, schedules, tags
from . import upkeep
from .definitions import badge, made_for
from .following import read_following
from .listing import BadFilter, Filters, listing, read_filters, summary
from .menu import ACTIONS, menu
from .origin import operator
from .outcome import Notice, acted, withdrawn
from .rows import row
from .schedulepages import now_words
from .site import flashed, store
from .stints import TASKS, stints
from .timeline import LIFE, last_change, steps
from .toast import toast

bp = Blueprint("pages", __name__)


@dataclass(frozen=True)
class Said:
    """What a refused form had, and why it was refused: shown again, so that nothing has to be entered twice."""

    notice: Notice
    picked: Collection[str]
    chosen: str


@bp.get("/")
def home() -> Response:
    return redirect(url_for(".workers"))


@bp.get("/workers")
def workers() -> str:
    return list_page(filters_of(request.args), request.args.get("follow", ""))


@bp.get("/workers/<worker_id>")
def worker(worker_id: str) -> str:
    return worker_page(worker_id, request.args.get("follow", ""))


@bp.post("/workers/act")
def act() -> Response | tuple[str, int]:
    """Ask something of the selected workers, of all that can; or say what is missing."""
    picked = list(dict.fromkeys(request.form.getlist("worker")))
    action = ACTIONS.get(request.form.get("action", ""))
    if action is None or not picked:
        missing = "Choose an action" if action is None else "Select the workers that it is for"
        notice = Notice("bad", f"{missing}, then press Apply. Nothing was asked of any worker.")
        return again(Said(notice, picked, action.key if action else "")), 400
    before = store().newest()
    answers = store().act(picked, action.wish, operator(request))
    notice = acted(action.wish, answers)
    flash(notice.text, notice.tone)
    return redirect(with_follow(came_from(), made(before, answers)), 303)


@bp.post("/workers/withdraw")
def withdraw() -> Response:
    """Take back what is pending for the workers named."""
    picked = list(dict.fromkeys(request.form.getlist("worker")))
    if not picked:
        raise BadRequest("worker: nobody is named whose pending change is to be taken back")
    notice = withdrawn(store().withdraw(picked, operator(request)))
    flash(notice.text, notice.tone)
    return redirect(came_from(), 303)


def list_page(filters: Filters, follow: str, said: Said | None = None) -> str:
    """Render the list of workers."""
    seq, now = store().newest(), store().clock()
    rows = [row(worker, now) for worker in store().workers()]
    shown = listing([replace(one, picked=one.id in said.picked) for one in rows] if said else rows, filters)
    return render_template(
        "workers.html",
        list=shown,
        summary=summary(rows),
        live=address("/live/workers", {**filters.query(), "follow": follow, "since": seq}),
        base_url=request.host_url,
        restart_code=RESTART_EXIT_CODE,
        **common(filters.address(), follow, now, said),
    )


def worker_page(worker_id: str, follow: str, said: Said | None = None) -> str:
    """Render one worker's page; raises Missing."""
    seq, now = store().newest(), store().clock()
    found = store().worker(worker_id)
    told = steps(reversed(store().worker_events(worker_id, 100, kinds=LIFE)), now)
    tasks = stints(reversed(store().worker_events(worker_id, 30, kinds=TASKS)), now)
    definition = drift.judge(found.unit)
    return render_template(
        "worker.html",
        tab="overview",
        w=row(found, now),
        facts=facts(found, [tag.name for tag in tags.of_worker(store(), worker_id)]),
        sleeps=now_words(found, [kept.schedule for kept in schedules.of_worker(store(), worker_id)], now),
        definition=definition,
        badge=badge(definition),
        made_for=made_for(definition),
        supervisor=upkeep.facts(found, agents.judge(found, now), drills.last(store(), worker_id), now),
        recent=last_change(told),
        history=told[::-1],
        tasks=tasks,
        live=address(f"/live/worker/{worker_id}", {"since": seq}),
        **common(url_for(".worker", worker_id=worker_id), follow, now, said),
    )


def common(here: str, follow: str, now: int, said: Said | None) -> dict[str, object]:
    """Return what both pages have: the menu, what is to be said, and the toast. here: the page's own address."""
    followed = read_following(store(), follow)
    return {
        "section": "workers",
        "actions": menu(),
        "chosen": said.chosen if said else "",
        "notices": [*flashed(), *([said.notice] if said else [])],
        "here": here,
        "dismiss": here,
        "toast": toast(followed, now) if followed else None,
    }


def facts(worker: Worker, tag_names: Sequence[str]) -> list[tuple[str, str]]:
    """Return what a worker has said of itself, and its tags if it has some."""
    return [
        *([("Tags", ", ".join(tag_names))] if tag_names else []),
        ("Version", worker.version or "not said yet"),
        ("Platform", worker.platform),
        ("Address", worker.address),
        ("Task types", ", ".join(worker.task_types) or "none"),
        ("Can restart", "yes, it was given a restart code" if worker.can_restart else "no, it has no restart code"),
        ("Sign-ons", str(worker.incarnation)),
        ("Hears by", "push: it keeps a request open" if worker.pushes else "asking from time to time"),
        ("ID", worker.id),
    ]


def again(said: Said) -> str:
    """Render the page that a refused form came from, as it was."""
    back = urlsplit(came_from())
    if back.path == url_for(".workers"):
        return list_page(filters_of(MultiDict(parse_qs(back.query))), "", said)
    return worker_page(back.path.rpartition("/")[2], "", said)


def filters_of(given: MultiDict[str, str]) -> Filters:
    try:
        return read_filters(given)
    except BadFilter as error:
        raise BadRequest(error.text) from None


def came_from() -> str:
    """Return the page that the form says it stands on; nothing but a page for workers."""
    back = request.form.get("back", "")
    path = urlsplit(back).path
    known = back.startswith("/workers") and (path == "/workers" or path.startswith("/workers/"))
    return back if known else url_for(".workers")


def made(before: int, answers: Sequence[Answer]) -> str:
    """Name the events that a click made, for the toast to follow; empty where it made none."""
    ids = {answer.request_id for answer in answers if answer.changed}
    seqs = [
        event.seq
        for event in store().events_after(before)
        if event.kind is Kind.REQUEST_MADE and event.detail["request"] in ids
    ]
    return f"{min(seqs)}-{max(seqs)}" if seqs else ""


def with_follow(back: str, span: str) -> str:
    path, _, query = back.partition("?")
    kept = {key: values for key, values in parse_qs(query).items() if key != "follow"}
    return address(path, {**kept, "follow": span})


def address(path: str, query: dict[str, object]) -> str:
    """Return a path with those parameters that have a value."""
    given = urlencode({key: value for key, value in query.items() if value not in ("", None)}, doseq=True)
    return f"{path}?{given}" if given else path
