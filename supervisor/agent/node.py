"""What an agent sees and does on its node: one contract, a module for each supervisor that it can ask."""

from collections.abc import Mapping

from ...units.light import Protocol


class Unseen(Exception):
    """The supervisor does not answer; the text says why."""


class Node(Protocol):
    """The services that the agent may touch. Their names are without ".service"."""

    kind: str

    def look(self) -> Mapping[str, Mapping[str, str]]:
        """Return the services' properties (rules.attested.PROPERTIES), by name. Raises Unseen."""
        ...

    def wait(self) -> None:
        """Return when something may have changed since `look` was called last. Raises Unseen."""
        ...

    def act(self, verb: str, name: str) -> str | None:
        """Start or restart a service, and return when that is done: None, or why it was not."""
        ...
