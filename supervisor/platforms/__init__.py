"""The few things that differ by operating system; one module for each of them.

A *tree* is a process and all its descendants, living and dying together, however
far they fork, setsid and change parents. Whoever starts one owns it: `supervisor/`
its services' trees, `worker/` the trees of its tasks. Nothing else in the
supervisor looks at `sys.platform`.

The contract, which every module keeps:

`spawn(order)` starts a tree and returns it at once. What the system refuses while the
process is being set up (no such user, folder or program) is no exception: the tree has
then ended with the exit code that systemd.exec(5) names for it, 203 for the program.
Only what the machine lacks (memory, process slots) raises OSError.

`Tree.fileno()` becomes readable when the main process has ended; `Tree.poll()` then says
how. Nothing here waits.

All of it belongs to the main thread. `adopt_orphans` takes SIGCHLD, and the signal wake-up
descriptor if nobody has it (signal.set_wakeup_fd): `Platform.fileno()` then becomes readable
also when a signal with a Python handler arrives. `reap_strangers` reaps every child of the main
thread that was not started here, so an owner of trees must not use `subprocess` there as well.
"""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence, Set

from ...units.light import Any, BinaryIO, Literal, NoReturn, Protocol, dataclass, field
from ..rules.exitstatus import Exit as Exit  # owners of trees take it from here

TYPE_CHECKING = False

if TYPE_CHECKING:
    from ...units.spec import Service

Owner = tuple[int, int]  # user id, group id

MARK = "INVOCATION_ID"  # the variable in which a tree's processes inherit its mark; systemd sets the same
AROUND = "FARMHAND_TREE"  # where an owner that is in a tree itself hands on the marks of those around it


@dataclass(frozen=True)
class Order:
    """Everything needed to start one process. Files are descriptors that stay the caller's.

    argv[0] is what the program is told of its name; `program` is the path of what is executed. cwd: None leaves the
    supervisor's. stdin, stdout, stderr: None is the null device. user, group: names or
    numbers as text; with keeps_user the process joins the user's groups and stays who it is. root: the folder that
    becomes /; bare_root: nothing was to be mounted in it. terminal: "wait", "force" or "fail", to make stdin the
    controlling terminal by. timer_slack: nanoseconds. unit: the service that the tree belongs to, for
    `Platform.share`. limits: resource name without "RLIMIT_" -> (soft, hard), None for infinity. files: as
    resource.getrlimit has it, the limit of open files if `limits` has none; None for this process's own. `mark` names
    the tree to those who look for its members; trees that belong together may share one, which nobody else on this
    machine has. With "" the environment is left as it is, and who cannot be told otherwise is not found.
    """

    program: str
    argv: Sequence[str]
    env: Mapping[str, str]
    mark: str
    unit: str = ""
    cwd: str | None = None
    cwd_optional: bool = False
    stdin: int | None = None
    stdout: int | None = None
    stderr: int | None = None
    user: str | None = None
    group: str | None = None
    supplementary_groups: Sequence[str] = ()
    keeps_user: bool = False
    root: str | None = None
    bare_root: bool = False
    terminal: str | None = None
    umask: int | None = None
    nice: int | None = None
    cpu_policy: str | None = None
    cpu_priority: int | None = None
    cpu_reset_on_fork: bool = False
    cpus: Set[int] | None = None
    io_class: str | None = None
    io_priority: int | None = None
    oom_score_adjust: int | None = None
    coredump_filter: int | None = None
    timer_slack: int | None = None
    personality: str | None = None
    no_new_privileges: bool = False
    ignore_sigpipe: bool = False
    limits: Mapping[str, tuple[int | None, int | None]] = field(default_factory=dict)
    files: tuple[int, int] | None = None
    gate: int | None = None  # a descriptor that is waited for to be readable, a while
    refused: tuple[int, str] | None = None  # what its owner found to be impossible: the exit code, and why in words


@dataclass(frozen=True)
class Kept:
    """A tree as data, for the next owner of it: who its processes are, never by a bare id.

    pid: the main process, 0 if it was refused. start: when that started, as this system counts; None if that is not
    known. session: the id of the process that the tree began with. mark: what its processes inherited. members: id and
    start of those last seen in it. exit: how the main process ended, if it has. follows: whether another one has become
    the main process since. condemned: whether the tree was killed. group: the folder of its control group.
    """

    pid: int
    start: float | None = None
    session: int = 0
    mark: str = ""
    members: tuple[tuple[int, float], ...] = ()
    exit: Exit | None = None
    follows: bool = False
    condemned: bool = False
    group: str = ""


class Tree(Protocol):
    """A process and all its descendants."""

    pid: int  # of the main process; 0 if it was refused before there was one

    def fileno(self) -> int:
        """Return what becomes readable when the main process has ended."""
        ...

    def poll(self) -> Exit | None:
        """Return how the main process ended, or None while it runs."""
        ...

    def exec_fileno(self) -> int | None:
        """Return what becomes readable once the program is executed or refused; None if spawn knew it already."""
        ...

    def refusal(self) -> str | None:
        """Return why the system refused to execute the program, in words; None if it has not, or not yet."""
        ...

    def members(self) -> frozenset[int]:
        """Return the ids of the processes alive in the tree, the main one included."""
        ...

    def lost(self, pid: int) -> bool:
        """Say whether a process that has ended was, for all that is known, in the tree when it did.

        Until `Platform.reap_strangers` is called; never where the system does not tell who sends a message.
        """
        ...

    def orphans(self) -> frozenset[int]:
        """Return the members whose parent is this process, because their own has ended; none where init gets them."""
        ...

    def lead(self, pid: int) -> bool:
        """Make a living member the main process: `pid`, `fileno`, `poll` and `signal` are about it from now on.

        The descriptor is another one then; the one before is closed. False if there is no such member, or where the
        system does not tell when it ends. The exit of one that is not this process's child when it ends is not known:
        it is lost where that is noticed, else taken for exit code 0.
        """
        ...

    def signal(self, *names: str, whom: Literal["main", "all"]) -> None:
        """Send signals by name ("SIGTERM") to the main process or to every member; those gone are no error.

        The main process gets them all at once: the one with the lowest number is what it hears first. The others get
        SIGHUP after the rest, unless it is the first.
        """
        ...

    def kill(self) -> None:
        """End every member, also those that fork meanwhile. Returns before they are gone; see `members`.

        What still slips away is ended by `Platform.reap_strangers`, until the tree is closed.
        """
        ...

    def kept(self) -> Kept:
        """Return the tree as data, for `Platform.adopt`; the members as they were last seen."""
        ...

    def close(self) -> None:
        """Give back what the tree holds: descriptors, a control group."""
        ...


@dataclass(frozen=True)
class Datagram:
    """One sd_notify message, and its sender where the system tells."""

    data: bytes
    pid: int | None
    uid: int | None


class NotifySocket(Protocol):
    """Where services send their sd_notify messages; `address` is what NOTIFY_SOCKET says."""

    address: str

    def fileno(self) -> int:
        """Return what becomes readable when a message has come."""
        ...

    def receive(self) -> Sequence[Datagram]:
        """Return the messages that have come; file descriptors sent with them are closed."""
        ...

    def close(self) -> None: ...


class Pipe(Protocol):
    """What programs write and this process reads, without waiting. writer: the descriptor that an order is given."""

    writer: int

    def fileno(self) -> int:
        """Return what becomes readable when something was written, or nobody is left to write."""
        ...

    def read(self) -> bytes:
        """Return some of what was written, b"" at the end; raises BlockingIOError while there is nothing."""
        ...

    def close_writer(self) -> None:
        """Let go of that end: once the programs that have it are gone, too, that is the end."""
        ...

    def close(self) -> None: ...


class Waker(Protocol):
    """How another thread ends the wait of the one that waits."""

    def fileno(self) -> int:
        """Return what becomes readable when somebody woke us."""
        ...

    def wake(self) -> None:
        """End the wait; from any thread."""
        ...

    def rest(self) -> None:
        """Be awake no more, until the next call to wake."""
        ...

    def close(self) -> None: ...


MOST_CLIENTS = 128  # of a channel at a time; whoever comes then waits: they shall not use up our descriptors

# How a channel is waited for: what was returned by a `fileno`, and what to do when it is ready; no longer; and who is
# told of a client and its line. The client has a `note`, a text for whoever was told.
Watch = Callable[[int, Callable[[], object]], None]
Forget = Callable[[int], None]
Hear = Callable[[Any, bytes], None]


class CannotListen(Exception):
    """A channel cannot be made, or another supervisor has it; the text says which and how to mend it."""


class Taken(CannotListen):
    """It is another supervisor that has the path."""


class Channel(Protocol):
    """Where requests of this machine come in, from its owner and administrators only: a line from each, and one back.

    It is there from the moment it is made until it is closed.
    """

    path: str

    def attach(self, watch: Watch, forget: Forget, hear: Hear) -> Sequence[Any]:
        """Be waited for from now on; return the clients with a note that an earlier program of this process left."""
        ...

    def send(self, client: Any, data: bytes) -> None:
        """Send the answer, and part with the client when it has it all; one that has gone is no error."""
        ...

    def kept(self, heirs: list[int]) -> dict[str, Any]:
        """Return all of it for the program that replaces this one, and name the descriptors in it."""
        ...

    def close(self) -> None: ...


class Selector(Protocol):
    """What a loop waits with: a selector of the standard library, or something like it for what has no descriptor."""

    def register(self, fileobj: int, events: int, data: Any = None) -> Any:
        """Watch what `fileno` returned; the key has `fd` and `data`."""
        ...

    def unregister(self, fileobj: int) -> Any: ...

    def select(self, timeout: float | None = None) -> list[tuple[Any, int]]:
        """Return the keys of those that are ready, each with its events, after `timeout` seconds at most."""
        ...

    def close(self) -> None: ...


class Platform(Protocol):
    """What one operating system offers; `native()` returns the one for this machine."""

    name: str
    outlived: bool  # whether the trees of an owner that is killed live on
    replaceable: bool  # whether a process can go on as another program, execve(2)

    def unmet(self, service: "Service") -> frozenset[str]:
        """Return the directives of a service that this system has nothing for: orders are obeyed without them."""
        ...

    def impossible(self, service: "Service") -> tuple[int, str] | None:
        """Return what keeps a service from being started here at all: the exit code that stands for it, and words."""
        ...

    @property
    def look_again(self) -> float | None:
        """Return the seconds after which to look again for a tree to be empty; None where `fileno` tells all."""
        ...

    def clock(self) -> float:
        """Return the seconds since some time, those not counted in which the machine slept: deadlines are told by it.

        Nobody misses one by a sleep then: no watchdog and no timeout sees the hours in which nothing could happen.
        """
        ...

    def spawn(self, order: Order) -> Tree: ...

    def take(self, path: str) -> int:
        """Return the lock that makes this process the one supervisor of a path; raises CannotListen."""
        ...

    def channel(self, path: str, lock: int, most_bytes: int, kept: Mapping[str, Any] | None = None) -> Channel:
        """Make the channel of a path. most_bytes: of a line. kept: what an earlier one said of itself, for this one."""
        ...

    def share(self, unit: str, files: Mapping[str, str]) -> frozenset[str]:
        """Write these files of the control group that a service's trees will be in; return those that cannot be."""
        ...

    def epoch(self) -> str:
        """Return what stays the same as long as a process id and a start time mean the same process."""
        ...

    def adopt(self, kept: Kept, *, own: bool) -> Tree:
        """Take over a tree of an earlier owner in the same epoch. own: that was this very process before it executed
        this program, so that the processes are its children; else they are anybody's, and where the system does not say
        how a main process ended that nobody here is the parent of, its exit is `Exit(lost=True)`.
        """
        ...

    def end_marked(self, marks: Set[str], but: Iterable[Kept]) -> frozenset[int]:
        """Kill every process that carries one of the marks, `but` those of kept trees; return the ids, all gone.

        Raises TimeoutError if one of them does not go.
        """
        ...

    def adopt_orphans(self) -> None:
        """Make this process the parent of every descendant whose own parent ends. Once, before the first spawn."""
        ...

    def selector(self) -> Selector:
        """Return what waits for all that has a `fileno` here; where there can be but one, it is always the same."""
        ...

    def on_signals(self, heed: Callable[[str], object]) -> None:
        """From now on call `heed` with the name of each signal by which somebody asks this process to stop.

        It comes in the main thread, before `reap_strangers` returns at the latest; `fileno` is readable then.
        """
        ...

    def die_of(self, name: str) -> NoReturn:
        """End this process at once, as the signal of that name does where nobody heeds it."""
        ...

    def pipe(self) -> Pipe:
        """Make a pipe for the output of programs; raises OSError."""
        ...

    def lasting_pipe(self, path: str | None) -> Pipe:
        """Return a pipe whose other end outlives this process, if it has its name at a path and the system knows such.

        What was written to it is there then for the next one who asks for the path.
        """
        ...

    def waker(self) -> Waker: ...

    def keep_private(self, path: str) -> None:
        """Let nobody read or change a file or folder but its owner, and who may do everything; raises OSError.

        What is made in a folder afterwards is as private as that where the system has it so: on Windows.
        """
        ...

    def fileno(self) -> int:
        """Return what becomes readable when a descendant has ended: then a tree may have lost its last member."""
        ...

    def reap_strangers(self) -> frozenset[int]:
        """Take note of that, reaping ended children that are no tree's main process; return their ids."""
        ...

    def notify_socket(self, address: str | None = None, fd: int | None = None) -> NotifySocket:
        """Make one, or take over an earlier owner's by its descriptor, or else at its address; raises OSError."""
        ...

    def spent_id(self) -> int:
        """Return an id of its own for a process that there never was, or 0 where there is none to be had."""
        ...


_KINDS: Mapping[str, str] = {
    "linux": "linux",
    **dict.fromkeys(("darwin", "freebsd", "openbsd", "netbsd", "dragonfly"), "posix"),
    "windows": "windows",
}


def system() -> str:
    """Return the name of this operating system, as Go has it: linux, windows, darwin, freebsd."""
    name = sys.platform.rstrip("0123456789.")
    return "windows" if name == "win" else name


def kind() -> str:
    """Say which of the platforms is this machine's; raises NotImplementedError where there is none."""
    name = system()
    if name not in _KINDS:
        known = "use Linux, macOS or Windows"
        raise NotImplementedError(f"neither services nor tasks can be run on {sys.platform} yet: {known}")
    return _KINDS[name]


def opener(suffix: str) -> str | None:
    """Return the program that files are opened with whose names end so; None but on Windows, and for none."""
    if sys.platform == "win32":
        from .windows import associations

        return associations.opener(suffix)
    return None


def unmet(service: "Service") -> list[str]:
    """Name the directives of a service that are not in force here; none where no service can run anyway."""
    try:
        return sorted(native().unmet(service))
    except NotImplementedError:
        return []


def impossible(service: "Service") -> str | None:
    """Say in words what keeps a service from being started here, if anything does."""
    try:
        found = native().impossible(service)
    except NotImplementedError:
        return None
    return found[1] if found else None


class Client(Protocol):
    """The other end of the channel: a module of functions, for commands that are over in a moment."""

    def default_path(self, environ: Mapping[str, str]) -> str:
        """Say where the channel is, if nobody has named another place."""
        ...

    def exchange(self, path: str, line: bytes, timeout: float | None) -> bytes:
        """Send a line and return the one that comes back, b"" for none. timeout: seconds, for each step.

        Raises OSError; PermissionError, with words, if it is not for us.
        """
        ...


def native_client() -> Client:
    """Return this system's."""
    if sys.platform == "win32":
        from .windows import client as pipes

        return pipes
    from . import client as sockets

    return sockets


class Places(Protocol):
    """Folders and files for services: a module of functions. owner: None leaves them with whoever runs this.

    All raise OSError, but for what removes something: what cannot be removed stays.
    """

    def make_folder(self, path: str, mode: int, owner: Owner | None) -> None:
        """Make a folder, set mode and owner; of one that is another's, all that is in it changes hands, too."""
        ...

    def make_link(self, target: str, link: str) -> None:
        """Make a relative link, unless it is there."""
        ...

    def empty(self, path: str) -> None:
        """Remove a folder and all that is in it, following no link."""
        ...

    def unlink(self, path: str) -> None:
        """Remove a link."""
        ...

    def open_log(self, path: str) -> int:
        """Return a descriptor to write a log that others may read, rename and remove meanwhile."""
        ...

    def read_log(self, path: str) -> BinaryIO:
        """Open a log to read it, without being in the way of who writes, renames or removes it."""
        ...

    def write_secrets(self, path: str, secrets: Mapping[str, bytes], owner: Owner | None) -> None:
        """Write files into a folder of their own that nobody else can look into."""
        ...

    def state_folder(self, environ: Mapping[str, str]) -> str:
        """Say below which folder whoever runs this keeps what has to outlive a process."""
        ...


def native_places() -> Places:
    """Return this system's."""
    if sys.platform == "win32":
        from .windows import places

        return places
    from . import places

    return places


def native() -> Platform:
    """Return this system's platform; raises NotImplementedError."""
    if sys.platform == "win32":
        from .windows.trees import WINDOWS

        return WINDOWS
    if kind() == "linux":
        from .linux import LINUX

        return LINUX
    from .posix import POSIX

    return POSIX
