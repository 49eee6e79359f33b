"""Who kills, stops and cuts off the parts of a farm, and an operator who asks for this and that meanwhile.

The same seed makes the same choices, though not at the same moments.
"""

import contextlib
import os
import random
import signal
import threading
import time
from collections.abc import Callable

from door import Mode
from history import LEASE, WORKERS, Field


def _signalled(number: signal.Signals, program: str) -> Callable[[Field], str]:
    def strike(farm: Field) -> str:
        pids = farm.pids(program)
        if not pids:
            return f"{program}: nobody to hit"
        pid = farm.chance.choice(sorted(pids))
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
            if number is signal.SIGSTOP:
                time.sleep(farm.chance.uniform(0.1, 1.5))
                os.kill(pid, signal.SIGCONT)
        return f"{program} {pid}: {number.name}"

    return strike


def _supervisor_killed(farm: Field) -> str:
    assert farm.supervisor is not None
    farm.supervisor.kill()
    farm.supervisor.wait()
    if farm.chance.random() < 0.5 and (pids := farm.pids("farmhand-worker")):
        with contextlib.suppress(ProcessLookupError):
            os.kill(farm.chance.choice(sorted(pids)), signal.SIGKILL)
    time.sleep(farm.chance.uniform(0.0, 0.3))
    farm.start()
    return f"supervisor {farm.supervisor.pid}: SIGKILL, and another"


def _network(mode: Mode) -> Callable[[Field], str]:
    def disturb(farm: Field) -> str:
        farm.door.let(mode)
        time.sleep(farm.chance.uniform(0.05, 1.5))
        farm.door.let(Mode.OPEN)
        return f"network: {mode.value}"

    return disturb


def _frozen(farm: Field) -> str:
    """Stop a worker for longer than it may be silent, while the others go on."""
    pids = sorted(farm.pids("farmhand-worker"))
    if not pids:
        return "nobody to freeze"
    pid = farm.chance.choice(pids)

    def thaw() -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)

    os.kill(pid, signal.SIGSTOP)
    timer = threading.Timer(LEASE + farm.chance.uniform(0.0, 5.0), thaw)
    timer.daemon = True
    timer.start()
    return f"farmhand-worker {pid}: frozen"


def _asked(farm: Field, chance: random.Random) -> str:
    """Have an operator ask a worker for something."""
    name = f"node-{chance.randint(1, WORKERS)}"
    wish = chance.choice(["asleep", "restart", "restart", "awake", "awake", "offline"])
    lazy = chance.random() < 0.6
    try:
        worker = next(one for one in farm.workers() if one["name"] == name)
        farm.api(f"worker-mgt/workers/{worker['id']}/setstatus", {"status": wish, "is_lazy": lazy})
    except (OSError, StopIteration) as problem:
        return f"{name}: {wish} could not be asked for: {problem}"
    return f"{name}: asked to become {wish}{', lazily' if lazy else ''}"


def _command(verb: str, unit: str) -> Callable[[Field], str]:
    def give(farm: Field) -> str:
        name = unit.format(farm.chance.randint(1, WORKERS))
        farm.command(verb, name)
        return f"farmhand {verb} {name}"

    return give


# How often, among all.
STRIKES: dict[Callable[[Field], str], int] = {
    _signalled(signal.SIGKILL, "farmhand-worker"): 4,
    _signalled(signal.SIGSTOP, "farmhand-worker"): 2,
    _signalled(signal.SIGTERM, "farmhand-worker"): 1,
    _signalled(signal.SIGKILL, "farmhand-manager"): 1,
    _signalled(signal.SIGSTOP, "farmhand-manager"): 1,
    _command("restart", "manager"): 1,
    _command("restart", "worker@{}"): 1,
    _command("start", "worker@{}"): 2,
    _network(Mode.DEAF): 1,
    _network(Mode.MUTE): 2,
    _supervisor_killed: 1,
}
LONG = {**STRIKES, _frozen: 1}


def rage(farm: Field, seconds: float) -> None:
    """Be the nemesis for a time, and the operator beside it."""
    strikes = LONG if seconds > 3 * LEASE else STRIKES
    end = time.monotonic() + seconds
    operator = threading.Thread(target=_operate, args=(farm, end))
    operator.start()
    while time.monotonic() < end:
        (strike,) = farm.chance.choices(list(strikes), list(strikes.values()))
        farm.deeds.append(f"{time.time():.3f} {strike(farm)}")
        time.sleep(farm.chance.uniform(0.0, 0.8))
    operator.join()


def _operate(farm: Field, end: float) -> None:
    chance = random.Random(-farm.seed)
    while time.monotonic() < end:
        farm.deeds.append(f"{time.time():.3f} {_asked(farm, chance)}")
        time.sleep(chance.uniform(0.0, 0.3))
