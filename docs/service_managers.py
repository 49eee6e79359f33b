"""The pages about service managers: a worker's definition in the words of each, and what each does with it."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace

from farmhand.units.compare import EVENTS, Column, Comparison, compare
from farmhand.units.definition import Definition, made
from farmhand.units.dialect import Dialect, Target, Way
from farmhand.units.dialects.table import DIALECTS
from farmhand.units.render import best_way, native_losses, render
from farmhand.units.rendered import File, Loss, grouped
from farmhand.units.support import SYSTEMS
from farmhand.units.worker_unit import Worker, worker_service

_WORKER = Worker(
    name="node-7",
    manager_url="http://farm:8080/",
    program="/opt/farmhand/bin/farmhand-worker",
    restart_code=47,
    user="farmhand",
    folder="/var/lib/farmhand",
)
_TARGET = Target(farmhand="/opt/farmhand/bin/farmhand")
_LANGUAGES = {"xml": "xml", "plist": "xml", "yaml": "yaml", "yml": "yaml", "json": "json", "ps1": "powershell"}
_BY_ITSELF = {"native": "by itself", "supervised": "with Farmhand under it"}


def overview() -> str:
    """All of them in a table: which way loses less, and what a machine has checked."""
    head = (
        "| | At home on | Read, too | Written for a worker | Checked with the real program |\n|---|---|---|---|---|\n"
    )
    return head + "".join(map(_row, DIALECTS.values()))


def _row(dialect: Dialect) -> tuple[str, ...]:
    way = best_way(dialect, _definition(dialect), _TARGET)
    home = SYSTEMS[dialect.system] if dialect.system else "any"
    read = "yes" if dialect.read else ""
    checked = ", ".join(
        f"{len(events)} of {len(EVENTS)} events, {version}" for version, events in dialect.checked.items()
    )
    cells = (f"[{dialect.title}](service-managers/{dialect.name}.md)", home, read, _BY_ITSELF[way], checked or "no")
    return f"| {' | '.join(cells)} |\n"


def page(name: str) -> str:
    """One service manager's own page."""
    dialect = DIALECTS[name]
    return "\n".join([*_summary(dialect), *_written(dialect), *_told(dialect), *_happens(dialect)])


def _definition(dialect: Dialect) -> Definition:
    """Return the worker, kept from what it does not need where that is to be had."""
    return made(worker_service(_WORKER if dialect.name == "systemd" else replace(_WORKER, profile=None)))


def _summary(dialect: Dialect) -> Iterator[str]:
    home = f"It is at home on {SYSTEMS[dialect.system]}." if dialect.system else "It is at home on any system."
    yield home
    if len(dialect.variants) > 1:
        yield f"`--as` chooses what is written: {', '.join(f'`{each}`' for each in dialect.variants)}; else the first."
    if dialect.read:
        endings = ", ".join(f"`{ending}`" for ending in dialect.endings)
        yield f"`farmhand-units convert FILE --to DIALECT` reads it as well ({endings})."
    yield ""


def _written(dialect: Dialect) -> Iterator[str]:
    """Yield a worker's definition in the way that is its default, and what is lost in the other."""
    definition = _definition(dialect)
    way = best_way(dialect, definition, _TARGET)
    yield f"## A worker, {_BY_ITSELF[way]}\n"
    yield f"    farmhand-units render {dialect.name} --name node-7 --manager http://farm:8080/ \\"
    yield "        --restart-exit-code 47 --user farmhand --folder /var/lib/farmhand\n"
    rendered = render(dialect, definition, _TARGET, way)
    for file in rendered.files:
        yield from _file(file)
    yield from _lost("What is not the same:", rendered.losses)
    if way == "supervised":
        yield from _lost(
            "What it would not do by itself (`--way native`):", native_losses(dialect, definition, _TARGET)
        )


def _file(file: File) -> Iterator[str]:
    language = _LANGUAGES.get(file.path.rpartition(".")[2], "")
    yield f"`{file.path}`{', mode ' + format(file.mode, 'o') if file.mode != 0o644 else ''}:\n"
    yield f"````{language}\n{file.text.rstrip()}\n````\n"


def _lost(head: str, losses: Sequence[Loss]) -> Iterator[str]:
    if losses:
        yield f"{head}\n"
        yield from (f"- {loss}" for loss in grouped(losses))
        yield ""


def _told(dialect: Dialect) -> Iterator[str]:
    commands = dialect.commands(_definition(dialect).written, _TARGET)
    steps = {
        "Have it checked": [commands.check] if commands.check else [],
        "Start it now and with the machine": commands.install,
        "See how it is": [commands.status] if commands.status else [],
        "Take it away": commands.uninstall,
    }
    yield "## Commands\n"
    for title, lines in steps.items():
        yield from [f"{title}:\n", *(f"    {shlex.join(words)}" for words in lines), ""] if lines else []


def _happens(dialect: Dialect) -> Iterator[str]:
    ways: tuple[Way, ...] = ("native", "supervised")
    definition = _definition(dialect)
    compared = [compare(definition, [dialect], _TARGET, way) for way in ways]
    yield "## What happens\n"
    yield "**Bold** is what the policy does not say, ✓ an event that was played with the real program.\n"
    yield "| Event | By the policy | By itself | With Farmhand under it |\n|---|---|---|---|"
    for name in EVENTS:
        cells = (_cell(each, each.columns[0], name) for each in compared)
        yield f"| {name} | {compared[0].policy[name].words} | {' | '.join(cells)} |"
    policy = compared[0].left
    lefts = [_bold(left, left == policy) for left in (each.columns[0].left for each in compared)]
    yield f"| left behind | {policy} | {' | '.join(lefts)} |\n"


def _cell(compared: Comparison, column: Column, event: str) -> str:
    answer = column.answers[event]
    played = " ✓" if event in column.checked and not answer.impossible else ""
    return _bold(answer.words, answer.same(compared.policy[event])) + played


def _bold(text: str, same: bool) -> str:
    return text if same else f"**{text}**"
