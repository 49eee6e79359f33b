r"""The child of every scenario on Windows: it does what `child.c` does, as far as Windows has it.

    python -I -S child.py SLOWNESS FOLDER ROLE [ARGUMENT...]

Time passes SLOWNESS times slower for it: what it sleeps, and what it writes into its log. CTRL_C is a TERM to it. What
it dies of is an exit code that stands for that. Its log is locked as long as it lives.
"""

import _signal  # `signal` itself brings enum and others, which take as long to load as all else does to begin
import msvcrt
import os
import sys
import time

SLOWNESS, FOLDER, ROLE = float(sys.argv[1]), sys.argv[2], sys.argv[3]
FOREVER_MS, OUTLIVED, BAD_SCRIPT = 90000, 99, 98
LOCK_AT = 1 << 30  # where nobody reads
PAUSE = 0.005
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_BINARY | os.O_NOINHERIT
# The NTSTATUS that comes nearest; those without are ended as CTRL_C ends a process, or by another crash.
INTERRUPTED = 0xC000013A
CODES = {"ABRT": 0xC0000409, "SEGV": 0xC0000005, "KILL": 0xE0000009, "USR1": 0xC000008E, "ALRM": 0xC0000006}
HANDED = ("SERVICE_RESULT", "EXIT_CODE", "EXIT_STATUS", "MAINPID")

reactions = {}  # signal -> milliseconds, and what is done after them
kid = 0


def quoted(text):
    return '"' + "".join(f"\\{each}" if each in '"\\' else each for each in text) + '"'


def listed(texts):
    return "[" + ",".join(map(quoted, texts)) + "]"


def now_ms():
    return time.perf_counter() * 1000 / SLOWNESS


def note(event, **details):
    parts = [
        f'"t":{now_ms() * 1000:.0f}',
        f'"event":{quoted(event)}',
        *(f'"{key}":{text}' for key, text in details.items()),
    ]
    os.write(log, ("{" + ",".join(parts) + "}\n").encode())


def open_log():
    number = 1
    while True:
        try:
            path = f"{FOLDER}/{ROLE}.{number}"
            return number, os.open(
                path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_BINARY | os.O_NOINHERIT
            )
        except FileExistsError:
            number += 1


def end(code):
    os._exit(code - (1 << 32) if code >= 1 << 31 else code)


def leave(code):
    note("exit", what=quoted(str(code)))
    end(code)


def die(name):
    note("die", what=quoted(name))
    end(CODES.get(name, INTERRUPTED))


def on_ctrl_c(number, frame):
    note("signal", what=quoted("TERM"))
    if "TERM" not in reactions:
        die("TERM")
    delay, act = chosen = reactions["TERM"]
    if act != "ignore":
        reactions["TERM"] = 0, "ignore"  # the same again, meanwhile, changes nothing
        spend(delay)
        reactions["TERM"] = chosen
        perform(act)


def spend(ms):
    until = now_ms() + ms
    while (left := until - now_ms()) > 0:
        time.sleep(left * SLOWNESS / 1000)


def perform(operation):
    name, _, rest = operation.partition(" ")
    OPERATIONS[name](*([rest] if name == "notify" else rest.split()))


def forever():
    spend(FOREVER_MS)
    leave(OUTLIVED)


def on(name, delay, *act):
    reactions["TERM" if name == "INT" else name] = int(delay), " ".join(act)


def pid_of(who):
    if who == "parent":
        return parent()
    return {"self": os.getpid(), "child": kid, "mainpid": os.environ.get("MAINPID", 0)}[who]


def parent():
    """Ask Windows itself: os.getppid() takes a snapshot of the process, which Wine 8 cannot."""
    import ctypes  # which takes time to load

    basic = (ctypes.c_void_p * 6)()
    this = ctypes.c_void_p(-1)
    ctypes.WinDLL("ntdll").NtQueryInformationProcess(this, 0, ctypes.byref(basic), ctypes.sizeof(basic), None)
    return basic[5]


def notify(text):
    if (path := os.environ.get("NOTIFY_SOCKET")) is None:
        return note("notify", what='"skipped"')
    text = text.replace("|", "\n")
    for who in ("self", "child", "parent"):
        if f"${who}" in text:
            text = text.replace(f"${who}", str(pid_of(who)))
    try:
        with open(path, "wb", buffering=0) as pipe:
            pipe.write(text.encode())
    except OSError:
        return note("notify", what='"failed"')
    return note("notify", what='"sent"')


def watchdog(pause, times):
    for _ in range(int(times)):
        spend(int(pause))
        notify("WATCHDOG=1")


def fork(role, how=""):
    """Windows knows no sessions: one that leaves its parent is but its child. Go on once it has begun."""
    global kid
    known = {name for name in os.listdir(FOLDER) if name.startswith(f"{role}.")}
    command = [sys.executable, "-I", "-S", sys.argv[0], sys.argv[1], FOLDER, role]
    os.spawnv(os.P_NOWAIT, sys.executable, command)
    while not (kid := first_pid({name for name in os.listdir(FOLDER) if name.startswith(f"{role}.")} - known)):
        time.sleep(PAUSE)


def first_pid(names):
    """Return the pid in a log that has just begun, 0 while there is none."""
    for name in names - {f"{name.partition('.')[0]}.script" for name in names}:
        with open(f"{FOLDER}/{name}", "rb") as file:
            if (line := file.readline()).endswith(b"\n"):
                return int(line.partition(b'"pid":')[2].partition(b",")[0].rstrip(b"}\n"))
    return 0


def pidfile(path, who):
    with open(path, "w") as file:
        file.write(f"{pid_of(who)}\n")


def facts():
    environment = [f"{name}={value}" for name, value in os.environ.items()]
    note("facts", argv=listed([sys.argv[0], *sys.argv[2:]]), env=listed(environment))


OPERATIONS = {
    "sleep": lambda ms: spend(int(ms)),
    "forever": forever,
    "exit": lambda code: leave(int(code)),
    "die": lambda name, how="": die(name),
    "on": on,
    "notify": notify,
    "watchdog": watchdog,
    "fork": fork,
    "pidfile": pidfile,
    "facts": facts,
    "print": lambda *words: os.write(1, f"{' '.join(words)}\n".encode()),
    "eprint": lambda *words: os.write(2, f"{' '.join(words)}\n".encode()),
    "touch": lambda path: open(path, "a").close(),
    "unlink": os.unlink,
}


def script():
    """Return the operations of this start: its block, or the last one."""
    try:
        with open(f"{FOLDER}/{ROLE}.script", encoding="utf-8") as file:
            blocks = file.read().split("--\n")[:-1]
    except FileNotFoundError:
        return ["forever"] if ROLE == "main" else []
    return blocks[min(number, len(blocks)) - 1].splitlines()


number, log = open_log()
os.lseek(log, LOCK_AT, 0)
msvcrt.locking(log, msvcrt.LK_NBLCK, 1)
_signal.signal(_signal.SIGINT, on_ctrl_c)
note("start", pid=os.getpid(), **{name: quoted(os.environ[name]) for name in HANDED if name in os.environ})
for operation in script():
    perform(operation)
leave(0)
