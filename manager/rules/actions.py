"""What may be asked of a worker, what comes of it, and what a request replaces. Pure.

outcomes.py says what comes of an action by itself, rivals.py what does where another one is pending.
"""

from dataclasses import dataclass, replace

from ...worker.wire import Request, Status
from . import rivals
from .facts import Fact, Kind
from .outcomes import LABELS, Accepted, Already, Refusal, outcome
from .rivals import Ruling
from .times import span
from .workers import PLAIN, LastWish, Moved, Pending, Situation, Terms, Worker, is_farm, naming, situation


@dataclass(frozen=True)
class Answer:
    """What became of an operator's wish for one worker; the text completes "NAME ...".

    changed is False where an accepted wish changed nothing. request_id is the request that it made.
    """

    worker_id: str
    name: str
    accepted: bool
    text: str
    changed: bool = True
    request_id: str | None = None


@dataclass(frozen=True)
class Asked:
    """The worker after the wish, what there is to tell, and the answer to the operator."""

    moved: Moved
    answer: Answer


@dataclass(frozen=True)
class Expected:
    """What an operator believes to be pending: a request by its id, or nothing."""

    request_id: str | None


def surprise(worker: Worker, expected: Expected) -> str | None:
    """Say what is pending instead of what was expected, or None where it is as expected; completes "NAME ..."."""
    pending = worker.request
    if (pending and pending.id) == expected.request_id:
        return None
    return "has nothing pending now" if pending is None else f"is to {words(pending)}"


def refuse_terms(wish: Request, terms: Terms, now: int) -> str | None:
    """Say what is wrong with the terms of a wish, and how to mend it; None where nothing is."""
    if terms.deadline is not None and (not wish.lazy or wish.status is Status.AWAKE):
        return "deadline: only what waits for a task can have one; ask for it after the task is finished, or without it"
    if terms.deadline is not None and terms.deadline <= now:
        return "deadline: it is over already; name a later time, or ask for it immediately"
    if terms.until is not None and wish.status in _ENDLESS:
        return f"until: {LABELS[wish.status]} cannot end by itself: {_ENDLESS[wish.status]}"
    if terms.until is not None and terms.until <= max(now, terms.deadline or now):
        return "until: it would be over before it begins; name a later time"
    return None


_ENDLESS = {
    Status.RESTART: "a worker that restarts is back as soon as it can be",
    Status.AWAKE: "a worker is awake until something else is asked of it",
}


def ask(worker: Worker, wish: Request, *, id: str, by: str, now: int, terms: Terms = PLAIN) -> Asked:
    """Record a wish under an id. Where another is pending, rivals.py says which of the two counts."""
    new = Pending(id, wish, by, now, terms=terms)
    found = _stays_down(worker, wish, terms) or outcome(worker, wish)
    if isinstance(found, Refusal):
        return _leave(worker, found.text, accepted=False)
    old = worker.request
    ruling = rivals.ruling(old, wish, terms, by) if old else Ruling.REPLACES
    if old and ruling is Ruling.REFUSED:
        return _refuse(worker, old, wish)
    match found:
        case Already(text) if wish.status is Status.RESTART:
            return _leave(worker, text)
        case Already(text) if old is None and _changes_end(worker, wish, terms):
            return _rest_on(worker, new, text)
        case Already(text) if old is None and situation(worker) is Situation.OFFLINE and not is_farm(by):
            return _note(worker, new, text)
        case Already(text):
            return withdraw(worker, text, by=by, now=now)
        case Accepted() as accepted if old and ruling in (Ruling.NOTHING, Ruling.CONFIRMS):
            return _repeat(worker, old, f"was asked already: {_flavour(accepted, wish)}", confirms=by != old.by)
        case Accepted() as accepted:
            return _request(worker, new, accepted.immediate if terms.held else _flavour(accepted, wish))


def _stays_down(worker: Worker, wish: Request, terms: Terms) -> Refusal | None:
    """Refuse to shut down until a time what nobody could start then."""
    if wish.status is not Status.OFFLINE or terms.until is None or worker.attended is not None:
        return None
    return Refusal("cannot be shut down until a time: no agent on its machine could start it; send it to sleep instead")


def withdraw(worker: Worker, text: str = "had nothing pending", *, by: str = "", now: int = 0, why: str = "") -> Asked:
    """Take back what is pending; where nothing is, the text says why nothing changes. why: where nobody did it.

    Who takes back what the farm asked by itself wants the worker to stay as it is.
    """
    pending = worker.request
    if pending is None:
        return _leave(worker, text)
    said = {"why": why} if why else {}
    facts = (Fact(Kind.REQUEST_WITHDRAWN, {**naming(pending), "of": pending.by, **said}),)
    label = LABELS[pending.wish.status]
    answer = Answer(worker.id, worker.name, True, f"keeps its status: {label} is withdrawn", request_id=pending.id)
    stays = worker.status in (Status.AWAKE, Status.ASLEEP) and is_farm(pending.by) and not is_farm(by)
    wished = LastWish(pending.id, worker.status, by, now) if stays else worker.wished
    return Asked(Moved(replace(worker, request=None, wished=wished), facts), answer)


def words(pending: Pending) -> str:
    """Say what is pending: "restart immediately, as kim asked"."""
    wish = pending.wish
    flavour = "" if wish.status is Status.AWAKE else " when its task is finished" if wish.lazy else " immediately"
    return f"{_VERBS[wish.status]}{flavour}, as {asker(pending.by)} asked"


_VERBS = {
    Status.OFFLINE: "shut down",
    Status.RESTART: "restart",
    Status.ASLEEP: "go to sleep",
    Status.AWAKE: "wake up",
}


def asker(by: str) -> str:
    return by or "the farm itself"


def _leave(worker: Worker, text: str, *, accepted: bool = True) -> Asked:
    return Asked(Moved(worker), Answer(worker.id, worker.name, accepted, text, changed=False))


def _note(worker: Worker, new: Pending, text: str) -> Asked:
    """Keep what is wished of a worker that starts so anyway: its sleep schedule may want otherwise by then."""
    if new.wish.status is Status.OFFLINE:
        return _leave(worker, text)
    wished = LastWish(new.id, new.wish.status, new.by, new.at, new.terms.reason, new.terms.until)
    return Asked(Moved(replace(worker, wished=wished)), Answer(worker.id, worker.name, True, text, changed=False))


def _refuse(worker: Worker, pending: Pending, wish: Request) -> Asked:
    """Let what is pending hold, and tell both."""
    detail = {"request": pending.id, "status": wish.status.value, "lazy": wish.lazy, "of": pending.by}
    text = f"is to {words(pending)}: take that back first"
    answer = Answer(worker.id, worker.name, False, text, changed=False, request_id=pending.id)
    return Asked(Moved(worker, (Fact(Kind.REQUEST_REFUSED, detail),)), answer)


def _repeat(worker: Worker, pending: Pending, text: str, *, confirms: bool) -> Asked:
    """Keep what is pending, as of its first time."""
    facts = (Fact(Kind.REQUEST_CONFIRMED, {**naming(pending), "of": pending.by}),) if confirms else ()
    also = f" (by {asker(pending.by)})" if confirms else ""
    return Asked(Moved(worker, facts), Answer(worker.id, worker.name, True, text + also, False, pending.id))


def _request(worker: Worker, new: Pending, text: str) -> Asked:
    old = worker.request
    answer = Answer(worker.id, worker.name, True, text + _terms(new) + _instead(new, old), request_id=new.id)
    return Asked(Moved(replace(worker, request=new), (_made(new, old),)), answer)


def _instead(new: Pending, old: Pending | None) -> str:
    """Say what is replaced, and whose it was; whoever only hurries himself knows."""
    if old is None or (old.by == new.by and old.wish.status is new.wish.status):
        return ""
    whose = "" if old.by == new.by else f", which {asker(old.by)} asked for"
    return f", instead of {LABELS[old.wish.status]}{whose}"


def _made(new: Pending, old: Pending | None) -> Fact:
    detail = {**naming(new), "replaces": old and old.id, **({"of": old.by} if old else {})}
    return Fact(Kind.REQUEST_MADE, {**detail, **said(new.terms)})


def said(terms: Terms) -> dict[str, object]:
    """Return the terms that are given, by their names."""
    given = {"deadline": terms.deadline, "until": terms.until, "reason": terms.reason or None}
    return {name: value for name, value in given.items() if value is not None}


def _changes_end(worker: Worker, wish: Request, terms: Terms) -> bool:
    """Say whether a worker that sleeps, or is off, already is to do so until another time, or for another reason."""
    if wish.status is not worker.status or wish.status not in _BACK:
        return False
    until = worker.wished.until if worker.wished else None
    return terms.until != until or bool(terms.reason)


def _rest_on(worker: Worker, new: Pending, text: str) -> Asked:
    """Note until when a worker rests that rests already: asked and done at once."""
    done = Fact(Kind.REQUEST_DONE, {**naming(new), "took": 0})
    wished = LastWish(new.id, new.wish.status, new.by, new.at, new.terms.reason, new.terms.until)
    moved = Moved(replace(worker, wished=wished), (_made(new, None), done))
    until = new.terms.until
    end = "without an end" if until is None else f"and is {_BACK[new.wish.status]} in {span(until - new.at)}"
    return Asked(moved, Answer(worker.id, worker.name, True, f"{text}, {end}", request_id=new.id))


def _flavour(outcome: Accepted, wish: Request) -> str:
    return outcome.lazy if wish.lazy else outcome.immediate


def _terms(new: Pending) -> str:
    """Say what the terms add, in spans: operators have different clocks."""
    terms = new.terms
    late = ""
    if terms.deadline is not None:
        late = f", in {span(terms.deadline - new.at)}{' unless that is undone' if terms.held else ' at the latest'}"
    return late if terms.until is None else f"{late}, and is {_BACK[new.wish.status]} in {span(terms.until - new.at)}"


# How that ends which can end by itself.
_BACK = {Status.ASLEEP: "woken", Status.OFFLINE: "started again"}
