"""Commands as people paste them: into a shell of Linux, of macOS, or into PowerShell. Pure."""

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ....units.carried import digest
from ....units.recipe import Made
from ....units.rendered import File
from ....units.run_script import home_path

# Programs that ask a cluster, and need no rights on this machine.
_OF_CLUSTERS = frozenset({"kubectl", "nomad"})

Words = Sequence[str]
Files = Mapping[str, File]  # by their names for a download
Url = Callable[[str], str]  # of such a name


@dataclass(frozen=True)
class Shell:
    """How things are done there; each function returns commands.

    run, run_as_root: a command line. fetch(files, address of a name), compare(files), place(files); remove(paths).
    program(path), user(name, home), folder(path, owner): have these there. token: what is added to a command of fetch,
    so that it says who asks by the token in FARMHAND_TOKEN.
    """

    run: Callable[[Words], str]
    run_as_root: Callable[[Words], str]
    fetch: Callable[[Files, Url], tuple[str, ...]]
    compare: Callable[[Files], tuple[str, ...]]
    place: Callable[[Files], tuple[str, ...]]
    remove: Callable[[Sequence[str]], tuple[str, ...]]
    program: Callable[[str], tuple[str, ...]]
    user: Callable[[str, str | None], tuple[str, ...]]
    folder: Callable[[str, str | None], tuple[str, ...]]
    token: str


def shell_of(made: Made) -> Shell:
    """Return the shell of the machine that a definition is for."""
    dialect, program = made.recipe.dialect, made.recipe.worker.program
    if dialect.system == "windows" or re.match(r"[A-Za-z]:", program):
        return _POWERSHELL
    shell = _MACOS if dialect.system == "macos" else _LINUX
    return replace(shell, run_as_root=_run) if _at_home(made.rendered.path) else shell


# -- POSIX


def _word(text: str) -> str:
    """Quote a word; one that begins with ~/ is below the home of whoever pastes it."""
    return home_path(text) if text.startswith("~/") else shlex.quote(text)


def _run(words: Words) -> str:
    return " ".join(map(_word, words))


def _as_root(words: Words) -> str:
    return _run(words) if words[0] in _OF_CLUSTERS else f"sudo {_run(words)}"


def _at_home(path: str) -> bool:
    return path.startswith("~/")


def _curl(files: Files, url: Url) -> tuple[str, ...]:
    """Fetch all in one go: curl knows braces, and names a file as its address does."""
    return (_run(("curl", "-fsSO", url("{" + ",".join(files) + "}" if len(files) > 1 else next(iter(files))))),)


_SUMS = "%s  %s\\n"


def _sum(program: str) -> Callable[[Files], tuple[str, ...]]:
    def compare(files: Files) -> tuple[str, ...]:
        known = (word for name, file in files.items() for word in (digest(file.text.encode()), name))
        return (f"{_run(('printf', _SUMS, *known))} | {program} -c",)

    return compare


def _place(files: Files) -> tuple[str, ...]:
    folders = dict.fromkeys(file.path.rpartition("/")[0] for file in files.values())
    put = (_at(file.path, ("install", "-m", f"{file.mode:o}", name, file.path)) for name, file in files.items())
    return (*(_at(folder, ("mkdir", "-p", folder)) for folder in folders), *put)


def _at(path: str, words: Words) -> str:
    return _run(words) if _at_home(path) else _as_root(words)


def _remove(paths: Sequence[str]) -> tuple[str, ...]:
    return tuple(_at(path, ("rm", path)) for path in paths)


def _program(path: str) -> tuple[str, ...]:
    """Install it with pip into a folder of its own, where that is what the path is like; else look for it."""
    home, found, name = path.rpartition("/bin/")
    if not found or name != "farmhand-worker" or home in ("", "/usr", "/usr/local"):
        return (_run((path, "--version")),)
    return (_as_root(("python3", "-m", "venv", home)), _as_root((f"{home}/bin/pip", "install", "farmhand[worker]")))


def _useradd(name: str, home: str | None) -> tuple[str, ...]:
    return (_as_root(("useradd", "--system", *(("--home-dir", home) if home else ()), name)),)


def _folder(path: str, owner: str | None) -> tuple[str, ...]:
    return (_as_root(("install", "-d", *(("-o", owner) if owner else ()), path)),)


_LINUX = Shell(
    _run,
    _as_root,
    _curl,
    _sum("sha256sum"),
    _place,
    _remove,
    program=_program,
    user=_useradd,
    folder=_folder,
    token='-H "Authorization: Bearer $FARMHAND_TOKEN"',
)


def _sysadminctl(name: str, home: str | None) -> tuple[str, ...]:
    """Add an account for a service, which has a number from 200 to 400 and a name that begins with a line."""
    role = ("-roleAccount", "-UID", "399") if name.startswith("_") else ()
    return (_as_root(("sysadminctl", "-addUser", name, *role, *(("-home", home) if home else ()))),)


_MACOS = replace(_LINUX, compare=_sum("shasum -a 256"), user=_sysadminctl)


# -- PowerShell


def _ps_word(text: str) -> str:
    if re.fullmatch(r"[\w.:/\\=-]+", text, re.ASCII):
        return text
    doubled = re.sub("(['\u2018-\u201b])", r"\1\1", text)  # PowerShell takes curly quotes for straight ones
    return f"'{doubled}'"


def _ps_run(words: Words) -> str:
    line = " ".join(map(_ps_word, words))
    return f"& {line}" if line.startswith("'") else line


def _ps_fetch(files: Files, url: Url) -> tuple[str, ...]:
    return tuple(_ps_run(("Invoke-WebRequest", "-UseBasicParsing", "-OutFile", name, url(name))) for name in files)


def _ps_compare(files: Files) -> tuple[str, ...]:
    return tuple(
        f"(Get-FileHash {_ps_word(name)}).Hash -eq '{digest(file.text.encode())}'" for name, file in files.items()
    )


def _ps_place(files: Files) -> tuple[str, ...]:
    folders = dict.fromkeys(re.split(r"[\\/][^\\/]*$", file.path)[0] for file in files.values())
    make = (_ps_run(("New-Item", "-Force", "-ItemType", "Directory", folder)) for folder in folders)
    return (*make, *(_ps_run(("Copy-Item", name, file.path)) for name, file in files.items()))


def _ps_program(path: str) -> tuple[str, ...]:
    home, found, _ = path.rpartition("\\Scripts\\")
    if not found:
        return (_ps_run((path, "--version")),)
    return (_ps_run(("py", "-m", "venv", home)), _ps_run((f"{home}\\Scripts\\pip", "install", "farmhand[worker]")))


_POWERSHELL = Shell(
    _ps_run,
    _ps_run,
    _ps_fetch,
    _ps_compare,
    _ps_place,
    lambda paths: tuple(_ps_run(("Remove-Item", path)) for path in paths),
    program=_ps_program,
    user=lambda name, home: (_ps_run(("net", "user", name, "/add")),),
    folder=lambda path, owner: (_ps_run(("New-Item", "-Force", "-ItemType", "Directory", path)),),
    token='-Headers @{Authorization="Bearer $env:FARMHAND_TOKEN"}',
)
