"""What an agent does all day: it says how its services are when that changes, and does what tickets ask of it.

One thread looks at the services; the main thread waits at the manager's bell, and has each ticket done in a thread of
its own, as stopping a worker that hangs takes its time. A ticket is noted as used, on disk, before anything is done:
an agent that was killed meanwhile says so, and does not do it again.
"""

import random
import secrets
import threading
import time
from collections.abc import Callable, Mapping

from ...units.light import Any, dataclass, field
from ...units.tickets import KEY_BYTES, Claims, Forged, unseal
from ..rules.attested import attest, policy_of, state_of
from ..rules.warrants import Post, refuse, remembered
from ..say import say
from .kept import Credentials, Folder
from .manager import Away, Manager, Refused, Unknown
from .node import Node, Unseen

# What a worker asks to be restarted with unless the manager says otherwise; worker/wire.py has the same number.
USUAL_CODE = 47

# Seconds between two reports at least, so that a service that crashes all the time is not all that anybody does.
_CALM = 0.2

# Seconds until another try: doubled each time, and never quite the same for two agents.
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0


def patiently(call: Callable[[], Any]) -> Any:
    """Call until the manager answers, and return what it says."""
    pause = _FIRST_PAUSE
    while True:
        try:
            return call()
        except Away as problem:
            if pause == _FIRST_PAUSE:
                say(f"agent: {problem}; trying again")
            time.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(2 * pause, _LONGEST_PAUSE)


@dataclass
class Agent:
    """One agent at work. codes: service -> restart code of its worker. busy: tickets that are being done."""

    known: Credentials
    manager: Manager
    node: Node
    folder: Folder
    allowed: tuple[str, ...]
    seen: frozenset[str] = frozenset()
    codes: Mapping[str, int] = field(default_factory=dict)
    busy: set[str] = field(default_factory=set)
    spent: dict[str, int] = field(default_factory=dict)
    told: Mapping[str, object] | None = None
    reporting: Any = field(default_factory=threading.Lock)
    trouble: Exception | None = None

    def run(self) -> None:
        """Serve until the manager does not know this agent any more. Raises Unknown."""
        self.spent = self.folder.spent()
        self.report()
        threading.Thread(target=self._watch, name="watch", daemon=True).start()
        since = 0
        while self.trouble is None:
            self.take_tickets()
            since = patiently(lambda since=since: self.manager.wait(self.known, since))  # type: ignore[misc]
        raise self.trouble

    # -- how the services are

    def _watch(self) -> None:
        pause = _FIRST_PAUSE
        try:
            while True:
                try:
                    self.node.wait()
                    pause = _FIRST_PAUSE
                except Unseen as problem:
                    say(f"agent: {problem}; trying again")
                    time.sleep(pause)
                    pause = min(2 * pause, _LONGEST_PAUSE)
                self.report()
                time.sleep(_CALM)
        except Exception as trouble:  # for the main thread, which may wait for half a minute more
            self.trouble = trouble

    def report(self) -> None:
        """Say how the services are, if that is news; what the manager answers may make for more of it."""
        with self.reporting:
            while (said := self._observed()) != self.told:
                codes = patiently(lambda said=said: self.manager.report(self.known, said))  # type: ignore[misc]
                self.told, self.codes = said, codes

    def _observed(self) -> Mapping[str, object]:
        try:
            shown = self.node.look()
        except Unseen as problem:
            return {"supervisor": self.node.kind, "trouble": str(problem), "services": []}
        self.seen = frozenset(name for name, properties in shown.items() if properties.get("LoadState") != "not-found")
        services = [self._service(name, properties) for name, properties in sorted(shown.items())]
        return {"supervisor": self.node.kind, "trouble": "", "services": services}

    def _service(self, name: str, properties: Mapping[str, str]) -> Mapping[str, object]:
        found = attest(properties, self.codes.get(name, USUAL_CODE))
        attested = {"code": found.code, "holds": found.holds, "why": found.why}
        return {"name": name, **state_of(properties), "restart": attested, "policy": policy_of(properties)}

    # -- what is to be done

    def take_tickets(self) -> None:
        """Ask for tickets, and begin what they say."""
        challenge = secrets.token_hex(KEY_BYTES)
        answer = patiently(lambda: self.manager.tickets(self.known, challenge))
        came = time.monotonic()
        for text in answer.tickets:
            try:
                claims = unseal(self.known.key_bytes, text)
            except Forged as problem:
                say(f"agent: a ticket is not obeyed: {problem}")
                continue
            self._take(claims, challenge, came)
        if answer.codes != self.codes:
            self.codes = answer.codes
            self.report()

    def _take(self, claims: Claims, challenge: str, came: float) -> None:
        if claims.id in self.busy:
            return
        waited = round((time.monotonic() - came) * 1000)
        refusal = refuse(claims, Post(self.known.id, self.allowed, self.seen), challenge=challenge, waited=waited)
        if claims.id in self.spent:
            self._tell(claims, "failed", "the agent was interrupted while it did this, and does nothing twice")
        elif refusal is not None:
            self._tell(claims, "refused", refusal)
        else:
            self.spent = remembered({**self.spent, claims.id: claims.expires}, claims.now)
            self.folder.keep_spent(self.spent)
            self.busy.add(claims.id)
            threading.Thread(target=self._do, args=(claims,), name=claims.service, daemon=True).start()

    def _do(self, claims: Claims) -> None:
        say(f"agent: {claims.verb} {claims.service}, ticket {claims.id}")
        complaint = self.node.act(claims.verb, claims.service)
        self._tell(claims, "done" if complaint is None else "failed", complaint or "")
        self.busy.discard(claims.id)

    def _tell(self, claims: Claims, outcome: str, text: str) -> None:
        if text:
            say(f"agent: {claims.verb} {claims.service}: {outcome}: {text}")
        try:
            patiently(lambda: self.manager.tell(self.known, claims.id, outcome, text))
        except (Refused, Unknown) as problem:
            say(f"agent: {claims.verb} {claims.service}: the manager does not want to know: {problem}")
