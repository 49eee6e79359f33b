"""Plays scenarios by the clock, many at a time, under one boot of a supervisor."""

import asyncio
import contextlib
import json
import os
import shlex
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from . import outcome
from .backends import Boot, Supervisor
from .logbook import LogBook
from .outcome import Outcome
from .scenario import Scenario
from .stage import NATIVE, Cast, Stage, stage

AT_A_TIME = 16
_PATIENCE = 0.5  # seconds for what is left of a scenario to end
_STAGGER = 0.03  # seconds from one beginning to the next: those of a length would stay in step for ever
_ANSWER = 30  # seconds for an answer to `show`

Report = Callable[[str, Outcome], None]
Issued = asyncio.Task[tuple[int, int]]


def play(
    scenarios: Sequence[Scenario],
    boot: Boot,
    *,
    cast: Cast = NATIVE,
    at_a_time: int = AT_A_TIME,
    report: Report = lambda identity, outcome: None,
) -> dict[str, Outcome]:
    """Play scenarios under a supervisor that is booted for them; returns what came of each, by id.

    An outcome with "error" says why there is none. report: told of each as soon as it is there.
    """
    with stage(scenarios, cast) as laid_out:
        try:
            return asyncio.run(_play(scenarios, boot, laid_out, at_a_time, report))
        finally:
            if cast.has_our_ids:
                _end_left_overs(laid_out)


async def _play(
    scenarios: Sequence[Scenario], boot: Boot, laid_out: Stage, at_a_time: int, report: Report
) -> dict[str, Outcome]:
    outcomes: dict[str, Outcome] = {}
    async with boot(laid_out) as supervisor:
        book = LogBook(laid_out.log)

        async def one(scenario: Scenario) -> None:
            outcomes[scenario.id] = await _play_safely(scenario, supervisor, laid_out, book)
            report(scenario.id, outcomes[scenario.id])

        longest_first = sorted(scenarios, key=lambda scenario: -scenario.until)
        await _side_by_side([scenario for scenario in longest_first if not scenario.alone], one, at_a_time)
        await _side_by_side([scenario for scenario in longest_first if scenario.alone], one, 1)
    return {scenario.id: outcomes[scenario.id] for scenario in scenarios}


async def _side_by_side(
    scenarios: Sequence[Scenario], one: Callable[[Scenario], Awaitable[None]], at_a_time: int
) -> None:
    todo = iter(scenarios)

    async def worker(number: int) -> None:
        await asyncio.sleep(number * _STAGGER)
        for scenario in todo:
            await one(scenario)

    await asyncio.gather(*map(worker, range(at_a_time)))


async def _play_safely(scenario: Scenario, supervisor: Supervisor, laid_out: Stage, book: LogBook) -> Outcome:
    issued: list[Issued] = []
    try:
        return await _play_one(scenario, supervisor, laid_out, book, issued)
    except (OSError, ValueError, TimeoutError) as problem:  # no answer, or none that can be read
        said = laid_out.log.read_text(errors="replace").rstrip().rpartition("\n")[2]
        return {"error": f"{type(problem).__name__}: {problem}; the supervisor said last: {said}"}
    finally:
        for task in issued:
            task.cancel()
        await asyncio.gather(*issued, return_exceptions=True)


async def _play_one(
    scenario: Scenario, supervisor: Supervisor, laid_out: Stage, book: LogBook, issued: list[Issued]
) -> Outcome:
    unit, began, second = scenario.unit_name, time.monotonic(), laid_out.cast.second
    for at_ms, words in sorted(scenario.commands, key=lambda command: command[0]):
        await _sleep_until(began + at_ms / 1000 * second)
        issued.append(asyncio.create_task(_timed(supervisor.ask(shlex.split(words), unit), second)))
    await _sleep_until(began + scenario.until / 1000 * second)
    answers = [task.result() if task.done() else (None, None) for task in issued]
    extra = [name for kind, _, name in (item.partition(":") for item in scenario.observe) if kind == "prop"]
    properties = await asyncio.wait_for(supervisor.show(unit, [*outcome.PROPERTIES, *extra]), _ANSWER)
    told = book.of(unit)
    starts = outcome.starts(laid_out.state(scenario))
    seen: Outcome = {
        "commands": [code for code, _ in answers],
        "command_ms": [ms for _, ms in answers],
        **outcome.outcome(starts, scenario.observe),
        "final": outcome.shown(properties, outcome.PROPERTIES),
        "transitions": told.transitions,
        "failures": told.failures,
    }
    if extra:
        seen["props"] = outcome.shown(properties, extra)
    if files := [name for kind, _, name in (item.partition(":") for item in scenario.observe) if kind == "file"]:
        seen["files"] = laid_out.files(scenario, files)
    if any(start.end == "alive" for start in starts) or seen["final"]["ActiveState"] not in ("inactive", "failed"):
        await _end(supervisor, unit)
    hidden: Outcome = json.loads(laid_out.hide(json.dumps(seen, ensure_ascii=False), scenario))
    return hidden


async def _sleep_until(moment: float) -> None:
    await asyncio.sleep(max(0.0, moment - time.monotonic()))


async def _timed(command: Awaitable[int], second: float) -> tuple[int, int]:
    """Return a command's exit code and how many milliseconds it took, of a second that lasts so long."""
    began = time.monotonic()
    code = await command
    return code, round((time.monotonic() - began) / second * 1000)


async def _end(supervisor: Supervisor, unit: str) -> None:
    """End what a scenario left running, for it would be in the way of the others."""
    stopping = asyncio.create_task(supervisor.ask(["stop"], unit))
    await asyncio.sleep(0)
    with contextlib.suppress(OSError, TimeoutError):
        await asyncio.wait_for(supervisor.ask(["kill", "--signal=KILL"], unit), _PATIENCE)
        await asyncio.wait_for(stopping, _PATIENCE)
    stopping.cancel()
    await asyncio.gather(stopping, return_exceptions=True)


def _end_left_overs(laid_out: Stage) -> None:
    """End the processes that the supervisor left behind."""
    for log in laid_out.folder.glob("state/*/*.[0-9]*"):
        if log.suffix[1:].isdecimal() and outcome.locked(log):
            _kill(log)


def _kill(log: Path) -> None:
    with contextlib.suppress(OSError, ValueError, IndexError):
        os.kill(int(json.loads(log.read_text(errors="replace").splitlines()[0])["pid"]), signal.SIGKILL)
