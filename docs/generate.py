"""Makes the parts of the pages that follow from the code: `python docs/generate.py` writes them anew, in place.

Such a part stands between `<!-- generated: NAME -->` and `<!-- end -->`. PARTS says which function makes it;
each is pure, from the tables of the packages to Markdown.
"""

import argparse
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path

import calls
import hardening
import service_managers

from farmhand.manager import cli as manager_cli
from farmhand.manager.config import Settings
from farmhand.manager.rules.outcomes import outcomes_markdown
from farmhand.manager.rules.rivals import rulings_markdown
from farmhand.supervisor import cli as supervisor_cli
from farmhand.supervisor.control import verbs as supervisor_verbs
from farmhand.supervisor.rules import moves
from farmhand.supervisor.rules.exitstatus import Result
from farmhand.supervisor.rules.life import Life
from farmhand.supervisor.rules.properties import Facts, properties
from farmhand.supervisor.rules.restart import RESTARTS_ON
from farmhand.supervisor.rules.states import State, active_state
from farmhand.units import cli as units_cli
from farmhand.units import known, schema, support
from farmhand.units.directives import ALIASES, DIRECTIVES, in_section
from farmhand.units.doctor.rules import RULES
from farmhand.units.restart_codes import refuse_restart_code
from farmhand.units.spec import Service
from farmhand.worker import cli as worker_cli
from farmhand.worker import outbox
from farmhand.worker.commands.table import PLANS
from farmhand.worker.rules import backoff, life, tasklog
from farmhand.worker.wire import PUSH_WAIT

DOCS = Path(__file__).parent
_PART = re.compile(r"(<!-- generated: (?P<name>[\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def fill(text: str) -> str:
    """Return a page with each of its generated parts made anew; KeyError for a name that nothing makes."""
    return _PART.sub(lambda found: f"{found[1]}\n{PARTS[found['name']]()}\n{found[3]}", text)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def code(text: object) -> str:
    return f"`{text}`"


# -- units


def directives() -> str:
    """The directives that are acted on, section by section."""
    parts = []
    for section, rows in groupby(DIRECTIVES.values(), lambda row: row.section):
        header = ("Directive", "Value", "Default", "Since systemd", "What it says")
        cells = [
            (code(f"{row.name}="), row.kind.what, _default(row.name), str(row.since or ""), row.help) for row in rows
        ]
        parts.append(f"### [{section}]\n\n{table(header, cells)}")
    return "\n".join(parts)


def _default(name: str) -> str:
    """Return a default as it would be written, "" for none: what the schema says to editors."""
    said = schema.build()["properties"]["services"]["additionalProperties"]["properties"][name]["description"]
    found = re.search(r"Default: (.*?)\.(?: Since systemd \d+\.)?$", said)
    return code(found[1]) if found else ""


def aliases() -> str:
    rows = [
        (f"[{section}]", code(f"{name}="), ", ".join(code(f"{row.name}=") for row in in_section(section, name)))
        for section, name in ALIASES
    ]
    return table(("Section", "Also accepted", "Sets"), rows)


def kept() -> str:
    """The directives that are read, kept and not acted on."""
    rows: dict[tuple[str, str], list[str]] = {}
    for section in known.SECTIONS:
        for name in sorted(known.KEPT[section]):
            rows.setdefault((f"[{section}]", known.why(section, name)), []).append(code(name))
    return table(
        ("Section", "Directives", "Why"), [(place, ", ".join(names), why) for (place, why), names in rows.items()]
    )


def doctor_rules() -> str:
    """What the unit doctor looks for, by harm."""
    rows = [(code(rule.id), rule.harm.value, rule.title) for rule in RULES.values()]
    return table(("Rule", "Harm", "What it finds"), rows)


def refused() -> str:
    """The directives whose services are not started, the exit status and why."""
    return table(("Directive", "Exit status", "Why"), [(code(f"{n}="), s, w) for n, (s, w) in known.REFUSED.items()])


def support_words() -> str:
    return table(("Word", "What it says"), [(word, says) for word, says in support.WORDS.items()])


def differing() -> str:
    """The directives that are not the same on all systems, with what becomes of them on each."""
    header = ("Directives", *support.SYSTEMS.values())
    rows = [(names, *cells) for names, cells in _supported() if len(set(cells)) > 1]
    return table(header, rows)


def nowhere() -> str:
    """The directives that mean on no system what they mean to systemd."""
    rows = [(names, cells[0]) for names, cells in _supported() if {*cells} != {"same"} and len(set(cells)) == 1]
    return table(("Directives", "On all systems"), rows)


def everywhere() -> str:
    [names] = [names for names, cells in _supported() if {*cells} == {"same"}]
    return f"{names}\n"


def _supported() -> list[tuple[str, tuple[str, ...]]]:
    """Return the directives that have the same cells, a cell for each system, in the order of the first of them."""
    places = [(row.section, name) for name, row in DIRECTIVES.items()]
    places += [(section, name) for section in known.SECTIONS for name in sorted(known.KEPT[section])]
    found: dict[tuple[str, ...], list[str]] = {}
    for section, name in places:
        cells = tuple(_cell(support.cases(section, name, system)) for system in support.SYSTEMS)
        found.setdefault(cells, []).append(code(f"{name}="))
    return [(", ".join(names), cells) for cells, names in found.items()]


def _cell(cases: Sequence[support.Case]) -> str:
    """Write what becomes of a directive; what is said of some values only stands in a line each."""
    lines = [
        f"{f'{case.values.words}: ' if case.values.words else 'else: ' if len(cases) > 1 else ''}"
        f"{case.word}{f': {case.why}' if case.why else ''}"
        for case in cases
    ]
    return "<br>".join(lines) or "same"


def specifiers() -> str:
    rows = [
        (", ".join(code(f"%{letter}") for letter in letters.split()), *texts)
        for letters, texts in support.SPECIFIERS.items()
    ]
    return table(("Specifiers", "macOS", "Windows"), rows)


def supervisor_settings() -> str:
    settings = schema.build()["properties"]["supervisor"]["properties"]
    return table(("Key", "What it says"), [(code(key), each["description"]) for key, each in settings.items()])


# -- supervisor


def restarts() -> str:
    header = ["The run's result", *(code(policy) for policy in RESTARTS_ON)]
    rows = [
        [code(result.value), *("restart" if result in results else "" for results in RESTARTS_ON.values())]
        for result in Result
        if result not in (Result.START_LIMIT_HIT, Result.EXEC_CONDITION)
    ]
    return table(header, rows)


def states() -> str:
    return table(
        ("`SubState`", "`ActiveState`"),
        [(code(state.value), code(active_state(Service("any"), state).value)) for state in State],
    )


Move = tuple[State, str, State]

# What moves a service by conditions, not by a table alone; a test takes each of these steps.
CONDITIONAL: Sequence[Move] = (
    (State.DEAD, "start requested", State.CONDITION),
    (State.FAILED, "start requested", State.CONDITION),
    (State.START, "started", State.START_POST),
    (State.START, "failed", State.STOP_SIGTERM),
    (State.RUNNING, "reload requested", State.RELOAD),
    (State.EXITED, "reload requested", State.RELOAD),
    (State.RELOAD, "timeout: terminate", State.RUNNING),
    (State.RUNNING, "main process ended", State.STOP),
    (State.RUNNING, "ended well, RemainAfterExit=yes", State.EXITED),
    (State.RUNNING, "RuntimeMaxSec= over", State.STOP),
    (State.RUNNING, "watchdog elapsed", State.STOP_WATCHDOG),
    (State.RUNNING, "STOPPING=1", State.STOP_SIGTERM),
    (State.DEAD, "to be restarted", State.AUTO_RESTART),
    (State.FAILED, "to be restarted", State.AUTO_RESTART),
)


def tabled() -> list[Move]:
    """Return the moves that stand in the tables of moves.py."""
    found: list[Move] = []
    for state, phase in moves.PHASES.items():
        found += [(state, "done", phase.then), (state, f"{phase.directive}= failed", phase.failed)]
        found.append((state, f"{phase.directive}= not started", phase.refused))
    found += [(state, "stop requested", to) for state, to in moves.ON_STOP.items() if to]
    found += [(state, "last process ended", to) for state, to in moves.ON_LAST_ENDED.items()]
    found += [(state, "tree empty", to) for state, to in moves.ON_TREE_EMPTY.items()]
    for timeouts in (moves.ON_START_TIMEOUT, moves.ON_STOP_TIMEOUT):
        found += [
            (state, f"timeout: {mode}", to) for state, by_mode in timeouts.items() for mode, to in by_mode.items()
        ]
    found += [(state, "nobody to signal", to) for state, to in moves.PASS_ON.items()]
    found += [(state, "SendSIGKILL=no", to) for state, to in moves.WITHOUT_SIGKILL.items()]
    return found


def transitions() -> str:
    """All moves as a table: from, to, on what."""
    return table(
        ("From", "To", "When"),
        [(code(old.value), code(new.value), "; ".join(words)) for old, new, words in _joined(tabled())],
    )


def diagram() -> str:
    """The moves with default settings as a diagram: timeouts lead to `terminate`, SIGKILL may be sent."""
    unusual = ("timeout: abort", "timeout: kill", "SendSIGKILL=no", "nobody to signal")
    usual = [
        (old, words, new) for old, words, new in (*CONDITIONAL, *tabled()) if words not in unusual and old is not new
    ]
    lines = ["```mermaid", "stateDiagram-v2", *(f'    state "{state.value}" as {state.name}' for state in State)]
    lines += ["    [*] --> DEAD"]
    lines += [f"    {old.name} --> {new.name}: {_short(words)}" for old, new, words in _joined(usual)]
    return "\n".join([*lines, "```", ""])


def _joined(found: Iterable[Move]) -> list[tuple[State, State, list[str]]]:
    """Put moves with the same ends together, in the order of the states."""
    by_ends: dict[tuple[State, State], list[str]] = {}
    for old, words, new in found:
        by_ends.setdefault((old, new), []).append(words)
    order = list(State)
    return [
        (old, new, list(dict.fromkeys(words)))
        for (old, new), words in sorted(by_ends.items(), key=lambda each: [order.index(state) for state in each[0]])
    ]


def _short(words: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(word.replace("timeout: terminate", "timeout") for word in words))


def control_verbs() -> str:
    rows = []
    for name, verb in supervisor_verbs.VERBS.items():
        told = [option for option in verb.options if option in supervisor_verbs.TOLD]
        names = {"+": "one or more", "*": "any number; none means all", "": "none"}[verb.names]
        rows.append((code(name), names, ", ".join(code(option) for option in told), verb.help))
    return table(("Verb", "Names", "Options", "What it does"), rows)


def shown_properties() -> str:
    return ", ".join(code(name) for name in properties(Service("any"), Life(), Facts())) + "\n"


# -- worker and manager


def restart_codes() -> str:
    """Which exit codes cannot mean a restart, and why."""
    parts = groupby(range(257), refuse_restart_code)
    rows = [
        (f"{numbers[0]} to {numbers[-1]}" if len(numbers) > 1 else str(numbers[0]), reason)
        for reason, numbers in ((reason, list(each)) for reason, each in parts)
        if reason
    ]
    return table(("Code", "Why it is refused"), [*rows[:-1], ("256 and more", rows[-1][1])])


def pace() -> str:
    rows = [(phase.value, f"{without:g} s", f"{bell:g} s") for phase, (without, bell) in life.PACE.items()]
    return table(("Worker is", "It asks every, without a bell", "with a bell"), rows)


def times() -> str:
    settings = Settings()
    rows = [
        ("Longest wait of a push request", PUSH_WAIT),
        ("Silence until a worker that keeps a push request open is lost (`push_timeout`)", settings.push_timeout),
        ("Silence until a worker that polls is lost (`worker_timeout`)", settings.worker_timeout),
        ("Silence until a task counts as failed (`task_timeout`)", settings.task_timeout),
        ("First pause after a call that came to nothing; doubles", backoff.FIRST),
        ("Longest pause", backoff.LONGEST),
        ("A worker that leaves waits so long for its last reports", life.LAST_REPORTS),
        ("and takes so long in all", life.LAST_CALL),
    ]
    return table(("What", "Seconds"), [(what, f"{seconds:g}") for what, seconds in rows])


def worker_limits() -> str:
    rows = [
        ("Output is sent when its oldest line, finished or not, is so old", f"{tasklog.AGE:g} s"),
        ("or when there is so much of it", kib(tasklog.PIECE)),
        ("Of the log of one attempt at a task is kept, of its beginning (`task_log_limit`)", kib(tasklog.LIMIT)),
        ("and of its end", kib(tasklog.END)),
        ("Output that waits on disk while the manager is away; what is more is left out", kib(outbox.MOST_LOG)),
        ("the same in memory, where the disk is full", kib(outbox.MOST_IN_MEMORY)),
        ("Output in one report", kib(outbox.LARGEST)),
    ]
    return table(("What", "Limit"), rows)


def kib(size: int) -> str:
    """Write a size of bytes for people."""
    return f"{size // 2**20} MiB" if size >= 2**20 else f"{size // 2**10} KiB"


def commands() -> str:
    return ", ".join(code(name) for name in PLANS) + "\n"


# -- command lines


def command_line(parser: argparse.ArgumentParser) -> str:
    """Describe a program: its own options, then each of its commands."""
    return "\n".join([*([_arguments(parser)] if _described(parser) else []), *_commands_of(parser)])


def _commands_of(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield its commands, each with those of its own; none that its help does not list."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for choice in action._choices_actions:
                command = action.choices[choice.dest]
                yield _command(command, choice.help or "")
                yield from _commands_of(command)


def _command(command: argparse.ArgumentParser, help: str) -> str:
    words = [command.prog, *(_positional(action) for action in _described(command) if not action.option_strings)]
    said = f"{help[:1].upper()}{help[1:]}."
    return f"### {code(' '.join(words))}\n\n{said}\n" + (f"\n{_arguments(command)}" if _described(command) else "")


def _described(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    left_out = (argparse._SubParsersAction, argparse._HelpAction)
    return [action for action in parser._actions if not isinstance(action, left_out)]


def _arguments(parser: argparse.ArgumentParser) -> str:
    return table(("Argument", "What it says"), [(_spelling(action), _meaning(action)) for action in _described(parser)])


def _positional(action: argparse.Action) -> str:
    name = str(action.metavar or action.dest)
    return {"+": f"{name}...", "*": f"[{name}...]", "?": f"[{name}]"}.get(str(action.nargs), name)


def _spelling(action: argparse.Action) -> str:
    if not action.option_strings:
        return code(_positional(action))
    value = "" if action.nargs == 0 else f" {action.metavar or '|'.join(action.choices or ()) or action.dest.upper()}"
    return ", ".join(code(option + value) for option in action.option_strings)


def _meaning(action: argparse.Action) -> str:
    said = [action.help] if action.help else []
    if action.required and action.option_strings:
        said.append("required")
    if (
        isinstance(action.default, str)
        and action.default not in ("", argparse.SUPPRESS)
        and "default" not in (action.help or "")
    ):
        said.append(f"default: {action.default}")
    return "; ".join(said)


PARTS: Mapping[str, Callable[[], str]] = {
    "actions": outcomes_markdown,
    "rivals": rulings_markdown,
    "restart-codes": restart_codes,
    "pace": pace,
    "worker-limits": worker_limits,
    "times": times,
    "commands": commands,
    "directives": directives,
    "aliases": aliases,
    "kept": kept,
    "refused": refused,
    "doctor-rules": doctor_rules,
    "support-words": support_words,
    "support-differing": differing,
    "support-nowhere": nowhere,
    "support-everywhere": everywhere,
    "specifiers": specifiers,
    "supervisor-settings": supervisor_settings,
    "restarts": restarts,
    "states": states,
    "transitions": transitions,
    "diagram": diagram,
    "control-verbs": control_verbs,
    "properties": shown_properties,
    "hardening-profiles": hardening.profiles,
    "hardening-lines": hardening.lines,
    "hardening-gaps": hardening.gaps,
    "hardening-shown": hardening.shown,
    **{f"calls-{area}": partial(calls.table, area) for area in calls.areas()},
    "service-managers": service_managers.overview,
    **{f"dialect-{name}": partial(service_managers.page, name) for name in service_managers.DIALECTS},
    "farmhand": lambda: command_line(supervisor_cli.parser()),
    "farmhand-worker": lambda: command_line(worker_cli.parser()),
    "farmhand-manager": lambda: command_line(manager_cli._parser()),
    "farmhand-units": lambda: command_line(units_cli._parser()),
}


def _begin_pages() -> None:
    """Begin the page of each service manager that has none yet."""
    folder = DOCS / "reference" / "service-managers"
    folder.mkdir(exist_ok=True)
    for dialect in service_managers.DIALECTS.values():
        page = folder / f"{dialect.name}.md"
        if not page.exists():
            page.write_text(f"# {dialect.title}\n\n<!-- generated: dialect-{dialect.name} -->\n<!-- end -->\n")


def main() -> int:
    """Write every page whose generated parts have changed, and name it."""
    os.environ.pop("FARMHAND_MANAGER", None)  # the pages show the default that holds without it
    _begin_pages()
    for page in sorted(DOCS.rglob("*.md")):
        old = page.read_text(encoding="utf-8")
        new = fill(old)
        if new != old:
            page.write_text(new, encoding="utf-8")
            print(page.relative_to(DOCS))
    return 0


if __name__ == "__main__":
    sys.exit(main())
