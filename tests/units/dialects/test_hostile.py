"""Whatever is put into a service: its definition says just that, or it is refused or told as lost by its field's name.

Each dialect of the table is tried, natively and with Farmhand under it; readings.py reads back what was written.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import needs
import pytest
import readings
import sandbox
from managers import room
from polling import until
from readings import READERS, SHOW, Reading, facts

from farmhand.units import supervised
from farmhand.units.definition import made
from farmhand.units.dialect import Target
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
VARIANTS = tuple((name, variant) for name, dialect in DIALECTS.items() for variant in dialect.variants)
Wrote = TypeVar("Wrote")
PACKAGES = room.MANAGERS / "usr/lib/python3/dist-packages/supervisor"


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


def written(write: Callable[[Service], Wrote], text: str, place: Path) -> tuple[Service, Wrote, set[str]]:
    """Write a service with a text in all fields but those that are refused; say which are left."""
    fields = fields_for(text, place)
    while True:
        service = service_with(text, fields, place)
        key = _refused(write, service)
        if not key:
            return service, write(service), fields
        named = [name for name in FIELDS if name in fields and key.startswith(FIELDS[name][0])]
        assert named, f"which field is refused here? {key}"
        without = {name: service_with(text, fields - {name}, place) for name in named}
        fields.remove(next((name for name, one in without.items() if _refused(write, one) != key), named[0]))


def _refused(write: Callable[[Service], object], service: Service) -> str:
    """Say what is refused, "" if nothing is."""
    try:
        write(service)
    except BadValue as bad:
        return bad.problem
    except BadConfig as bad:
        return bad.key
    return ""


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
@pytest.mark.parametrize(("name", "variant"), VARIANTS)
def test_a_text_survives_or_is_refused_or_told_as_lost(name: str, variant: str, text: str, place: Path) -> None:
    dialect, target = DIALECTS[name], Target(farmhand=f"{place}/show", variant=variant)
    service, rendered, fields = written(lambda service: render(dialect, made(service), target, "native"), text, place)
    meant = facts(dialect.means(service, target))
    agree(READERS[name](rendered, place), meant)
    told(service, meant, fields, rendered.losses)


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in TEXTS.items()])
@pytest.mark.parametrize(("name", "variant"), [row for row in VARIANTS if row[0] != "farmhand"])
def test_with_farmhand_under_it_each_text_survives_that_a_unit_can_say(
    name: str, variant: str, text: str, place: Path
) -> None:
    dialect, target = DIALECTS[name], Target(farmhand=f"{place}/show", variant=variant)
    service, _, _ = written(made, text, place)
    rendered = render(dialect, made(service), target, "supervised")
    keeper = supervised.keeper(made(service), dialect, target)
    agree(READERS[name](rendered, place), facts(dialect.means(keeper, target)))
    (read,) = farmhand.read(*readings.config(rendered)).services
    assert replace(read, origin={}) == service


@needs.systemd()
def test_the_real_systemd_gives_a_process_what_its_unit_says(place: Path, tmp_path: Path) -> None:
    dialect, units = DIALECTS["systemd"], tmp_path / "units"
    units.mkdir()
    asked = {}
    for number, text in enumerate(TEXTS.values()):
        name, shown = f"h{number}", tmp_path / f"{number}"

        def named(service: Service, name: str = name, shown: Path = shown) -> Service:
            environment = {**service.environment, "SHOWN": str(shown)}
            return replace(service, name=name, user=None, group=None, environment=environment, restart="no")

        service, rendered, _ = written(lambda service: render(dialect, made(named(service)), Target()), text, place)
        (units / f"{name}.service").write_text(rendered.text)
        asked[name] = shown, facts(named(service))
    with sandbox.boot(units, tmp_path / "log") as booted:
        booted.systemctl("start", "--no-block", *(f"{name}.service" for name in asked))
        until(lambda: all(shown.exists() and shown.stat().st_size for shown, _ in asked.values()), "all to have run")
        for name, (shown, wanted) in asked.items():
            argv, environment, folder = json.loads(until(shown.read_text, "what was shown"))
            said = {key: text for key, text in environment.items() if key in wanted.environment}
            shows = booted.systemctl("show", "--property=Description", "--value", name).stdout.removesuffix("\n")
            agree(Reading(argv, said, folder, None, shows if wanted.description else ""), wanted)


# What supervisor/options.py makes of the files that one includes.
SUPERVISOR = """
import json, shlex, sys
sys.path.insert(0, sys.argv[1])
from supervisor.options import ServerOptions
options = ServerOptions()
options.realize(["-c", sys.argv[2]])
found = [one for group in options.process_group_configs for one in group.process_configs]
print(json.dumps({one.name: [shlex.split(one.command), one.environment, one.directory] for one in found}))
"""


@pytest.mark.skipif(not PACKAGES.exists(), reason="supervisord needs tests/support/managers/fetch to be run")
def test_the_real_supervisord_reads_what_was_written(place: Path, tmp_path: Path) -> None:
    dialect, asked = DIALECTS["supervisord"], {}
    for number, text in enumerate(TEXTS.values()):

        def write(service: Service, name: str = f"h{number}") -> Rendered:
            named = made(replace(service, name=name, user=None, group=None, standard_output="null"))
            return render(dialect, named, Target(), "native")

        service, rendered, _ = written(write, text, place)
        (tmp_path / f"{number}.conf").write_text(rendered.text)
        asked[f"h{number}"] = facts(replace(dialect.means(service, Target()), user=None))
    main = tmp_path / "supervisord"
    main.write_text(f"[supervisord]\n[include]\nfiles = {tmp_path}/*.conf\n")
    command = [sys.executable, "-c", SUPERVISOR, PACKAGES.parent, main]
    read = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert read.keys() == asked.keys()
    for name, (argv, environment, folder) in read.items():
        agree(Reading(argv, environment, folder), asked[name])


def test_every_dialect_can_be_read_back() -> None:
    assert readings.missing(DIALECTS) == []


@pytest.mark.parametrize("unit", ["worker@1", "a:b", "a\\x2db", "a.b", "A_b", "x" * 200])
@pytest.mark.parametrize("name", DIALECTS)
def test_files_are_where_they_belong_whatever_a_service_is_called(name: str, unit: str, place: Path) -> None:
    dialect = DIALECTS[name]

    def paths(service: Service) -> list[list[str]]:
        files = render(dialect, made(service), Target(), "native").files
        return [file.path.replace("\\", "/").split("/") for file in files]

    plain = service_with("plain", {"arguments"}, place)
    odd = replace(plain, name=unit)
    if refused := _refused(paths, odd):
        assert refused.startswith("its name")
        return
    assert {tuple(path[:3]) for path in paths(odd)} == {tuple(path[:3]) for path in paths(plain)}
    assert not any(part in (".", "..") for path in paths(odd) for part in path)


def test_there_are_thousands_of_them(place: Path) -> None:
    values = sum(len(fields_for(text, place)) for text in TEXTS.values())
    tried = values * (2 * len(VARIANTS) - 1)
    print(f"{values} hostile values in each of {len(VARIANTS)} kinds of definitions, natively or not: {tried}")
    assert tried > 10_000
