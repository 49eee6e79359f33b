"""A service in the making, as both readers fill it: value by value, remembering where each was set."""

import sys

from . import known
from .directives import DIRECTIVES, Directive
from .errors import BadConfig, BadValue
from .kinds import Context
from .light import Any, dataclass, field
from .spec import Assignment, Service

# An empty value takes these back as well; systemd, src/core/load-fragment.c, config_parse_exec_cpu_sched_policy etc.
_RESET_TOO = {
    "CPUSchedulingPolicy": ("CPUSchedulingPriority",),
    "IOSchedulingClass": ("IOSchedulingPriority",),
    "IOSchedulingPriority": ("IOSchedulingClass",),
}


@dataclass
class Draft:
    """What has been read of one service so far. line: where it begins, 0 for a file of its own."""

    name: str
    path: str
    line: int = 0
    values: dict[str, Any] = field(default_factory=dict)
    kept: list[Assignment] = field(default_factory=list)
    origin: dict[str, str] = field(default_factory=dict)

    def assign(self, directive: Directive, text: str, line: int, context: Context) -> None:
        """Read one value of a directive; an empty one takes it back to its default."""
        try:
            self._assign(directive, text, line, context)
        except BadValue as bad:
            raise BadValue(bad.problem, bad.hint, fatal=True) if directive.kind.fatal else bad from None

    def _assign(self, directive: Directive, text: str, line: int, context: Context) -> None:
        kind = directive.kind
        if text:
            self.put(directive, kind.read(text, context), line)
        elif kind.resets:
            for name in (directive.name, *_RESET_TOO.get(directive.name, ())):
                self.values.pop(DIRECTIVES[name].field, None)
                self.origin.pop(name, None)
        elif not kind.repeatable:
            raise BadValue("it has no value", f"write {kind.what}")

    def put(self, directive: Directive, value: Any, line: int) -> None:
        """Combine a value with what earlier lines said."""
        old = self.values.get(directive.field, directive.default)
        self.values[directive.field] = directive.kind.combine(old, value)
        self._fit_priority(directive.name, value)
        # Shared by all that stand there: in YAML a line may hold many, and many services be made from one.
        self.origin[directive.name] = sys.intern(f"{self.path}:{line}")

    def _fit_priority(self, name: str, value: Any) -> None:
        """Make a priority that was said before fit the policy or class that follows it."""
        if name == "CPUSchedulingPolicy" and "cpu_scheduling_priority" in self.values:
            lowest, highest = (1, 99) if value in ("fifo", "rr") else (0, 0)
            priority = self.values["cpu_scheduling_priority"]
            self.values["cpu_scheduling_priority"] = min(max(priority, lowest), highest)
        elif (name, value) == ("IOSchedulingClass", "none"):
            self.values.pop("io_scheduling_priority", None)

    def finish(self) -> Service:
        """Give the service, or raise BadConfig where its directives do not go together."""
        if "type" not in self.values and not self.values.get("exec_start"):
            self.values["type"] = "oneshot"
        service = Service(self.name, **self.values, kept=tuple(self.kept), origin=self.origin)
        if found := refusal(service):
            key, problem, hint = found
            path, _, line = self.origin.get(key, "").rpartition(":")
            bad = BadConfig(path or self.path, int(line or self.line), key, problem, hint)
            bad.service = service
            raise bad
        return service

    def as_target(self) -> Service:
        """Give a target: a service that runs nothing, and is active once all that it wants has started.

        systemd.target(5), "Default Dependencies".
        """
        values = {**self.values, "type": "oneshot", "remain_after_exit": True}
        drawn = [name for field in ("wants", "requires", "requisite", "binds_to") for name in values.get(field, ())]
        after = dict.fromkeys([*values.get("after", ()), *drawn])
        values["after"] = tuple(name for name in after if name not in values.get("before", ()))
        return Service(self.name, **values, kept=tuple(self.kept), origin=self.origin)


def refusal(service: Service) -> tuple[str, str, str] | None:
    """Say what keeps systemd from loading such a service: (key, problem, hint), or None.

    systemd, src/core/service.c, service_verify.
    """
    idle = not service.exec_start and service.success_action == "none"
    oneshot = service.type == "oneshot"
    if idle and not service.exec_stop:
        return "ExecStart", "it is missing", "name the command to run"
    if not service.exec_start and not oneshot:
        return "ExecStart", f"it is missing with Type={service.type}", "name the command to run, or use Type=oneshot"
    if idle and not service.remain_after_exit:
        return "ExecStart", "it is missing without RemainAfterExit=yes", "name the command, or say RemainAfterExit=yes"
    if "Type" not in service.origin and known.is_bus_name(_kept(service, "BusName")):
        return "BusName", "it waits for a message bus, which Farmhand does not speak", "add Type=notify, for example"
    if not oneshot and len(service.exec_start) > 1:
        return "ExecStart", "there is more than one command", "keep one, or use Type=oneshot"
    if oneshot and service.restart in ("always", "on-success"):
        return "Restart", f'"{service.restart}" does not go with Type=oneshot', 'write "on-failure", for example'
    if oneshot and service.restart_force_exit_status:
        return "RestartForceExitStatus", "it does not go with Type=oneshot", "take it out, or use another Type="
    if oneshot and service.exit_type == "cgroup":
        return "ExitType", '"cgroup" does not go with Type=oneshot', "take it out, or use another Type="
    if _kept(service, "PAMName") and service.kill_mode in ("process", "none"):
        return "KillMode", f'"{service.kill_mode}" does not go with PAMName=', 'write "control-group" or "mixed"'
    return None


def _kept(service: Service, key: str) -> str:
    """Return what a directive that is only kept says, "" for nothing."""
    return next((line.value for line in reversed(service.kept) if line.key == key), "")
