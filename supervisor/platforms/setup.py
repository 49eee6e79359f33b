"""Set this process up, then become the program: what `subprocess` cannot do by vfork.

Run by `launch.py` as a program of its own, `python -I -S -E setup.py REPORT KEY=VALUE… -- PROGRAM ARGV…`, so it
imports nothing of ours and as little as it can. REPORT is the number of a descriptor: what the system refuses
is written there in words, and the exit code is the one that systemd.exec(5) names for it.
"""

# Without the enums of `signal`, which take as long to import as all the rest.
import _signal  # type: ignore[import-not-found]  # pyright: ignore[reportMissingImports]
import os
import sys

# systemd.exec(5), "Process exit codes".
CODES = {
    "cwd": 200,
    "nice": 201,
    "exec": 203,
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


def main() -> None:
    report, words = int(sys.argv[1]), sys.argv[2:]
    os.set_inheritable(report, False)
    settings, command = words[: words.index("--")], words[words.index("--") + 1 :]
    step = "exec"
    try:
        for setting in settings:
            step, _, value = setting.partition("=")
            STEPS[step](value)
        step = "exec"
        _signal.signal(_signal.SIGXFSZ, _signal.SIG_DFL)  # Python ignores it, and SIGPIPE
        if "sigpipe=ignore" not in settings:
            _signal.signal(_signal.SIGPIPE, _signal.SIG_DFL)
        os.execve(command[0], command[1:], os.environb)
    except (OSError, LookupError, ValueError, AttributeError) as error:
        os.write(report, f"{step}={getattr(error, 'strerror', None) or error}".encode())
        os._exit(CODES[step])


def set_locale(value: str) -> None:
    """Give LC_CTYPE back as it was ("-NAME" if it was not there): Python coerces the C locale."""
    os.environ.pop("LC_CTYPE", None)
    if value:
        os.environ["LC_CTYPE"] = value[1:]


def set_oom_score(value: str) -> None:
    """Set it; where one may only raise it, go on without, as systemd does."""
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write(value)
    except PermissionError:
        pass


def set_nice(value: str) -> None:
    os.setpriority(os.PRIO_PROCESS, 0, int(value))


def set_cpu(value: str) -> None:
    """Read "POLICY:PRIORITY:RESET", the last 0 or 1."""
    policy, priority, reset = value.split(":")
    number = getattr(os, f"SCHED_{policy.upper()}") | (os.SCHED_RESET_ON_FORK if int(reset) else 0)
    os.sched_setscheduler(0, number, os.sched_param(int(priority)))


def set_cpus(value: str) -> None:
    """Read "0,1,8"; the empty set is refused by the system."""
    os.sched_setaffinity(0, {int(number) for number in value.split(",") if number})


def keep_sigpipe_ignored(value: str) -> None:
    """Leave it as Python has it: see `main`."""


def set_io(value: str) -> None:
    """Read "CLASS:PRIORITY"; ioprio_set(2) has no wrapper."""
    import ctypes

    name, priority = value.split(":")
    number = {"x86_64": 251, "aarch64": 30, "armv7l": 314, "i686": 289, "riscv64": 30}[os.uname().machine]
    wanted = {"none": 0, "realtime": 1, "best-effort": 2, "idle": 3}[name] << 13 | int(priority)
    if ctypes.CDLL(None, use_errno=True).syscall(number, 1, 0, wanted) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def set_limit(value: str) -> None:
    """Read "NAME:SOFT:HARD", -1 being infinity.

    Where that is more than this process may have, it gets as much as it may (systemd, src/basic/rlimit-util.c,
    setrlimit_closest).
    """
    import resource

    name, *wanted = value.split(":")
    kind, (soft, hard) = getattr(resource, f"RLIMIT_{name}"), map(int, wanted)
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
    """Read "USER:GROUP:OTHER,OTHER…", any of them empty: the user's groups, the primary one replaced, others added."""
    user, group, others = value.split(":")
    name, primary, _, _ = user_entry(user) if user else ("", os.getgid(), 0, "")
    primary = group_id(group) if group else primary
    if os.geteuid() == 0:  # nobody else may, and to become oneself it is not needed
        usual = os.getgrouplist(name, primary) if name and primary != 0 else []  # as systemd does
        os.setgroups([*usual, *(group_id(other) for other in others.split(",") if other)])
    os.setgid(primary)


def set_user(value: str) -> None:
    os.setuid(user_entry(value)[2])


def set_cwd(value: str) -> None:
    """Read "FOLDER", "-FOLDER" if it may be missing; "~" is the home of whoever this process now is."""
    folder = value.removeprefix("-")
    try:
        os.chdir(user_entry(str(os.getuid()))[3] if folder == "~" else folder)
    except OSError:
        if not value.startswith("-"):
            raise


def group_id(name: str) -> int:
    import grp

    try:
        return (grp.getgrgid(int(name)) if name.isdigit() else grp.getgrnam(name)).gr_gid
    except KeyError:
        raise LookupError(f"there is no group {name!r}") from None


def user_entry(name: str) -> tuple[str, int, int, str]:
    """Return name, group id, user id and home of a user given by name or number; a number needs no entry."""
    import pwd

    try:
        entry = pwd.getpwuid(int(name)) if name.isdigit() else pwd.getpwnam(name)
    except KeyError:
        if name.isdigit():
            return "", int(name), int(name), "/"
        raise LookupError(f"there is no user {name!r}") from None
    return entry.pw_name, entry.pw_gid, entry.pw_uid, entry.pw_dir


# In the order in which `launch.py` gives them: what needs privilege first, and the folder as the user sees it.
STEPS = {
    "locale": set_locale,
    "oom": set_oom_score,
    "nice": set_nice,
    "cpu": set_cpu,
    "cpus": set_cpus,
    "io": set_io,
    "sigpipe": keep_sigpipe_ignored,
    "limit": set_limit,
    "account": user_entry,
    "group": set_group,
    "user": set_user,
    "cwd": set_cwd,
}

if __name__ == "__main__":
    main()
