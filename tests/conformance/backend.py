"""Plugs Farmhand into the conformance corpus: the same unit files and commands that were played under systemd.

    backend daemon --unit-dir DIR --control SOCKET
    backend ctl --control SOCKET VERB [OPTION...] [UNIT]

The daemon is the supervisor's own loop and catalog of units; here are only the corpus's control protocol (one request a
connection: the arguments as a JSON list, answered by [exit status, text]) and systemd's wording of state changes.
"""

import contextlib
import json
import os
import socket
import sys

REQUESTS = 9  # of all that is ready at once, these come last
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
ROOT = {"HOME": "/root"}
# What the recording systemd was started with, for PassEnvironment=.
GIVEN = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "container": "docker"}


def take_checkout():
    """Have `farmhand` mean the folders of this checkout, with the libraries of this Python or .venv's."""
    import types
    from pathlib import Path

    root = Path(__file__).resolve().parents[2]
    sys.modules["farmhand"] = farmhand = types.ModuleType("farmhand")
    farmhand.__path__ = [str(root)]
    try:
        import farmhand.supervisor.loop
    except ModuleNotFoundError as missing:
        if str(missing.name).startswith("farmhand"):
            raise
        python = root / ".venv" / "bin" / "python"
        if python.exists() and Path(sys.prefix) != root / ".venv":
            os.execv(python, [str(python), *sys.argv])
        sys.exit(f"{sys.executable}: {missing}; 'make conformance' makes .venv, which has it, or pip install '{root}'")


def ctl(control, arguments):
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(control)
            connection.sendall(json.dumps(arguments).encode() + b"\n")
            status, text = json.loads(connection.makefile().read() or '[1, ""]')
    except OSError as error:
        status, text = 1, f"{error}\n"
    sys.stdout.write(text)
    return status


def parse(arguments):
    """Split what systemctl would be given into verb, options and the unit."""
    verb, *rest = arguments
    options = {}
    for word in rest:
        if word.startswith("--"):
            name, _, value = word[2:].partition("=")
            options[name.replace("-", "_")] = value
    names = [word for word in rest if not word.startswith("-")]
    return verb, options, tuple(names)


class Transcript:
    """State changes in the words of systemd's debug log."""

    def __init__(self):
        self.lines = []

    def changed(self, unit, state, why):
        name = f"{unit.name}.service"
        if state.value == "failed":
            self.lines.append(f"{name}: Failed with result '{unit.life.result.value}'.")
        if state is not unit.shown:
            self.lines.append(f"{name}: Changed {unit.shown.value} -> {state.value}")

    def flush(self):
        if self.lines:
            print("\n".join(self.lines), flush=True)
        self.lines.clear()


class Door:
    """A Unix socket where requests come in."""

    def __init__(self, control):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(control)
        self.listener.listen(100)

    def attach(self, waiter, hear):
        """Have `hear` called with the line of each caller, and with what sends it the answer."""
        self.waiter, self.hear = waiter, hear
        waiter.watch(self.listener.fileno(), REQUESTS, self.accept)

    def accept(self):
        """Take a caller; it is read only once it has said something, for on a busy machine that may take a while."""
        connection = self.listener.accept()[0]
        self.waiter.watch(connection.fileno(), REQUESTS, lambda: self.read(connection))

    def read(self, connection):
        self.waiter.forget(connection.fileno())
        take(connection, self.hear)


def take(connection, hear):
    """Read a caller's line and have it heard."""
    with connection.makefile() as lines:
        line = lines.readline()

    def send(answer):
        with contextlib.suppress(OSError):  # whoever asked may have gone
            connection.sendall(answer)
        connection.close()

    if line:
        hear(line, send)
    else:
        connection.close()


class Corpus:
    """The loop, with the unit files of the corpus as the only ones that it can find.

    door: where requests come in. given: the supervisor's own environment; environment: that of the services.
    """

    def __init__(self, unit_dir, door, given=GIVEN, environment=ENVIRONMENT):
        from pathlib import Path

        from farmhand.supervisor.definitions.catalog import Catalog
        from farmhand.supervisor.definitions.unit_paths import Index
        from farmhand.supervisor.loop import Loop, Shell
        from farmhand.supervisor.platforms import native
        from farmhand.units import machine

        os.chdir("/")  # as every system manager does; services without WorkingDirectory= stay there
        os.environ.clear()
        os.environ.update(given, SYSTEMD_UNIT_PATH=unit_dir)
        catalog = Catalog(machine.here(ROOT), Index([Path(unit_dir)]), lambda line: print(line, flush=True))
        shell = Shell(
            environment,
            lambda name: None,
            default_output="null",  # as the recording systemd was told to
            attach=self.attach,
            narration=Transcript(),
            catalog=catalog,
        )
        self.door = door
        self.loop = Loop((), shell, native())

    def attach(self, waiter, handle):
        self.handle = handle
        self.door.attach(waiter, self.hear)

    def hear(self, line, send):
        from farmhand.supervisor.control.protocol import Request

        verb, options, names = parse(json.loads(line))

        def answer(reply):
            text = "".join(f"{line}\n" for line in reply.lines)
            send(json.dumps([reply.exit_code, text]).encode())

        self.handle(Request(verb, names, options), answer)


def main():
    mode, options = sys.argv[1], dict(zip(sys.argv[2:6:2], sys.argv[3:6:2], strict=False))
    if mode == "ctl":
        return ctl(options["--control"], sys.argv[4:])
    take_checkout()
    return Corpus(options["--unit-dir"], Door(options["--control"])).loop.run(())


if __name__ == "__main__":
    sys.exit(main())
