"""The Service Control Manager keeps the supervisor running on Windows, from the start of the machine."""

import contextlib
from collections.abc import Iterator, Mapping

from ...units.light import Any
from ...units.rendered import Rendered
from ...units.windows_service import ACCOUNTS, FORGET_AFTER, RESTARTS, command_line, is_somebodys
from ..exit_codes import BAD_INPUT, FAILED, REFUSED
from ..platforms.services import Settings, services
from .host import log_path
from .wanted import Named, NotInstalled, Refused, Standing, Wanted

_ADMIN = "open a terminal as administrator, or install your own with --user"

_PROBLEMS: Mapping[int, tuple[str, str, int]] = {
    5: ("Windows does not let this account do that", _ADMIN, REFUSED),
    1053: ("it takes too long", "the event log may say why: Application, under its name", FAILED),
    1057: ("there is no such account, or the password is not its own", r"write it as DOMAIN\name", BAD_INPUT),
    1061: ("it is just starting or stopping", "try again in a while", FAILED),
    1069: ("its account cannot sign in", "install it anew with the present password", REFUSED),
    1072: ("it is removed as soon as nobody looks at it", "close the Services window, then try again", FAILED),
    1332: ("there is no such account", r"write it as DOMAIN\name, or .\name for one of this machine", BAD_INPUT),
    1073: ("there is such a service already", "'farmhand service remove' takes it away", FAILED),
}
_NO_SUCH = 1060


def account(wanted: Wanted) -> str | None:
    """Return whose process the service is, in the words of Windows: None for LocalSystem.

    A virtual account is the least that will do: it belongs to this service alone, and Windows makes it with it.
    """
    if wanted.account is None:
        return rf"NT SERVICE\{wanted.named.name}"
    name = ACCOUNTS.get(wanted.account.lower(), wanted.account)
    return None if name == "LocalSystem" else name


def command(wanted: Wanted) -> str:
    """Return the command line of the service."""
    return command_line(wanted.program[0], [*wanted.hosted(log_path(wanted.named)), *wanted.run_at(pipe(wanted.named))])


def pipe(named: Named) -> str:
    """Return where the service is spoken to: not by the name of its account, which nobody would think of."""
    return rf"\\.\pipe\{named.name}"


def render(wanted: Wanted) -> Rendered:
    """Return what is asked of the manager, for people: it takes no files."""
    delays = ", ".join(f"{delay:g} s" for delay in RESTARTS)
    rows = {
        "Name": wanted.named.name,
        "Description": wanted.description,
        "Command": command(wanted),
        "Account": account(wanted) or "LocalSystem",
        "Start": "with the machine, delayed",
        "Stop": f"at a shutdown before all else, for {_allowed(wanted.stop):g} s at most",
        "Recovery": f"started again after {delays}, then always the last; after a crash and after any exit code but 0",
        "Event log": f"Application, source {wanted.named.name}",
    }
    text = "".join(f"{f'{key}:':<13}{value}\n" for key, value in rows.items())
    return Rendered(f"service {wanted.named.name} of the Service Control Manager", text)


def install(wanted: Wanted) -> list[str]:
    settings = Settings(
        command=command(wanted),
        title=wanted.description,
        description="Keeps the services of Farmhand running, and starts them with the machine.",
        account=account(wanted),
        password=wanted.password,
        entitle=wanted.account is not None and is_somebodys(wanted.account),
        restarts=RESTARTS,
        forget_after=FORGET_AFTER,
        preshutdown=_allowed(wanted.stop),
    )
    with _explained(wanted.named):
        lacking = services().create(wanted.named.name, settings)
    speak = f"commands come in by --control {wanted.control or pipe(wanted.named)}, from an administrator's terminal"
    log = f"its own lines are in {log_path(wanted.named)}, and the most important in the event log"
    return [*(f"this Windows knows of no {setting}; going on without" for setting in lacking), speak, log]


def remove(named: Named) -> None:
    with _explained(named):
        services().remove(named.name)


def start(named: Named) -> None:
    with _explained(named):
        found = services().start(named.name)
    if found.state != "running":
        problem = f"{named.name}: it ended at once with exit code {found.code}"
        raise Refused(problem, "the event log says why: Application, under its name")


def stop(named: Named) -> None:
    with _explained(named):
        services().stop(named.name)


def status(named: Named) -> Standing:
    with _explained(named):
        found = services().status(named.name)
    if found.state == "stopped":
        return Standing(False, f"stopped, last exit code {found.code}")
    return Standing(True, f"{found.state}, process {found.pid}")


def _allowed(stop: float) -> float:
    """Return how long the machine may wait for it as it shuts down: never for ever."""
    return min(stop, 3600.0)


@contextlib.contextmanager
def _explained(named: Named) -> Iterator[None]:
    """Have errors of Windows say what to do."""
    try:
        yield
    except OSError as error:
        number: Any = getattr(error, "winerror", None)
        if number == _NO_SUCH:
            raise NotInstalled(named.name) from None
        text = str(error.strerror)
        problem, hint, code = _PROBLEMS.get(number, (text, f"Windows calls it error {number}", FAILED))
        raise Refused(f"{named.name}: {problem}", hint, code) from None
