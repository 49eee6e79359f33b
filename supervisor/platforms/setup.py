"""Set a new process up, step by step, and become the program: what cannot be told to posix_spawn(3).

Runs in the child of a fork, which has none of the threads that its parent may have: so it waits for nobody. REPORT is a
descriptor: what the system refuses is written there in words, and the exit code is the one that systemd.exec(5)
names for it.
"""

import contextlib
import errno
import os
from collections.abc import Mapping, Sequence

from ...units.light import NoReturn
from .signals import signal

# systemd.exec(5), "Process exit codes".
CODES = {
    "cwd": 200,
    "nice": 201,
    "exec": 203,
    "argv": 204,
    "terminal": 208,
    "core": 1,
    "slack": 212,
    "personality": 230,
    "chroot": 210,
    "root": 226,
    "nnp": 227,
    "initgroups": 216,
    "limit": 205,
    "oom": 206,
    "cpu": 214,
    "cpus": 215,
    "io": 211,
    "sigpipe": 207,
    "group": 216,
    "account": 217,
    "user": 217,
}


def become(settings: Sequence[str], program: str, argv: Sequence[str], env: Mapping[str, str], report: int) -> NoReturn:
    """Take the steps, "KEY=VALUE" each, and execute the program."""
    step = "exec"
    try:
        if any(setting.startswith("limit=NOFILE:") for setting in settings):
            close_inherited(report)
        if argv and not argv[0]:
            import ctypes  # noqa: F401  # for `execute`, while its file can still be read
        for setting in settings:
            step, _, value = setting.partition("=")
            STEPS[step](value)
        step = "exec" if argv else "argv"
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python ignores it, and SIGPIPE
        if "sigpipe=ignore" not in settings:
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        execute(program, argv, env)
    except (OSError, LookupError, ValueError, AttributeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        if step == "cwd" and not os.access(program, os.X_OK):  # it is looked for first, as systemd does
            step, why = "exec", os.strerror(errno.ENOENT)
        os.write(report, f"{step}={why}".encode())
    os._exit(CODES[step])


def execute(program: str, argv: Sequence[str], env: Mapping[str, str]) -> None:
    """Become the program; `os.execve` takes no empty name for it, and the system does."""
    if not argv:
        raise ValueError("all its words are variables that are not set, even the one for its name")
    if argv[0]:
        os.execve(program, list(argv), env)
    call("execve", os.fsencode(program), strings(argv), strings([f"{name}={value}" for name, value in env.items()]))


def strings(texts: Sequence[str]) -> object:
    """Return what C takes for a list of texts."""
    import ctypes

    return (ctypes.c_char_p * (len(texts) + 1))(*map(os.fsencode, texts), None)


def close_inherited(report: int) -> None:
    """Close what is not the program's now: so many files may be open that a lower limit would let nothing be read."""
    for name in os.listdir("/dev/fd"):
        if int(name) > 2 and int(name) != report:
            with contextlib.suppress(OSError):  # that of the folder itself
                os.close(int(name))


def set_oom_score(value: str) -> None:
    """Set it; where one may only raise it, go on without, as systemd does."""
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write(value)
    except PermissionError:
        pass


def set_nice(value: str) -> None:
    """Set it; where that is less than this process may have, it gets as little as it may.

    systemd, src/basic/process-util.c, setpriority_closest.
    """
    try:
        os.setpriority(os.PRIO_PROCESS, 0, int(value))
    except PermissionError:
        import resource

        now = os.getpriority(os.PRIO_PROCESS, 0)
        if int(value) > now:
            raise
        least = 20 - resource.getrlimit(limit_number("NICE"))[0]
        os.setpriority(os.PRIO_PROCESS, 0, min(now, max(int(value), least)))


def set_cpu(value: str) -> None:
    """Read "POLICY:PRIORITY:RESET", a policy by name or number, the last 0 or 1."""
    policy, priority, reset = value.split(":")
    number = int(policy) if policy.isdecimal() else getattr(os, f"SCHED_{policy.upper()}")
    number |= os.SCHED_RESET_ON_FORK if int(reset) else 0
    os.sched_setscheduler(0, number, os.sched_param(int(priority)))


def set_cpus(value: str) -> None:
    """Read "0,1,8"; the empty set is refused by the system."""
    os.sched_setaffinity(0, {int(number) for number in value.split(",") if number})


def keep_sigpipe_ignored(value: str) -> None:
    """Leave it as Python has it: see `become`."""


def set_io(value: str) -> None:
    """Read "CLASS:PRIORITY", a class by name or number; ioprio_set(2) has no wrapper."""
    import ctypes

    name, priority = value.split(":")
    number = {"x86_64": 251, "aarch64": 30, "armv7l": 314, "i686": 289, "riscv64": 30}[os.uname().machine]
    class_ = int(name) if name.isdecimal() else ("none", "realtime", "best-effort", "idle").index(name)
    wanted = class_ << 13 | int(priority)
    if ctypes.CDLL(None, use_errno=True).syscall(number, 1, 0, wanted) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def set_core(value: str) -> None:
    """Set which parts of memory a core dump has; where one may not, go on without, as systemd does."""
    try:
        with open("/proc/self/coredump_filter", "w") as file:
            file.write(value)
    except PermissionError:
        pass


def set_slack(value: str) -> None:
    call("prctl", 29, int(value), 0, 0, 0)


def set_no_new_privileges(value: str) -> None:
    call("prctl", 38, 1, 0, 0, 0)


def set_personality(value: str) -> None:
    """Pretend to be another machine: only the 32-bit side of this one can be had; personality(2)."""
    here = {"x86_64": ("x86-64", "x86"), "aarch64": ("arm64", "arm"), "i686": ("x86",), "s390x": ("s390x", "s390")}
    can = here.get(os.uname().machine, ())
    if value not in can:
        raise ValueError(f"this machine cannot be {value!r}")
    call("personality", 0x0008 if can.index(value) else 0)


def call(name: str, *arguments: object) -> None:
    """Call a function of the C library that Python has no wrapper for."""
    import ctypes

    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def set_terminal(value: str) -> None:
    """Read "HOW:USER": make standard input the controlling terminal, and the user's if one is given.

    HOW is "force" to take it from whoever has it, "fail" to give up then, "wait" to try again until it is free.
    """
    import fcntl
    import termios
    import time

    how, _, user = value.partition(":")
    while True:
        try:
            fcntl.ioctl(0, termios.TIOCSCTTY, int(how == "force"))
            break
        except PermissionError:
            if how != "wait":
                raise
            time.sleep(0.1)
    if user:
        os.fchown(0, user_entry(user)[2], -1)
        os.fchmod(0, 0o620)


def set_root(value: str) -> None:
    os.chroot(value)
    os.chdir("/")


_LOCKS = 10  # RLIMIT_LOCKS of Linux, which Python does not name: it has limited nothing since 2.4.25


def limit_number(name: str) -> int:
    """Return the number of "NOFILE" and its like; raises AttributeError."""
    import resource
    import sys

    known: int = _LOCKS if name == "LOCKS" and sys.platform == "linux" else getattr(resource, f"RLIMIT_{name}")
    return known


def set_limit(value: str) -> None:
    """Read "NAME:SOFT:HARD", -1 being infinity.

    Where that is more than this process may have, it gets as much as it may (systemd, src/basic/rlimit-util.c,
    setrlimit_closest).
    """
    import resource

    name, *wanted = value.split(":")
    kind, (soft, hard) = limit_number(name), map(int, wanted)
    _, most = resource.getrlimit(kind)
    try:
        resource.setrlimit(kind, (soft, hard))
    except ValueError:  # Python's word for EINVAL and for EPERM
        in_order = hard == -1 or -1 < soft <= hard
        if most == resource.RLIM_INFINITY or not in_order:
            raise
        soft, hard = (most if limit == -1 else min(limit, most) for limit in (soft, hard))
        resource.setrlimit(kind, (soft, hard))


def set_group(value: str) -> None:
    """Read "USER:GROUP:OTHER,OTHER…", any of them empty: the groups of the user, the primary one replaced, and more."""
    user, group, others = value.split(":")
    name, primary, _ = user_entry(user) if user else ("", os.getgid(), 0)
    primary = group_id(group) if group else primary
    usual = os.getgrouplist(name, primary) if name and primary != 0 else []  # as systemd does
    become_member({*usual, *(group_id(other) for other in others.split(",") if other)}, primary)
    os.setgid(primary)


def join_groups(value: str) -> None:
    """Read what `set_group` does, and join the user's groups without becoming a member of the primary one."""
    user, group, _ = value.split(":")
    name, primary, _ = user_entry(user)
    primary = group_id(group) if group else primary
    if primary != 0:
        become_member(set(os.getgrouplist(name, primary)), primary)


def become_member(groups: set[int], primary: int) -> None:
    """Join groups and leave all others; it takes privilege, but for whoever is in these and no others already.

    systemd asks for the privilege all the same: there a service of an ordinary user cannot name the user it has anyway.
    """
    if os.geteuid() == 0 or {*groups, primary} != {*os.getgroups(), os.getgid()}:
        os.setgroups(sorted(groups))


def set_user(value: str) -> None:
    os.setuid(user_entry(value)[2])


def set_cwd(value: str) -> None:
    """Read "FOLDER", "-FOLDER" if it may be missing."""
    try:
        os.chdir(value.removeprefix("-"))
    except OSError:
        if not value.startswith("-"):
            raise


def group_id(name: str) -> int:
    import grp

    try:
        return (grp.getgrgid(int(name)) if name.isdigit() else grp.getgrnam(name)).gr_gid
    except KeyError:
        raise LookupError(f"there is no group {name!r}") from None


def user_entry(name: str) -> tuple[str, int, int]:
    """Return name, group id and user id of a user given by name or number."""
    if name in KNOWN:
        return KNOWN[name]
    import pwd

    try:
        entry = pwd.getpwuid(int(name)) if name.isdigit() else pwd.getpwnam(name)
    except KeyError:
        raise LookupError(f"there is no user {name!r}") from None
    found = (entry.pw_name, entry.pw_gid, entry.pw_uid)
    KNOWN[str(entry.pw_uid)] = KNOWN[name] = found
    return found


# The users that were looked up: in another root directory there may be others.
KNOWN: dict[str, tuple[str, int, int]] = {}


# In the order in which `launch.py` gives them: what needs privilege first, and the folder as the user sees it. What
# imports a module comes before those that change whose files can be read, or which there are.
STEPS = {
    "account": user_entry,
    "terminal": set_terminal,
    "oom": set_oom_score,
    "nice": set_nice,
    "cpu": set_cpu,
    "cpus": set_cpus,
    "io": set_io,
    "sigpipe": keep_sigpipe_ignored,
    "core": set_core,
    "slack": set_slack,
    "personality": set_personality,
    "limit": set_limit,
    "nnp": set_no_new_privileges,
    "group": set_group,
    "initgroups": join_groups,
    "chroot": set_root,
    "root": set_root,
    "user": set_user,
    "cwd": set_cwd,
}
