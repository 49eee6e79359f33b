"""Signals and exit statuses: their names and numbers."""

# signal(7) on Linux; what Farmhand sends elsewhere is the platform's matter.
_SIGNAL_NAMES = """
    HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP
    TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS
"""
SIGNALS = tuple(_SIGNAL_NAMES.split())
FIRST_REALTIME, LAST_REALTIME = 34, 64  # with glibc, which keeps 32 and 33 for itself


def signal_name(number: int) -> str:
    """Give the name of a signal on Linux: "SIGTERM", "SIGRTMIN+3", or "SIG32" for one that has none."""
    if number <= len(SIGNALS):
        return "SIG" + SIGNALS[number - 1]
    return f"SIGRTMIN+{number - FIRST_REALTIME}" if number >= FIRST_REALTIME else f"SIG{number}"


def signal_number(name: str) -> int:
    """Give the number of what `signal_name` and `grammar.parse_signal` give."""
    base, _, offset = name.removeprefix("SIG").replace("-", "+").partition("+")
    if base == "RTMIN":
        return FIRST_REALTIME + int(offset or 0)
    if base == "RTMAX":
        return LAST_REALTIME - int(offset or 0)
    return int(base) if base.isdigit() else SIGNALS.index(base) + 1


# systemd.exec(5), "Process Exit Codes": C library, LSB, systemd's own, BSD sysexits.
_STATUS_NAMES = (
    (0, "SUCCESS FAILURE INVALIDARGUMENT NOTIMPLEMENTED NOPERMISSION NOTINSTALLED NOTCONFIGURED NOTRUNNING"),
    (64, "USAGE DATAERR NOINPUT NOUSER NOHOST UNAVAILABLE SOFTWARE OSERR OSFILE CANTCREAT IOERR TEMPFAIL PROTOCOL"),
    (77, "NOPERM CONFIG"),
    (200, "CHDIR NICE FDS EXEC MEMORY LIMITS OOM_ADJUST SIGNAL_MASK STDIN STDOUT CHROOT IOPRIO TIMERSLACK SECUREBITS"),
    (214, "SETSCHEDULER CPUAFFINITY GROUP USER CAPABILITIES CGROUP SETSID CONFIRM STDERR"),
    (224, "PAM NETWORK NAMESPACE NO_NEW_PRIVILEGES SECCOMP SELINUX_CONTEXT PERSONALITY APPARMOR_PROFILE"),
    (232, "ADDRESS_FAMILIES RUNTIME_DIRECTORY"),
    (235, "CHOWN SMACK_PROCESS_LABEL KEYRING STATE_DIRECTORY CACHE_DIRECTORY LOGS_DIRECTORY CONFIGURATION_DIRECTORY"),
    (242, "NUMA_POLICY CREDENTIALS BPF"),
    (255, "EXCEPTION"),
)
STATUSES = {name: first + i for first, names in _STATUS_NAMES for i, name in enumerate(names.split())}
