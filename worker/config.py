"""What a worker is told: the configuration file, the options on the command line, the environment.

The file and its keys are Flamenco's: flamenco-worker.yaml in the current folder.
"""

import difflib
import os
import re
import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from ..units.errors import BadValue
from ..units.grammar import parse_size
from ..units.restart_codes import refuse_restart_code
from .rules.tasklog import LIMIT

DEFAULT_FILE = Path("flamenco-worker.yaml")
TASK_TYPES = ("blender", "ffmpeg", "file-management", "misc")
OOM_SCORES = range(-1000, 1001)
SMALLEST_LOG_LIMIT = 64 * 1024


class BadConfig(Exception):
    """What the author of a file or of a command line has to mend; the text says where, what and how."""


@dataclass(frozen=True)
class File:
    """What the configuration file says; None for what it leaves out. restart_exit_code: 0 for none, as in Flamenco."""

    name: str | None = None
    manager_url: str | None = None
    task_types: tuple[str, ...] = TASK_TYPES
    restart_exit_code: int | None = None
    oom_score_adjust: int | None = None
    output_folders: tuple[str, ...] = ()
    task_log_limit: int = LIMIT
    enrolment_code: str | None = None


@dataclass(frozen=True)
class Config:
    """Everything a worker is told.

    manager_url: None to search the network for one. restart_exit_code: None if nothing would start it again.
    task_log_limit: in bytes. enrolment_code: what lets it in where it registers, "" for none.
    """

    name: str
    manager_url: str | None
    data: Path
    task_types: tuple[str, ...] = TASK_TYPES
    restart_exit_code: int | None = None
    oom_score_adjust: int | None = None
    output_folders: tuple[str, ...] = ()
    task_log_limit: int = LIMIT
    enrolment_code: str = field(default="", repr=False)


def read_file(path: Path, *, required: bool) -> File:
    """Read a configuration file; one that is not there is empty unless it is required."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if not required:
            return File()
        raise BadConfig(f"{path}: is not there; leave out --config to run without a file") from None
    except OSError as problem:
        raise BadConfig(f"{path}: cannot be read: {problem.strerror}; name a file") from None
    except UnicodeDecodeError as problem:
        line = problem.object.count(b"\n", 0, problem.start) + 1
        raise BadConfig(f"{path}:{line}: is not UTF-8 text; save it as UTF-8") from None
    return parse_file(path, text)


def parse_file(path: Path, text: str) -> File:
    """Read the text of a configuration file."""
    try:
        root = yaml.compose(text, yaml.SafeLoader)
    except RecursionError:
        raise BadConfig(f"{path}: is nested too deeply; write one `key: value` a line") from None
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        line = f"{mark.line + 1}:" if mark else ""
        why = getattr(problem, "problem", None) or problem
        raise BadConfig(f"{path}:{line} is not YAML: {why}; mend the syntax") from None
    if root is None:
        return File()
    if not isinstance(root, yaml.MappingNode):
        raise BadConfig(f"{path}:{root.start_mark.line + 1}: is not a list of keys; write one `key: value` a line")
    found: dict[str, object] = {}
    for key_node, value_node in root.value:
        where = f"{path}:{key_node.start_mark.line + 1}"
        if not isinstance(key_node, yaml.ScalarNode):
            raise BadConfig(f"{where}: a key must be a word; write one `key: value` a line")
        where = f"{where}: {key_node.value}"
        field, value = _entry(where, str(key_node.value), value_node)
        if field in found:
            raise BadConfig(f"{where}: is said twice; leave one")
        found[field] = value
    return File(**{field: value for field, value in found.items() if value is not None})  # type: ignore[arg-type]


def _entry(where: str, key: str, node: yaml.Node) -> tuple[str, object]:
    """Return the field of `File` that a key sets, and its checked value."""
    if key not in KEYS:
        nearest = difflib.get_close_matches(key, KEYS, 1)
        hint = f"did you mean {nearest[0]!r}?" if nearest else f"known are {', '.join(KEYS)}"
        raise BadConfig(f"{where}: is no key of this file; {hint}")
    field, read = KEYS[key]
    loader = yaml.SafeLoader("")
    try:
        value = loader.construct_object(node, deep=True)
    except yaml.YAMLError as problem:
        raise BadConfig(f"{where}: cannot be read: {getattr(problem, 'problem', problem)}") from None
    try:
        return field, None if value is None else read(value)
    except ValueError as problem:
        raise BadConfig(f"{where}: {problem}") from None


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{value!r} is not text; write a word, in quotes if it looks like something else")
    if not value.isprintable():
        raise ValueError(f"{value!r} holds a character that cannot be shown; take it out")
    return value.strip()


def _words(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise ValueError(f"{value!r} is not a list; write it as [blender, ffmpeg]")
    return tuple(_text(word) for word in value)


def _folders(value: object) -> tuple[str, ...]:
    folders = _words(value)
    for folder in folders:
        if not os.path.isabs(folder):
            raise ValueError(f"{folder!r} is not the whole path of a folder; write it from its root on")
    return folders


def _oom_score(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value not in OOM_SCORES:
        raise ValueError(f"{value!r} is not a whole number from -1000 to 1000")
    return value


def _log_limit(value: object) -> int:
    try:
        limit = parse_size(str(value))
    except BadValue as problem:
        raise ValueError(f"{problem.problem}; {problem.hint}") from None
    if limit < SMALLEST_LOG_LIMIT:
        raise ValueError(f"{value!r} is too little for a log to be of use; write 64K or more")
    return limit


def restart_code(value: object) -> int:
    """Check an exit code that is to mean "start me again"; raise ValueError with the reason against it.

    0 means that there is none, as in Flamenco.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{value!r} is not a whole number; write an exit code such as 47")
    if value == 0:
        return 0
    if reason := refuse_restart_code(value):
        raise ValueError(f"{value} cannot be the restart code: {reason}; 47 is usual")
    return value


def manager_url(value: object) -> str:
    """Complete the address of a manager: a host, host:port or URL; raise ValueError if it is none of them."""
    text = _text(value)
    url = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as problem:
        raise ValueError(f"{text!r} is no address of a manager: {problem}; write http://HOST:8080/") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or port == 0:
        raise ValueError(f"{text!r} is no address of a manager; write http://HOST:8080/")
    if parts.username is not None or any(character.isspace() for character in url):
        raise ValueError(f"{text!r} is no address of a manager: no user and no space can be in it")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}/"


def enrolment_code(value: object) -> str:
    """Check an enrolment code as far as anybody can who has not made it; raise ValueError, without the code in it."""
    if not isinstance(value, str) or not _CODE.fullmatch(value.strip()):
        raise ValueError("is no enrolment code; write it as the manager said it, letters, digits and hyphens")
    return value.strip()


_CODE = re.compile(r"[0-9A-Za-z -]{8,100}")


def code_given(file_option: Path | None, file: File, environ: Mapping[str, str]) -> str:
    """Return the enrolment code: of the option's file, the environment, the file of settings; "" where there is none.

    It is not taken from the command line, which everybody on a machine can read.
    """
    if file_option is not None:
        return _code_in(file_option)
    if given := environ.get(CODE_VARIABLE):
        try:
            return enrolment_code(given)
        except ValueError as problem:
            raise BadConfig(f"{CODE_VARIABLE}: {problem}") from None
    return file.enrolment_code or ""


CODE_VARIABLE = "FARMHAND_ENROLMENT_CODE"


def _code_in(path: Path) -> str:
    try:
        return enrolment_code(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as problem:
        why = getattr(problem, "strerror", None) or "it is not text"
        raise BadConfig(f"--enrolment-code-file: {path}: cannot be read: {why}; name the file with the code") from None
    except ValueError as problem:
        raise BadConfig(f"--enrolment-code-file: {path}: {problem}") from None


# Key of the file -> field of `File`, and how its value is read.
KEYS = {
    "worker_name": ("name", _text),
    "manager_url": ("manager_url", manager_url),
    "task_types": ("task_types", _words),
    "restart_exit_code": ("restart_exit_code", restart_code),
    "restart_exit_status": ("restart_exit_code", restart_code),
    "oom_score_adjust": ("oom_score_adjust", _oom_score),
    "output_folders": ("output_folders", _folders),
    "task_log_limit": ("task_log_limit", _log_limit),
    "enrolment_code": ("enrolment_code", enrolment_code),
}


def worker_name(option: str | None, file: File, environ: Mapping[str, str]) -> str:
    """Return the name of this worker: the option, the file, the environment, the host's name; the first that is set."""
    return option or file.name or environ.get("FLAMENCO_WORKER_NAME") or socket.gethostname()


def data_folder(environ: Mapping[str, str], system: str) -> Path:
    """Return where a worker keeps its credentials and reports, unless told otherwise: Flamenco's folder there.

    system: its name as Go has it.
    """
    if home := environ.get("FLAMENCO_HOME"):
        return Path(home)
    match system:
        case "windows":
            return Path(environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local") / "Blender Foundation/Flamenco"
        case "darwin":
            return Path.home() / "Library/Application Support/Flamenco"
        case _:
            return Path(environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "flamenco"


def make_folder(path: Path, keep_private: Callable[[str], None]) -> Path:
    """Make the data folder, for its user alone; one that is there is left as it is. keep_private: see that it is so."""
    try:
        if not path.is_dir():
            path.mkdir(mode=0o700, parents=True)
            keep_private(str(path))
    except OSError as problem:
        raise BadConfig(f"--data: {path} cannot be made: {problem.strerror}; choose another folder") from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise BadConfig(f"--data: {path} cannot be written to; choose another folder or change its owner")
    return path


def not_writable(folders: Iterable[str]) -> list[str]:
    """Return those of the folders that this process cannot write to."""
    return [folder for folder in folders if not os.access(folder, os.W_OK | os.X_OK)]
