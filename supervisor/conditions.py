"""Looks at the machine for Condition…= and Assert…=: one function for each kind of check; systemd.unit(5).

Each takes the check's value and says yes or no; None where this machine has nothing to tell it by, ValueError for a
value that makes no sense. As in systemd, `rules/conditions.py` says what follows (systemd, src/shared/condition.c).
"""

import fnmatch
import glob
import os
import platform
import re
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from ..units import machine
from ..units.grammar import parse_boolean, parse_size
from ..units.spec import Check
from . import virtualization
from .rules.comparisons import compare_versions, holds, operator
from .rules.conditions import Checked, Finding, examine, verdict
from .unit import Unit

Test = Callable[[str], bool | None]


class Checks:
    """The checks of services, as the start of each comes to them. environ: what the services start from."""

    def __init__(self, environ: Mapping[str, str], log: Callable[[str], None]) -> None:
        self._environ = environ
        self._log = log

    def check(self, unit: Unit) -> Checked:
        """Look at a service's conditions and assertions, and tell if they keep it from starting."""
        checked = examine(unit.service, lambda check: self._find(unit, check), unit.checked)
        if told := verdict(checked):
            self._log(f"{unit.name}: {told}")
        return checked

    def _find(self, unit: Unit, check: Check) -> Finding:
        name = check.key.removeprefix("Condition").removeprefix("Assert")
        try:
            found = environment(check.value, self._environ) if name == "Environment" else TESTS[name](check.value)
        except (OSError, ValueError, OverflowError) as error:
            self._log(f"{unit.name}: {check} cannot be looked at: {error}")
            return Finding.WRONG
        if found is None:
            self._log(f"{unit.name}: ignoring {check}: this machine cannot tell")
            return Finding.UNKNOWN
        return Finding.YES if found else Finding.NO


def environment(value: str, environ: Mapping[str, str]) -> bool:
    name, equals, wanted = value.partition("=")
    return environ.get(name) == wanted if equals else name in environ


def _mode(path: str) -> int:
    try:
        return os.stat(path).st_mode
    except OSError:
        return 0


def _executable(path: str) -> bool:
    mode = _mode(path)
    return stat.S_ISREG(mode) and bool(mode & 0o111)


def _file_not_empty(path: str) -> bool:
    return stat.S_ISREG(_mode(path)) and os.path.getsize(path) > 0


def _directory_not_empty(path: str) -> bool:
    """Hidden files and backups do not count; systemd, dir_is_empty."""
    try:
        return any(not name.startswith(".") and not name.endswith(("~", ".bak")) for name in os.listdir(path))
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True


def _read_write(path: str) -> bool | None:
    if not os.path.exists(path):
        return False
    return not os.statvfs(path).f_flag & os.ST_RDONLY if hasattr(os, "statvfs") else None


def _needs_update(path: str) -> bool | None:
    if not os.path.isdir("/usr"):
        return None
    if os.path.exists(path) and not _read_write(path):
        return False
    try:
        return os.lstat("/usr").st_mtime_ns > os.lstat(os.path.join(path, ".updated")).st_mtime_ns
    except OSError:
        return True


def _user(value: str) -> bool | None:
    if not hasattr(os, "getuid"):
        return value == machine.here()["u"]
    import pwd

    ids = {os.getuid(), os.geteuid()}
    if value == "@system":
        return any(uid < 1000 or uid == _NOBODY for uid in ids)
    if value.isdigit():
        return int(value) in ids
    try:
        return pwd.getpwnam(value).pw_uid in ids
    except KeyError:
        return False


def _group(value: str) -> bool | None:
    if not hasattr(os, "getgid"):
        return None
    import grp

    ids = {os.getgid(), os.getegid(), *os.getgroups()}
    try:
        return (int(value) if value.isdigit() else grp.getgrnam(value).gr_gid) in ids
    except KeyError:
        return False


def _host(value: str) -> bool:
    here = machine.here()
    if value.replace("-", "").lower() in {here["m"], here["b"]} - {""}:
        return True
    return fnmatch.fnmatchcase(here["H"].lower(), value.lower())


def _architecture(value: str) -> bool:
    return value == "native" or machine.here()["a"] == value


def _kernel_version(value: str) -> bool:
    """Compare with each word; ">= 5.10" may have a space, but in the first one only."""
    sign, rest = operator(value.strip())
    words = rest.split() or [""]
    words[0] = f"{sign or ''}{words[0]}"
    release = platform.release()
    for word in words:
        sign, wanted = operator(word)
        if not wanted:
            raise ValueError("a version is missing")
        if not (holds(sign, compare_versions(release, wanted)) if sign else fnmatch.fnmatchcase(release, wanted)):
            return False
    return True


def _number(value: str, have: int, parse: Callable[[str], int]) -> bool:
    sign, wanted = operator(value)
    number = parse(wanted)
    return holds(sign or ">=", (have > number) - (have < number))


def _memory(value: str) -> bool | None:
    if not hasattr(os, "sysconf"):
        import psutil  # where the system itself has no such question

        return _number(value, psutil.virtual_memory().total, parse_size)
    return _number(value, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), parse_size)


def _cpus(value: str) -> bool:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return _number(value, usable, int)


def _os_release(value: str) -> bool | None:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return None
    for word in value.split():
        at = next((at for at, char in enumerate(word) if char in "<>=!"), -1)
        sign, wanted = operator(word[at:]) if at > 0 else (None, "")
        if sign is None or not wanted:
            raise ValueError(f'"{word}" is not KEY=value')
        have = release.get(word[:at], "")
        order = int(have != wanted) if sign in ("=", "!=") else compare_versions(have, wanted)
        if not holds(sign, order):
            return False
    return True


def _read(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def _command_line() -> list[str] | None:
    """Give the kernel's words; in a container those of its first process, as systemd does."""
    if virtualization.container():
        words = _read("/proc/1/cmdline")
        return None if words is None else words.rstrip("\0").split("\0")
    line = _read("/proc/cmdline")
    return None if line is None else line.split()


def _kernel_command_line(value: str) -> bool | None:
    words = _command_line()
    if words is None:
        return None
    return value in words if "=" in value else any(word.partition("=")[0] == value for word in words)


def _controllers(value: str) -> bool | None:
    """A name that is none is passed over; with version 2 all controllers stand in one file, before each is a folder."""
    if not os.path.isdir("/sys/fs/cgroup"):
        return None
    unified = _read("/sys/fs/cgroup/cgroup.controllers")
    if value in ("v1", "v2"):
        return (unified is not None) is (value == "v2")
    there = _V1 & set(os.listdir("/sys/fs/cgroup")) if unified is None else _V2 & set(unified.split())
    return set(value.split()) & (_V1 | _V2) <= there


def _first_boot(value: str) -> bool:
    return os.path.exists("/run/systemd/first-boot") is parse_boolean(value)


def _ac_power(value: str) -> bool:
    import psutil  # only for those who ask

    battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    return (battery is None or battery.power_plugged is not False) is parse_boolean(value)


def _capability(value: str) -> bool | None:
    name = value.lower().removeprefix("cap_")
    if name not in _CAPABILITIES or name == value.lower():
        raise ValueError(f'"{value}" is not a capability')
    status = _read("/proc/self/status")
    if status is None:
        return None
    bounding = next(line.split()[1] for line in status.splitlines() if line.startswith("CapBnd:"))
    return bool(int(bounding, 16) >> _CAPABILITIES.index(name) & 1)


def _security(value: str) -> bool | None:
    if not os.path.isdir("/sys/kernel"):
        return None
    match value:
        case "selinux":
            return os.path.exists("/sys/fs/selinux/enforce")
        case "apparmor":
            return (_read("/sys/module/apparmor/parameters/enabled") or "").startswith("Y")
        case "smack":
            return os.path.isdir("/sys/fs/smackfs")
        case "ima":
            return os.path.isdir("/sys/kernel/security/ima")
        case "tomoyo":
            return os.path.exists("/sys/kernel/security/tomoyo/version")
        case "uefi-secureboot":
            found = glob.glob("/sys/firmware/efi/efivars/SecureBoot-*")
            return bool(found) and Path(found[0]).read_bytes()[4:5] == b"\1"
        case "tpm2":
            return bool(glob.glob("/sys/class/tpmrm/*")) and os.path.exists("/sys/firmware/acpi/tables/TPM2")
        case "audit" | "cvm":
            return None
        case _:
            return False


def _credential(value: str) -> bool:
    folders = filter(None, map(os.environ.get, ("CREDENTIALS_DIRECTORY", "ENCRYPTED_CREDENTIALS_DIRECTORY")))
    valid = value == os.path.basename(value) and value not in ("", ".", "..")
    return valid and any(os.path.lexists(os.path.join(folder, value)) for folder in folders)


_NOBODY = 65534
_V1 = frozenset({"cpu", "cpuacct", "blkio", "memory", "devices", "pids"})
_V2 = frozenset({"cpu", "cpuset", "io", "memory", "pids"})
# capability.h: in the order of their bits.
_CAPABILITIES = re.findall(
    r"\w+",
    """
    chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service
    net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin
    sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override
    mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore
    """,
)


TESTS: Mapping[str, Test] = {
    "PathExists": os.path.exists,
    "PathExistsGlob": lambda value: bool(glob.glob(value)),
    "PathIsDirectory": os.path.isdir,
    "PathIsSymbolicLink": os.path.islink,
    "PathIsMountPoint": lambda value: os.path.exists(value) and os.path.ismount(os.path.realpath(value)),
    "PathIsReadWrite": _read_write,
    "DirectoryNotEmpty": _directory_not_empty,
    "FileNotEmpty": _file_not_empty,
    "FileIsExecutable": _executable,
    "NeedsUpdate": _needs_update,
    "User": _user,
    "Group": _group,
    "Host": _host,
    "Architecture": _architecture,
    "Virtualization": virtualization.matches,
    "KernelVersion": _kernel_version,
    "KernelCommandLine": _kernel_command_line,
    "ACPower": _ac_power,
    "Memory": _memory,
    "CPUs": _cpus,
    "ControlGroupController": _controllers,
    "FirstBoot": _first_boot,
    "OSRelease": _os_release,
    "Security": _security,
    "Capability": _capability,
    "Credential": _credential,
}
