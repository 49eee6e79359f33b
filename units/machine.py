"""What the `%` specifiers stand for on this machine, for this user: the part of specifiers.py that has to look."""

import contextlib
import os
from collections.abc import Mapping

from .places import SYSTEM_FOLDERS

# ConditionArchitecture= in systemd.unit(5) against uname(2).
_ARCHITECTURES = {"x86_64": "x86-64", "amd64": "x86-64", "aarch64": "arm64", "i686": "x86", "armv7l": "arm"}
_OS_RELEASE = {"o": "ID", "w": "VERSION_ID", "W": "VARIANT_ID", "B": "BUILD_ID", "A": "IMAGE_VERSION", "M": "IMAGE_ID"}
_OS_RELEASE_FILES = ("/etc/os-release", "/usr/lib/os-release")  # the first that is there


def here(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Give each letter's text, the system's folders for root and the user's own for anybody else."""
    environ = os.environ if environ is None else environ
    home = _home(environ)
    host, release, architecture = _system()
    return {
        **_release(),
        **folders(environ, home),
        **_identity(),
        "a": _ARCHITECTURES.get(architecture.lower(), architecture.lower()),
        "b": _first_line("/proc/sys/kernel/random/boot_id").replace("-", ""),
        "h": home,
        "H": host,
        "l": host.partition(".")[0],
        "m": _first_line("/etc/machine-id"),
        "q": _settings("/etc/machine-info").get("PRETTY_HOSTNAME") or host,
        "v": release,
    }


def _system() -> tuple[str, str, str]:
    """Return the names of this machine, of its system's release, and of its architecture."""
    if hasattr(os, "uname"):
        return os.uname().nodename, os.uname().release, os.uname().machine
    import platform  # which takes milliseconds

    return platform.node(), platform.release(), platform.machine()


def folders(environ: Mapping[str, str] | None = None, home: str | None = None) -> Mapping[str, str]:
    """Give the letters of the folders where services keep things: the system's for root, else the user's own."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        elsewhere = not os.path.isdir("/run") and os.path.isdir("/var/run")  # macOS: nobody may make the first
        return {**SYSTEM_FOLDERS, "t": "/var/run"} if elsewhere else SYSTEM_FOLDERS
    environ = os.environ if environ is None else environ
    return _user_folders(environ, home or _home(environ))


def _home(environ: Mapping[str, str]) -> str:
    """Return the user's home; in containers there may be neither HOME nor a user of that number: then it is "/"."""
    home = environ.get("HOME") or os.path.expanduser("~")
    return os.path.normpath(home) if os.path.isabs(home) else "/"


def _identity() -> dict[str, str]:
    if not hasattr(os, "geteuid"):
        import getpass

        return {"u": getpass.getuser(), "s": os.environ.get("COMSPEC", "")}
    import grp
    import pwd

    uid, gid = os.geteuid(), os.getegid()
    user, group, shell = str(uid), str(gid), "/bin/sh"
    with contextlib.suppress(KeyError):
        user, shell = pwd.getpwuid(uid).pw_name, pwd.getpwuid(uid).pw_shell
        group = grp.getgrgid(gid).gr_name
    return {"u": user, "U": str(uid), "g": group, "G": str(gid), "s": shell}


def _user_folders(environ: Mapping[str, str], home: str) -> dict[str, str]:
    """Give a user's folders: the XDG ones, or Windows' own."""
    local = environ.get("PROGRAMDATA" if _is_of_windows(environ) else "LOCALAPPDATA")
    state = environ.get("XDG_STATE_HOME") or local or f"{home}/.local/state"
    temporary = next((environ[name] for name in ("TMPDIR", "TEMP", "TMP") if environ.get(name)), "/tmp")
    return {
        "C": environ.get("XDG_CACHE_HOME") or local or f"{home}/.cache",
        "E": environ.get("XDG_CONFIG_HOME") or local or f"{home}/.config",
        "L": os.path.join(state, "log"),
        "S": state,
        "t": environ.get("XDG_RUNTIME_DIR") or temporary,
        "T": temporary,
        "V": "/var/tmp" if os.path.isdir("/var/tmp") else temporary,
    }


def _is_of_windows(environ: Mapping[str, str]) -> bool:
    """Say whether this runs as one of Windows' own accounts, whose profiles are among the system's files."""
    system, profile = (os.path.normcase(environ.get(name, "")) for name in ("SYSTEMROOT", "USERPROFILE"))
    return bool(system) and profile.startswith(f"{system}{os.sep}")


def _first_line(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.readline().rstrip("\n")
    except (OSError, UnicodeDecodeError):
        return ""


def _settings(path: str) -> Mapping[str, str]:
    """Read the variables of a file such as machine-info(5) and os-release(5); none where it cannot be read."""
    from . import environment_file  # of use for this alone

    with contextlib.suppress(OSError, UnicodeDecodeError), open(path, encoding="utf-8") as file:
        return environment_file.parse(file.read(), lambda problem, hint: None)
    return {}


def _release() -> dict[str, str]:
    found = next(filter(os.path.exists, _OS_RELEASE_FILES), None)
    release = {"ID": "linux", **_settings(found)} if found else {}
    return {letter: release.get(key, "") for letter, key in _OS_RELEASE.items()}
