"""One wish for many workers, within one transaction."""

from collections.abc import Callable, Mapping, Sequence

from ..rules.actions import Answer, Asked
from ..rules.deeds import REFUSED_ACTION, Deed
from ..rules.workers import Worker, is_farm
from . import workers
from .database import Change


def ask_all(
    change: Change,
    worker_ids: Sequence[str],
    seen: Mapping[str, int],
    ask: Callable[[Worker, int], Asked],
    by: str,
) -> list[Answer]:
    """Ask each of these workers once, in their order; refusals are answers too, unknown ids among them."""
    found = {worker.id: worker for worker in workers.load(change.connection, worker_ids, seen)}
    known = [found[id] for id in dict.fromkeys(worker_ids) if id in found]
    answers = {answer.worker_id: answer for answer in ask_those(change, known, ask, by)}
    unknown = {id: Answer(id, id, False, "is not known here", changed=False) for id in worker_ids if id not in found}
    return [answers.get(id) or unknown[id] for id in dict.fromkeys(worker_ids)]


def ask_those(change: Change, those: Sequence[Worker], ask: Callable[[Worker, int], Asked], by: str) -> list[Answer]:
    """Ask each of these, as they were loaded in this transaction."""
    return note_all(change, [(worker, ask(worker, change.now)) for worker in those], by)


def note_all(change: Change, asked: Sequence[tuple[Worker, Asked]], by: str) -> list[Answer]:
    """Write down what was asked of workers, as they still are."""
    workers.save_all(change, [(worker, each.moved) for worker, each in asked], by)
    if not is_farm(by):
        refused = ((worker, each.answer) for worker, each in asked if not each.answer.accepted and not each.moved.facts)
        change.deeds += [Deed(REFUSED_ACTION, by, "", {"why": it.text}, worker.id) for worker, it in refused]
    return [each.answer for _, each in asked]
