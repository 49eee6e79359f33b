"""Our YAML: what it says, and what it refuses with line, key and a way to mend it."""

from pathlib import Path

import pytest

from farmhand.units.dialects import farmhand
from farmhand.units.errors import BadConfig
from farmhand.units.grammar import status_set
from farmhand.units.spec import Command, Folder, Service

ROOT = Path(__file__).parents[3]


def one(*lines: str) -> Service:
    """Read a service that has these lines beside its command."""
    text = "services:\n  x:\n    ExecStart: /bin/x\n" + "".join(f"    {line}\n" for line in lines)
    (service,) = farmhand.read("farm.yaml", text).services
    return service


VALUES = [
    ("Restart: no", "restart", "no"),
    ("SendSIGKILL: no", "send_sigkill", False),
    ("UMask: 0027", "umask", 0o27),
    ("RestartSec: 1.5", "restart_sec", 1.5),
    ("RestartSec: 1min 30s", "restart_sec", 90.0),
    ("RestartForceExitStatus: 47", "restart_force_exit_status", status_set([47])),
    ("SuccessExitStatus: [47, TEMPFAIL, INT]", "success_exit_status", status_set([47, 75, "SIGINT"])),
    ("SuccessExitStatus: 47 SIGKILL", "success_exit_status", status_set([47, "SIGKILL"])),
    ("After: manager", "after", ("manager",)),
    ("After: [manager.service, network.target]", "after", ("manager", "network.target")),
    ("Environment: {A: 1, B: two words, C: ''}", "environment", {"A": "1", "B": "two words", "C": ""}),
    ("Environment: {D: 100%, E: '%n', F: $A}", "environment", {"D": "100%", "E": "x.service", "F": "$A"}),
    ("Environment: {A: ' x ', B: \"two\\nlines\"}", "environment", {"A": " x ", "B": "two\nlines"}),
    ("Environment: A=1 B=2", "environment", {"A": "1", "B": "2"}),
    ("Environment: [A=1, '\"B=two words\"']", "environment", {"A": "1", "B": "two words"}),
    ("WorkingDirectory: ~", "working_directory", Folder("~")),
    ("ExecStop: [/bin/a 1, /bin/b]", "exec_stop", (Command(("/bin/a", "1")), Command(("/bin/b",)))),
    ("TimeoutSec: 5", "timeout_stop_sec", 5.0),
    ("Description: '%p: 100%'", "description", "x: 100%"),
    ("X-Mine: anything", "description", ""),
]  # fmt: skip


@pytest.mark.parametrize(("line", "field", "value"), VALUES)
def test_values(line: str, field: str, value: object) -> None:
    assert getattr(one(line), field) == value


def test_a_template_gives_one_service_for_each_instance() -> None:
    text = "services:\n  w@:\n    instances: [1, b]\n    ExecStart: /bin/x --name node-%i\n"
    assert farmhand.read("farm.yaml", text).services == (
        Service("w@1", exec_start=(Command(("/bin/x", "--name", "node-1")),)),
        Service("w@b", exec_start=(Command(("/bin/x", "--name", "node-b")),)),
    )


def test_a_folded_command_is_one_command() -> None:
    text = "services:\n  x:\n    ExecStart: >-\n      /bin/x --a\n      ${B}\n"
    assert farmhand.read("farm.yaml", text).services[0].exec_start == (Command(("/bin/x", "--a", "${B}")),)


def test_anchors_and_aliases_work() -> None:
    text = "services:\n  x: &x\n    ExecStart: /bin/x\n  y: *x\n"
    assert [service.name for service in farmhand.read("farm.yaml", text).services] == ["x", "y"]


def test_what_only_systemd_acts_on_is_kept() -> None:
    (kept,) = one("ProtectSystem: strict").kept
    assert (kept.section, kept.key, kept.value, kept.path, kept.line) == (
        "Service",
        "ProtectSystem",
        "strict",
        "farm.yaml",
        4,
    )


def test_origin_says_where_each_directive_stands() -> None:
    assert one("Nice: 5").origin == {"ExecStart": "farm.yaml:3", "Nice": "farm.yaml:4"}


def test_the_supervisors_settings() -> None:
    block = 'supervisor:\n  DefaultEnvironment: {PORT: 8080, DATA: "%S/f"}\n  LogDirectory: ${DATA}/log\n'
    text = f"{block}services: {{x: {{ExecStart: /bin/x}}}}\n"
    assert farmhand.read("farm.yaml", text, {"S": "/srv"}).settings == farmhand.Settings(
        {"PORT": "8080", "DATA": "/srv/f"}, "${DATA}/log"
    )


def test_elsewhere_the_shared_environment_is_each_services_own() -> None:
    block = "supervisor: {DefaultEnvironment: {A: 1, B: 2}, LogDirectory: /l}\n"
    text = f"{block}services: {{x: {{ExecStart: x, Environment: {{B: 3}}}}}}\n"
    (service,), losses = farmhand.for_elsewhere(farmhand.read("farm.yaml", text))
    assert service.environment == {"A": "1", "B": "3"}
    assert [loss.key for loss in losses] == ["LogDirectory", "x"]


REFUSED = [
    ("Restart: sometimes", '4: Restart: "sometimes" is none of no, always'),
    ("Restart: on-failur", 'did you mean "on-failure"?'),
    ("Restart: [no, always]", "4: Restart: it takes one value, not a list"),
    ("RestartSec: 5 sconds", '4: RestartSec: "5 sconds" is not a time span; write it as "5s"'),
    ("Nice: 20", '4: Nice: "20" is not a whole number from -20 to 19'),
    ("Nise: 5", '4: Nise: it is not a directive; did you mean "Nice"?'),
    ("restart: no", 'did you mean "Restart"?'),
    ("Restart: no\n    Restart: always", "5: Restart: it is given twice"),
    ("Restart:", "4: Restart: it has no value"),
    ("Restart: {a: b}", "4: Restart: it must be a single value"),
    ("Restart: !!binary aGk=", "4: Restart: it must be a single value"),
    ("SuccessExitStatus: 40-50", 'SuccessExitStatus: "40-50" is neither an exit code nor a signal'),
    ("SuccessExitStatus: [1, [2]]", "must be a single value"),
    ("Environment: {A-B: x}", '4: Environment: "A-B" is not the name of a variable'),
    ("Environment: {A: x, A: y}", "4: A: it is given twice"),
    ("Environment: NOPE", '"NOPE" is not NAME=value'),
    ("ExecStop: ./x", "4: ExecStop: the program"),
    ("ExecStop: /bin/x \\q", '"\\q" is not an escape'),
    ("ExecStop: /bin/x %z", '"%z" is not a specifier'),
    ("WorkingDirectory: here", '"here" is not an absolute path'),
    ("After: a/b", '"a/b" is not the name of a unit'),
    ("instances: [1]", '4: instances: "x" is not a template; call it "x@"'),
    ("ExecStop: [/bin/a, /bin/b]\n    Type: dbus", '5: Type: "dbus" needs a message bus'),
    ('ExecStop: "/bin/x \\0"', "4: ExecStop: it holds '\\x00', which no program can be given; take it out"),
    ('Environment: "A=\\ud800"', "4: Environment: it holds '\\ud800', which no program can be given"),
    ("Type: oneshot\n    Restart: always", '5: Restart: "always" does not go with Type=oneshot'),
]


@pytest.mark.parametrize(("lines", "message"), REFUSED)
def test_refused(lines: str, message: str) -> None:
    with pytest.raises(BadConfig) as caught:
        one(lines)
    assert str(caught.value).startswith("farm.yaml:")
    assert message in str(caught.value)


SOUND = "services: {x: {ExecStart: /x}}\n"

FILES = [
    ("", "farm.yaml: it is empty"),
    ("- a\n", "farm.yaml:1: it must be a mapping"),
    ("service:\n  x: {}\n", '1: service: it is not known here; did you mean "services"?'),
    ("supervisor: {}\n", "services: it is missing"),
    ("services: [a]\n", "1: services: it must be a mapping"),
    ("services:\n  x: {ExecStart: /x\n", "it is not YAML"),
    ("services: {x: {ExecStart: /x}}\n---\na: b\n", "it is not YAML"),
    ("services:\n  x: {ExecStart: /x}\n# \0\n", "farm.yaml:3: it holds a character that YAML forbids"),
    ("services:\n  x: {}\n", "farm.yaml:2: ExecStart: it is missing"),
    (
        'services:\n  x: {ExecStart: /x, SourcePath: "a\\nb"}\n',
        "farm.yaml:2: SourcePath: 'a\\nb' cannot be written on one line",
    ),
    ("services:\n  x@: {ExecStart: /x}\n", "x@: a template needs its instances"),
    ("services:\n  x@: {ExecStart: /x, instances: [1, 1]}\n", 'the service "x@1" is there already'),
    ("services:\n  x@: {ExecStart: /x, instances: [a b]}\n", "x@a b: it is not a name for a service"),
    ("services:\n  x@: {ExecStart: /x, instances: 3}\n", "instances: it must be a list; write [1, 2, 3] for three"),
    ("services: " + "[" * 5000 + "]" * 5000, "farm.yaml: it is nested too deeply"),
    ("services:\n  x.service: {ExecStart: /x}\n  x: {ExecStart: /x}\n", 'the service "x" is there already'),
    ("services:\n  a/b: {ExecStart: /x}\n", "a/b: it is not a name for a service"),
    (f"{SOUND}supervisor: {{LogDir: /x}}\n", '2: LogDir: it is not known under supervisor; did you mean'),
    (f"{SOUND}supervisor: {{DefaultEnvironment: {{A B: x}}}}\n", '"A B" is not the name of a variable'),
    (f"{SOUND}supervisor: {{DefaultStandardOutput: nul}}\n", 'DefaultStandardOutput: "nul" is none of'),
    (f'{SOUND}supervisor: {{LogDirectory: "%z"}}\n', '2: LogDirectory: "%z" is not a specifier'),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), FILES)
def test_refused_files(text: str, message: str) -> None:
    with pytest.raises(BadConfig) as caught:
        farmhand.read("farm.yaml", text)
    assert message in str(caught.value)


def test_the_farm_that_comes_with_us_reads() -> None:
    path = ROOT / "config/farm.yaml"
    farm = farmhand.read(str(path), path.read_text(encoding="utf-8"))
    assert {service.name for service in farm.services} == {"manager", "worker@1", "worker@2", "worker@3", "agent"}


def test_streams_of_services_that_do_not_say_have_a_default() -> None:
    block = "supervisor: {DefaultStandardOutput: 'append:/%p/log', DefaultStandardError: null}\n"
    settings = farmhand.read("farm.yaml", SOUND + block.replace("%p", "%S")).settings
    assert (settings.default_standard_output, settings.default_standard_error) == ("append:/var/lib/log", "null")
    assert farmhand.read("farm.yaml", SOUND).settings.default_standard_output is None


def test_what_becomes_of_leftovers_is_one_of_two_words():
    plain = "services: {x: {ExecStart: /bin/true}}\n"
    assert farmhand.read("f.yaml", plain).settings.leftovers is None
    assert farmhand.read("f.yaml", f"supervisor: {{Leftovers: stop}}\n{plain}").settings.leftovers == "stop"
    with pytest.raises(BadConfig, match=r'f\.yaml:1: .*Leftovers: "kill" is none of adopt, stop'):
        farmhand.read("f.yaml", f"supervisor: {{Leftovers: kill}}\n{plain}")


def test_what_systemd_calls_obsolete_is_refused_with_what_is_written_now():
    with pytest.raises(BadConfig, match='StandardOutput: "syslog" is obsolete; write "journal"'):
        farmhand.read("f.yaml", "services: {a: {ExecStart: /bin/true, StandardOutput: syslog}}\n")
