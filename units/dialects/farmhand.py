"""Our YAML: services and the supervisor's settings in one file, with systemd's directive names.

What systemd would ignore with a warning is refused here: unknown keys, bad values, keys given twice.
Values are taken as they are written, before YAML makes something else of them: `Restart: no` is "no" and
`UMask: 0022` octal.
"""

import re
from collections.abc import Iterator, Mapping

import yaml

from .. import directives, grammar, specifiers
from ..draft import Draft
from ..errors import BadConfig, BadValue, nearest
from ..kinds import Context, write_line
from ..light import NoReturn, dataclass, field, replace
from ..places import SYSTEM_FOLDERS
from ..rendered import Loss
from ..settings import Settings
from ..spec import Assignment, Service


@dataclass(frozen=True)
class Farm:
    """What one file says."""

    path: str
    services: tuple[Service, ...]
    settings: Settings = Settings()


# What YAML can write as an escape, and neither a command line nor a file of text can hold: NUL, half a character.
_UNFIT = re.compile(r"[\0\ud800-\udfff]")

SCALAR_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp"))


def read(path: str, text: str, machine: Mapping[str, str] = SYSTEM_FOLDERS) -> Farm:
    """Read a file's text; `machine` gives the specifiers that the unit's name does not. Raises BadConfig."""
    return Reader(path, machine).farm(compose(path, text))


def compose(path: str, text: str) -> yaml.Node:
    """Parse YAML without making values of it."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except RecursionError:
        raise BadConfig(path, 0, "", "it is nested too deeply", 'write "services:" and the services below it') from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = " ".join(part for part in (error.context, error.problem) if part)
        raise BadConfig(
            path, mark.line + 1 if mark else 0, "", f"it is not YAML: {problem}", "mend the syntax"
        ) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise BadConfig(path, line, "", "it holds a character that YAML forbids", "take it out") from None
    if node is None:
        raise BadConfig(path, 0, "", "it is empty", 'write "services:" and the services below it')
    return node


def for_elsewhere(farm: Farm) -> tuple[tuple[Service, ...], tuple[Loss, ...]]:
    """Give the services as another service manager needs them, and in words what that one will not do.

    DefaultEnvironment goes into each service's own environment.
    """
    shared = farm.settings.default_environment
    services = tuple(replace(service, environment={**shared, **service.environment}) for service in farm.services)
    commands = (command for service in services for command in service.exec_start)
    bare = sorted({command.words[0] for command in commands if not re.search(r"[/\\]", command.words[0])})
    losses = [Loss("LogDirectory", "the output goes where the other service manager puts it")]
    search = Loss(", ".join(bare), "looked for in the other service manager's own path only, not beside Python")
    return services, (*(losses if farm.settings.log_directory else ()), *((search,) if bare else ()))


@dataclass(frozen=True)
class Reader:
    """Walks the nodes of one file, refusing with its path and line."""

    path: str
    machine: Mapping[str, str] = field(default_factory=dict)

    def refuse(self, node: yaml.Node, key: str, problem: str, hint: str) -> NoReturn:
        raise BadConfig(self.path, _line(node), key, problem, hint)

    def farm(self, node: yaml.Node) -> Farm:
        blocks = dict(self.entries(node, "", ("services", "supervisor")))
        if "services" not in blocks:
            self.refuse(node, "services", "it is missing", "name the services to run below it")
        settings = self.settings(blocks["supervisor"]) if "supervisor" in blocks else Settings()
        services: dict[str, Service] = {}
        for name, body in self.entries(blocks["services"], "services"):
            for service in self.services(name, body):
                if service.name in services:
                    self.refuse(body, name, f'the service "{service.name}" is there already', "give each its own name")
                services[service.name] = service
        return Farm(self.path, tuple(services.values()), settings)

    def entries(self, node: yaml.Node, key: str, known: tuple[str, ...] = ()) -> Iterator[tuple[str, yaml.Node]]:
        """Walk a mapping, refusing keys that come twice, or that are not `known` if any are given."""
        if not isinstance(node, yaml.MappingNode):
            self.refuse(node, key, "it must be a mapping", 'write lines of "name: value" below it')
        seen: set[str] = set()
        for key_node, value in node.value:
            name = self.scalar(key_node, key)
            if name in seen:
                self.refuse(key_node, name, "it is given twice", "keep one, or write a list")
            seen.add(name)
            if known and name not in known:
                near = nearest(name, known)
                self.refuse(
                    key_node,
                    name,
                    f"it is not known{f' under {key}' if key else ' here'}",
                    f'did you mean "{near}"?' if near else f"known are {', '.join(known)}",
                )
            yield name, value

    def scalar(self, node: yaml.Node, key: str) -> str:
        """Give the text of a scalar as it is written, without the spaces around it; it must not be empty."""
        text = self.whole(node, key).strip()
        if not text:
            self.refuse(node, key, "it has no value", "write a value, or take the line out")
        return text

    def whole(self, node: yaml.Node, key: str) -> str:
        """Give the text of a scalar with all its spaces."""
        if not isinstance(node, yaml.ScalarNode) or node.tag not in SCALAR_TAGS:
            self.refuse(node, key, "it must be a single value", "write one plain value")
        text = str(node.value)
        if unfit := _UNFIT.search(text):
            self.refuse(node, key, f"it holds {unfit[0]!r}, which no program can be given", "take it out")
        return text

    def scalars(self, node: yaml.Node, key: str) -> list[tuple[str, int]]:
        """Give one value, or those of a list, each with its line."""
        items = node.value if isinstance(node, yaml.SequenceNode) else [node]
        return [(self.scalar(item, key), _line(item)) for item in items]

    def settings(self, node: yaml.Node) -> Settings:
        streams = (f"DefaultStandard{stream}" for stream in ("Output", "Error"))
        known = ("DefaultEnvironment", "LogDirectory", *streams, "Leftovers")
        blocks = dict(self.entries(node, "supervisor", known))
        environment, log_directory = blocks.get("DefaultEnvironment"), blocks.get("LogDirectory")
        return Settings(
            self.environment(environment, "DefaultEnvironment", self.context()) if environment else {},
            self.replaced(log_directory, "LogDirectory") if log_directory else None,
            self.stream(blocks.get("DefaultStandardOutput"), "StandardOutput"),
            self.stream(blocks.get("DefaultStandardError"), "StandardError"),
            self.leftovers(blocks.get("Leftovers")),
        )

    def leftovers(self, node: yaml.Node | None) -> str | None:
        if node is None:
            return None
        try:
            return grammar.parse_choice(self.scalar(node, "Leftovers"), grammar.LEFTOVERS)
        except BadValue as bad:
            self.refuse(node, "Leftovers", bad.problem, bad.hint)

    def stream(self, node: yaml.Node | None, name: str) -> str | None:
        """Read what holds for a stream of services that do not say; systemd-system.conf(5), DefaultStandardOutput=."""
        if node is None:
            return None
        try:
            return str(directives.DIRECTIVES[name].kind.read(self.scalar(node, name), self.context()))
        except BadValue as bad:
            self.refuse(node, f"Default{name}", bad.problem, bad.hint)

    def replaced(self, node: yaml.Node, key: str) -> str:
        try:
            return self.context().replace(self.scalar(node, key))
        except BadValue as bad:
            self.refuse(node, key, bad.problem, bad.hint)

    def context(self, name: str = "") -> Context:
        def refuse(problem: str, hint: str) -> NoReturn:
            raise BadValue(problem, hint)

        values = specifiers.of_unit(name, self.path, self.machine) if name else self.machine
        return Context(values, refuse, strict=True)

    def environment(self, node: yaml.Node, key: str, context: Context) -> dict[str, str]:
        """Read a mapping of variables; their values are taken whole, without quoting."""
        found = {}
        for name, value in self.entries(node, key):
            try:
                text = context.replace(self.whole(value, key))
                grammar.check_environment(name, text)
            except BadValue as bad:
                self.refuse(value, key, bad.problem, bad.hint)
            found[name] = text
        return found

    def services(self, name: str, node: yaml.Node) -> list[Service]:
        """Read one entry: a service, or one for each of its `instances`."""
        name = name.removesuffix(".service")
        body = dict(self.entries(node, name))
        instances = body.pop("instances", None)
        template = name.endswith("@")
        if template and instances is None:
            self.refuse(node, name, "a template needs its instances", 'write "instances: [1, 2]" below it')
        if instances is not None and not template:
            self.refuse(instances, "instances", f'"{name}" is not a template', f'call it "{name}@"')
        if instances is not None and not isinstance(instances, yaml.SequenceNode):
            self.refuse(instances, "instances", "it must be a list", "write [1, 2, 3] for three of them")
        names = [name] if instances is None else [name + word for word, _ in self.scalars(instances, "instances")]
        for full in names:
            if not _is_service_name(full):
                self.refuse(node, full, "it is not a name for a service", "use letters, digits and :-_.@")
        return [self.service(full, node) for full in names]

    def service(self, name: str, node: yaml.Node) -> Service:
        draft = Draft(name, self.path, _line(node))
        context = self.context(name)
        for key, value in self.entries(node, name):
            others = key.startswith("X-") and not key.startswith("X-Farmhand")
            if key != "instances" and not others:
                self.directive(draft, key, value, context)
        return draft.finish()

    def one_line(self, node: yaml.Node, key: str, text: str) -> str:
        """Take a text that a unit file can hold as it is, or refuse it."""
        try:
            return write_line(text, str)[0]
        except BadValue as bad:
            self.refuse(node, key, bad.problem, bad.hint)

    def directive(self, draft: Draft, key: str, node: yaml.Node, context: Context) -> None:
        """Read one key of a service into the draft."""
        rows = directives.anywhere(key)
        kept_in = None if rows else directives.kept_section(key)
        if kept_in:
            for text, line in self.scalars(node, key):
                draft.kept.append(Assignment(kept_in, key, self.one_line(node, key, text), self.path, line))
            return
        if not rows:
            self.refuse(node, key, "it is not a directive", directives.suggest(key))
        if key == "Environment" and isinstance(node, yaml.MappingNode):
            draft.put(rows[0], self.environment(node, key, context), _line(node))
            return
        if isinstance(node, yaml.SequenceNode) and not rows[0].kind.repeatable:
            self.refuse(node, key, "it takes one value, not a list", f"write {rows[0].kind.what}")
        for text, line in self.scalars(node, key):
            for row in rows:
                try:
                    draft.assign(row, text, line, replace(context, place=f"{self.path}:{line}"))
                except BadValue as bad:
                    raise BadConfig(self.path, line, key, bad.problem, bad.hint) from None


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _is_service_name(name: str) -> bool:
    allowed = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@")
    return bool(name) and len(name) < 248 and set(name) <= allowed and not name.startswith("@")
