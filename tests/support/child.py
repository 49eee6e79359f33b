"""What the processes are that tests have started: `child.py SCRIPT` runs the script, with these words at hand.

The same scripts run on every system. Standard library only, and little of it: Windows is slow to begin a process.
"""

import os
import signal
import subprocess
import sys
import time

WINDOWS = os.name == "nt"
_POLITE = [number for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK") if (number := getattr(signal, name, None))]
_DETACHED, _NEW_GROUP = 0x8, 0x200


def command(script: str) -> list[str]:
    """Return the command line of a process that runs a script."""
    return [sys.executable, "-I", "-S", __file__, script]


def note(name: str, text: object = None) -> None:
    """Write a text, or this process's id, to a file that is there only when it is whole."""
    with open(f"{name}.{os.getpid()}", "w") as file:
        file.write(str(os.getpid() if text is None else text))
    os.replace(file.name, name)


def sleep() -> None:
    while True:
        time.sleep(1000)


def wait_for(name: str) -> None:
    while not os.path.exists(name):
        time.sleep(0.01)


def heed(code: int) -> None:
    """Exit with this code when asked to stop."""
    for number in _POLITE:
        signal.signal(number, lambda *_: os._exit(code))


def deaf() -> None:
    """Go on when asked to stop."""
    for number in _POLITE:
        signal.signal(number, lambda *_: None)


def begin(script: str, **how: object) -> "subprocess.Popen[bytes]":
    """Start a child."""
    return subprocess.Popen(command(script), **how)  # type: ignore[call-overload, no-any-return]


def detach(script: str, **how: object) -> None:
    """Start a process that leaves everything behind by which it could be found: parent, session or console, group."""
    if WINDOWS:
        begin(script, creationflags=_DETACHED | _NEW_GROUP, **how)
    elif os.fork() == 0:
        os.setsid()
        begin(script, **how)
        os._exit(0)
    else:
        os.wait()


def bare() -> dict[str, str]:
    """Return an environment with nothing in it but what Windows cannot do without."""
    return {name: value for name, value in os.environ.items() if WINDOWS and name.upper() == "SYSTEMROOT"}


def tell(*messages: bytes) -> None:
    """Send sd_notify messages to $NOTIFY_SOCKET."""
    address = os.environ["NOTIFY_SOCKET"]
    for message in messages:
        if WINDOWS:
            with open(address, "wb", buffering=0) as pipe:
                pipe.write(message)
        else:
            import socket

            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
                notify.connect("\0" + address[1:] if address[0] == "@" else address)
                notify.send(message)


if __name__ == "__main__":
    exec(sys.argv[1])
