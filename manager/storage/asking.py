"""One wish for many workers, within one transaction."""

from collections.abc import Callable, Mapping, Sequence

from ..rules.actions import Answer, Asked
from ..rules.workers import Worker
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
    answers = []
    for id in dict.fromkeys(worker_ids):
        if id not in found:
            answers.append(Answer(id, id, False, "is not known here", changed=False))
            continue
        asked = ask(found[id], change.now)
        workers.save(change, found[id], asked.moved, by)
        answers.append(asked.answer)
    return answers
