"""The pages of tags: which there are and what for, made, renamed, deleted, given to workers; and when they sleep."""

from collections.abc import Sequence
from functools import partial

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest

from ...rules import schedules as rules
from ...rules.schedules import Schedule
from ...rules.sleepwords import now_text, sleep_text
from ...rules.tasks import Refused
from ...storage import tagging, tags
from ...storage.schedules import Owner
from ..access.origin import operator
from ..actions.outcome import Notice
from ..actions.planview import count
from ..framing import came_from
from ..site import flashed, store
from ..workers.picking import picked
from . import sleepdesk
from .schedulepages import zone_of
from .sleepform import Form, shown
from .weekview import week

bp = Blueprint("tagpages", __name__)

LONGEST_NAME = 80


@bp.get("/tags")
def every() -> str:
    return _list([])


@bp.post("/tags")
def add() -> ResponseReturnValue:
    name, description = _named()
    try:
        _check(name)
        tags.add(store(), name, description, operator(request))
    except Refused as error:
        return _list([Notice("bad", f"{error}. Nothing was made.")], name, description), 400
    flash(f"The tag {name} is made. Give it to workers in their list.", "ok")
    return redirect(url_for(".every"), 303)


@bp.get("/tags/<tag_id>")
def one(tag_id: str) -> str:
    return _page(tag_id, [])


@bp.post("/tags/<tag_id>")
def change(tag_id: str) -> ResponseReturnValue:
    """Rename it and say what it is for, or delete it."""
    if request.form.get("do") == "delete":
        gone = tags.one(store(), tag_id)
        tags.remove(store(), tag_id, operator(request))
        flash(f"The tag {gone.name} is deleted.", "ok")
        return redirect(url_for(".every"), 303)
    name, description = _named()
    try:
        _check(name)
        tags.rewrite(store(), tag_id, name, description, operator(request))
    except Refused as error:
        return _page(tag_id, [Notice("bad", f"{error}. Nothing was changed.")]), 400
    flash("The tag is changed.", "ok")
    return redirect(url_for(".one", tag_id=tag_id), 303)


@bp.post("/workers/tags")
def assign() -> ResponseReturnValue:
    """Give a tag to the selected workers, or take it from them."""
    how, ids = request.form.get("tagging", ""), picked(store(), request.form).ids
    verb, _, tag_id = how.partition(" ")
    if verb not in ("give", "take"):
        raise BadRequest("tagging: choose a tag that is given or taken, then press Set")
    if not ids:
        flash("Select the workers that it is for. Nothing was changed.", "bad")
        return redirect(came_from(), 303)
    tag = tags.one(store(), tag_id)
    done = (tagging.give if verb == "give" else tagging.take)(store(), ids, tag_id, operator(request))
    rest = len(ids) - done
    had = {"give": "had it already", "take": "did not have it"}[verb]
    more = f"; {count(rest)} {had}" if rest else ""
    flash(f"The tag {tag.name} is {'given to' if verb == 'give' else 'taken from'} {count(done)}{more}.", "ok")
    return redirect(came_from(), 303)


@bp.get("/tags/<tag_id>/sleep")
def sleep(tag_id: str) -> str:
    return _sleep_page(tag_id, [])


@bp.post("/tags/<tag_id>/sleep")
def save(tag_id: str) -> ResponseReturnValue:
    """Keep the sleep schedule of those that have this tag, remove it, or show what it would bring."""
    owner, here = Owner("tag", tags.one(store(), tag_id).id), url_for(".sleep", tag_id=tag_id)
    return sleepdesk.answer(owner, tagging.schedule_of(store(), tag_id), partial(_sleep_page, tag_id), here)


def _named() -> tuple[str, str]:
    return request.form.get("name", "").strip(), request.form.get("description", "").strip()


def _check(name: str) -> None:
    if not name:
        raise Refused("name: it is missing; write what the workers have in common")
    if len(name) > LONGEST_NAME:
        raise Refused(f"name: it has {len(name)} characters; write {LONGEST_NAME} at most")


def _list(notices: Sequence[Notice], name: str = "", description: str = "") -> str:
    return render_template(
        "tags.html",
        section="tags",
        uses=tagging.uses(store()),
        name=name,
        description=description,
        notices=[*flashed(), *notices],
    )


def _page(tag_id: str, notices: Sequence[Notice]) -> str:
    found = tags.one(store(), tag_id)
    use = next(use for use in tagging.uses(store()) if use.tag == found)
    said = {"tag": found, "use": use, "notices": [*flashed(), *notices], "consequences": _consequences(use)}
    return render_template("tag.html", section="tags", tab="tag", **said)


def _consequences(use: tagging.Use) -> list[str]:
    """Say what comes of deleting a tag."""
    said = [f"{count(use.workers)} {'loses' if use.workers == 1 else 'lose'} it"] if use.workers else []
    if use.jobs:
        wait = "1 job that asks for it waits" if use.jobs == 1 else f"{use.jobs} jobs that ask for it wait"
        said.append(f"{wait} until it gets another tag, or none")
    if use.sleeps:
        said.append("its sleep schedule goes too, and who sleeps by it alone wakes up")
    return said or ["nobody has it, and no job asks for it"]


def _sleep_page(tag_id: str, notices: Sequence[Notice], form: Form | None = None, draft: Schedule | None = None) -> str:
    found, now = tags.one(store(), tag_id), store().clock()
    kept = tagging.schedule_of(store(), tag_id)
    mine = kept.schedule if kept else None
    own = draft or mine
    said = [own] if own else []
    zone = zone_of(said)
    return render_template(
        "tagsleep.html",
        section="tags",
        tab="sleep",
        tag=found,
        form=form or shown(mine, store().settings.time_zone),
        exists=kept is not None,
        draft=draft is not None,
        week=week(said, zone, now),
        now_text=now_text(rules.judge(said, now), zone, held=False),
        next=[sleep_text(each, zone) for each in rules.coming(said, now)],
        zone=zone.key,
        notices=[*flashed(), *notices],
    )
