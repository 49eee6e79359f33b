"""Whatever is put into a service: its definition says just that, or it is refused or told as lost by its field's name.

Each dialect of the table is tried, natively and with Farmhand under it; readings.py reads back what was written.
"""

import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import readings
from readings import READERS, SHOW, Reading, facts

from farmhand.units import supervised
from farmhand.units.definition import made
from farmhand.units.dialect import Dialect, Target, Way
from farmhand.units.dialects import farmhand
from farmhand.units.dialects.table import DIALECTS
from farmhand.units.errors import BadConfig, BadValue
from farmhand.units.named import check_account
from farmhand.units.render import render
from farmhand.units.rendered import Loss, Rendered
from farmhand.units.spec import Command, Folder, Service
from farmhand.units.variables import literal

TEXTS: Mapping[str, str] = {
    "newline": "a\n[Service]\nExecStart=/bin/false\n",
    "newlines": "\n\na\n \nb\n\n",
    "carriage return": "a\rb\r\n",
    "quotes": 'it\'s "so" `so`',
    "quote": "'",
    "double quote": '"',
    "quotes around": "'a' and \"b\"",
    "percent": "%h %% %n %i 100%",
    "python's percent": "%(here)s %(ENV_HOME)s %d",
    "windows' percent": "%PATH% !PATH! ^&|<>",
    "dollar": "$HOME ${HOME} $$ $$HOME $ $1 $@",
    "a variable alone": "$HOME",
    "of a pod": "$(HOME) $$(HOME) $(",
    "of nomad": "${attr.kernel.name} $${HOME} %{ if true }a%{ endif }",
    "shell": "$(id >&2) `id` ; id & id | id > /x",
    "template": "{{ .Env }} {{{ a }}} {% a %}",
    "backslashes": "\\n \\x41 \\\\ \\$ \\%",
    "backslash at the end": "a\\",
    "NUL": "a\0b",
    "controls": "\x01\x07\x08\x0b\x0c\x1b[31m\x7f",
    "tab": "\ta\tb\t",
    "spaces": "  a   b  ",
    "nothing": "",
    "accents": "žluťoučký kůň",
    "beyond": "渲染 🎞\ufe0f \u202eback\u202c",
    "line separators": "a\x85b\u2028c\u2029d",
    "byte order mark": "\ufeffa",
    "noncharacter": "\ufffe\uffff\U0010ffff",
    "no utf-8": "a\udcffb",
    "dash": "-rf",
    "dashes": "--",
    "prefixes": "@-:+!a",
    "end of xml": "]]><!-- & --> <?x?> </a>",
    "entities": "&amp;&#10;&x;",
    "comment": "# a",
    "comments": "a ; b # c ;d",
    "section": "[Unit]",
    "assignment": "A=b,C='d'",
    "yes": "yes",
    "null": "null",
    "tilde": "~",
    "number": "0o17",
    "exponent": "1e3",
    "colon": "a: b",
    "anchor": "&a *a",
    "glob": "*?[a-z]{a,b}",
    "history": "!!",
    "long": "x" * 5000 + " y",
}


def _path(text: str, place: Path) -> str | None:
    """Put a text into a path; None if no file can be called so."""
    path = f"{place}/{text[:200]}"
    usable = text.strip("/") and "\0" not in text and "//" not in path and ".." not in text
    return path if usable else None


# -- the fields: each puts a text into a service, or gives None where no reader would have let it in


def _documentation(service: Service, text: str, place: Path) -> Service | None:
    return replace(service, documentation=(f"https://x/{text}",)) if re.fullmatch(r"[\x01-\x7f]*", text) else None


def _program(service: Service, text: str, place: Path) -> Service | None:
    path = _path(text, place)
    words = service.exec_start[0].words
    return (path and replace(service, exec_start=(Command((path, *words[1:])),))) or None


def _arguments(service: Service, text: str, place: Path) -> Service:
    words = (text, "next", f"-{text}", f"--option={text}", f"{text}{text}", text)
    return replace(service, exec_start=(Command((service.exec_start[0].words[0], *map(literal, words))),))


def _environment(service: Service, text: str, place: Path) -> Service | None:
    if any("\ud800" <= char <= "\udfff" for char in text):
        return None
    return replace(service, environment={"A": text, **service.environment, "B": f"b{text}b"})


def _folder(service: Service, text: str, place: Path) -> Service | None:
    path = _path(text, place / "folders")
    return replace(service, working_directory=Folder(path)) if path else None


def _user(service: Service, text: str, place: Path) -> Service | None:
    return None if check_account(text) else replace(service, user=text)


def _group(service: Service, text: str, place: Path) -> Service | None:
    return None if check_account(text) else replace(service, user="nobody", group=text)


Field = Callable[[Service, str, Path], Service | None]
FIELDS: Mapping[str, tuple[str, Field]] = {
    "description": ("Description", lambda service, text, place: replace(service, description=text)),
    "documentation": ("Documentation", _documentation),
    "environment": ("Environment", _environment),
    "folder": ("WorkingDirectory", _folder),
    "arguments": ("ExecStart", _arguments),
    "program": ("ExecStart", _program),
    "group": ("Group", _group),
    "user": ("User", _user),
}
PLAIN = Service("plain", environment={"PLAIN": "plain"}, restart="always", start_limit_interval_sec=0.0)
WAYS: tuple[tuple[str, Way], ...] = tuple(
    (name, way) for name in DIALECTS for way in ("native", "supervised") if (name, way) != ("farmhand", "supervised")
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("h")
    (folder / "show").write_text(SHOW)
    (folder / "show").chmod(0o755)
    return folder


def service_with(text: str, fields: set[str], place: Path) -> Service:
    """Put a text into all these fields, each with its file in the file system if it names one."""
    service = replace(PLAIN, exec_start=(Command((f"{place}/show", "plain")),))
    for name in sorted(fields, key=list(FIELDS).index):
        service = FIELDS[name][1](service, text, place) or service
    if service.working_directory:
        Path(service.working_directory.path).mkdir(parents=True, exist_ok=True)
    program = Path(service.exec_start[0].words[0])
    if not program.exists():
        program.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(place / "show", program)
    return service


def fields_for(text: str, place: Path) -> set[str]:
    base = replace(PLAIN, exec_start=(Command(("/bin/true",)),))
    return {name for name, (_, put) in FIELDS.items() if put(base, text, place) is not None}


def written(dialect: Dialect, way: Way, text: str, place: Path) -> tuple[Service, Rendered, set[str]]:
    """Write a service with a text in all fields but those that are refused; say which are left."""
    fields = fields_for(text, place)
    target = Target(farmhand=f"{place}/show")
    while True:
        service = service_with(text, fields, place)
        try:
            return service, render(dialect, made(service), target, way), fields
        except (BadValue, BadConfig) as problem:
            said = problem.problem if isinstance(problem, BadValue) else problem.key
            refused = next((name for name in FIELDS if name in fields and said.startswith(FIELDS[name][0])), None)
            assert refused, f"which field is refused here? {said}"
            fields.remove(refused)


def agree(seen: Reading, wanted: Reading) -> None:
    assert list(seen.argv) == list(wanted.argv)
    assert dict(seen.environment) == dict(wanted.environment)
    instead = {"folder": ["/"], "user": [""], "description": ["", PLAIN.name]}
    for name, nothing in instead.items():
        if (found := getattr(seen, name)) is not None:
            assert found in ([said] if (said := getattr(wanted, name)) else nothing), name


def told(service: Service, meant: Reading, fields: set[str], losses: tuple[Loss, ...]) -> None:
    """See that each field that is not meant as it was said is told of."""
    said, keys = facts(service), {loss.key for loss in losses}
    for field, key, same in (
        ("arguments", "ExecStart", said.argv == meant.argv),
        ("environment", "Environment", said.environment == meant.environment),
        ("folder", "WorkingDirectory", said.folder == meant.folder),
        ("user", "User", said.user == meant.user),
        ("description", "Description", said.description == meant.description),
    ):
        assert same or key in keys, f"{field} is lost without a word"


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in TEXTS.items()])
@pytest.mark.parametrize(("name", "way"), WAYS)
def test_a_text_survives_or_is_refused_or_told_as_lost(name: str, way: Way, text: str, place: Path) -> None:
    dialect, target = DIALECTS[name], Target(farmhand=f"{place}/show")
    service, rendered, fields = written(dialect, way, text, place)
    run = service if way == "native" else supervised.keeper(made(service), dialect, target)
    meant = facts(dialect.means(run, target))
    agree(READERS[name](rendered, place), meant)
    if way == "native":
        told(service, meant, fields, rendered.losses)
    else:
        path, yaml = readings.config(rendered)
        (read,) = farmhand.read(path, yaml).services
        told(service, facts(read), fields, rendered.losses)


def test_every_dialect_can_be_read_back() -> None:
    assert readings.missing(DIALECTS) == []
