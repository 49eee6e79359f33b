"""Services of Farmhand's own supervisor, by its control socket. It says when something changes: nobody asks in vain."""

from collections.abc import Mapping

from ...units.light import Any
from ...units.unit_names import short_name
from ..control.protocol import NoSupervisor, Reply, Request, ask
from ..exit_codes import BAD_INPUT
from ..rules.attested import PROPERTIES
from ..rules.warrants import is_name
from .node import Unseen


class Farmhand:
    """The services of a running supervisor that patterns name; see node.Node."""

    kind = "farmhand"

    def __init__(self, control: str, patterns: tuple[str, ...]) -> None:
        self._control = control
        self._patterns = patterns
        self._as_of = ""

    def look(self) -> Mapping[str, Mapping[str, str]]:
        self._as_of = str(self._ask("await-change").data)
        found: Any = self._ask("show", {"property": list(PROPERTIES)}).data
        return {short_name(name): shown for name, shown in found.items() if is_name(short_name(name))}

    def wait(self) -> None:
        self._ask("await-change", {"since": self._as_of})

    def act(self, verb: str, name: str) -> str | None:
        try:
            self._ask("reset-failed", names=(name,))  # or a start limit could keep it down
            done = self._ask(verb, names=(name,))
        except Unseen as problem:
            return str(problem)
        return None if done.exit_code == 0 else "; ".join((*done.lines, *done.complaints)) or f"{verb} failed"

    def _ask(self, verb: str, options: Mapping[str, Any] | None = None, names: tuple[str, ...] = ()) -> Reply:
        try:
            reply = ask(self._control, Request(verb, names or self._patterns, options or {}))
        except (NoSupervisor, OSError, ValueError) as problem:
            raise Unseen(str(problem)) from None
        if reply.exit_code == BAD_INPUT:  # an older supervisor than this agent
            raise Unseen("; ".join((*reply.lines, "is the supervisor an older one? 'farmhand reexec' renews it")))
        return reply
