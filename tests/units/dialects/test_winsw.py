"""WinSW's XML: what is written is what was meant, and what is read is told or taken."""

import re
from contextlib import suppress
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hostile import TEXTS, outcome
from hypothesis import given

from farmhand.units import definition, windows_service
from farmhand.units.compare import answers
from farmhand.units.dialect import Target
from farmhand.units.dialects import winsw, winsw_reader
from farmhand.units.errors import BadConfig, BadValue
from farmhand.units.meaning import losses
from farmhand.units.render import best_way, render
from farmhand.units.spec import INFINITY, Command, Folder, Service, StatusSet
from farmhand.units.variables import literal

V3, V2 = Target(variant="v3"), Target(variant="v2")
WORKER = Service(
    "worker",
    description="Renders",
    exec_start=(Command(("C:\\Program Files\\w.exe", "--name", "a b")),),
    restart="on-failure",
    restart_sec=3.0,
    restart_force_exit_status=StatusSet(frozenset({47})),
    success_exit_status=StatusSet(frozenset({47})),
    restart_prevent_exit_status=StatusSet(frozenset({78})),
    timeout_stop_sec=30.0,
    wanted_by=("multi-user.target",),
)


def written(service: Service, target: Target = V3) -> ElementTree.Element:
    return ElementTree.fromstring(winsw.write(winsw.means(service, target), target).text)


def flat(service: Service, target: Target = V3) -> dict[str, str | None]:
    return {element.tag: element.text for element in written(service, target).iter()}


def read(body: str) -> Service:
    (service,) = winsw_reader.read("x.xml", f"<service>\n<id>x</id>\n{body}\n</service>").services
    return service


def test_a_worker_is_started_again_after_failures() -> None:
    assert ElementTree.tostring(written(WORKER), encoding="unicode").split("\n") == [
        "<service>",
        "  <id>worker</id>",
        "  <name>worker</name>",
        "  <description>Renders</description>",
        "  <executable>C:\\Program Files\\w.exe</executable>",
        '  <arguments>--name "a b"</arguments>',
        "  <stoptimeout>30 sec</stoptimeout>",
        '  <onfailure action="restart" delay="3 sec" />',
        "  <logpath>%ProgramData%\\Farmhand\\log</logpath>",
        '  <log mode="roll-by-size" />',
        "</service>",
    ]


def test_what_winsw_cannot_do_is_told() -> None:
    lost = {loss.key for loss in losses(WORKER, winsw.means(WORKER, V3), "WinSW")}
    restarts = {"RestartPreventExitStatus", "RestartForceExitStatus", "SuccessExitStatus"}
    assert lost == {"StartLimitIntervalSec", *restarts}
    assert {loss.key for loss in losses(WORKER, winsw.means(WORKER, V2), "WinSW")} == {*lost, "KillMode"}
    (told,) = winsw.write(winsw.means(WORKER, V3), V3).losses
    assert str(told) == "KillMode: WinSW does not find a process whose own parent has ended"


@pytest.mark.parametrize(
    ("event", "words"),
    [("exit 0", "down"), ("exit 47", "again, 3s"), ("exit 78", "again, 3s"), ("hang at stop", "failed, 30s")],
)
def test_what_happens_is_foreseen(event: str, words: str) -> None:
    assert answers(winsw.means(WORKER, V3))[event].words == words


def test_a_program_that_ended_well_is_never_started_again() -> None:
    for policy in ("always", "on-success"):
        meant = winsw.means(replace(WORKER, restart=policy), V3)
        assert answers(meant)["exit 0"].words == "down"
    assert "onfailure" not in flat(replace(WORKER, restart="no"))


def test_a_limit_for_ever_is_the_longest_that_there_is() -> None:
    assert flat(replace(WORKER, timeout_stop_sec=INFINITY))["stoptimeout"] == "2147483 sec"
    assert flat(replace(WORKER, timeout_stop_sec=0.25))["stoptimeout"] == "250 ms"


@pytest.mark.parametrize(
    ("user", "target", "parts"),
    [
        ("localservice", V3, {"username": "NT AUTHORITY\\LocalService"}),
        ("localservice", V2, {"domain": "NT AUTHORITY", "user": "LocalService"}),
        ("FARM\\render", V3, {"username": "FARM\\render", "allowservicelogon": "true", "prompt": "console"}),
        ("FARM\\render", V2, {"domain": "FARM", "user": "render", "allowservicelogon": "true"}),
        ("FARM\\g$", V3, {"username": "FARM\\g$", "allowservicelogon": "true"}),
    ],
)
def test_an_account_is_named_without_a_password(user: str, target: Target, parts: dict[str, str]) -> None:
    account = written(replace(WORKER, user=user), target).find("serviceaccount")
    assert account is not None
    assert {part.tag: part.text for part in account} == parts


def test_version_2_is_told_to_need_a_password_in_the_file() -> None:
    service = replace(WORKER, user="FARM\\render")
    assert [loss.key for loss in winsw.write(winsw.means(service, V2), V2).losses] == ["User"]


def test_supervised_it_keeps_farmhand_alive() -> None:
    made = definition.made(WORKER)
    assert best_way(winsw.DIALECT, made, V3) == "supervised"
    rendered = render(winsw.DIALECT, made, replace(V3, farmhand="C:\\f\\farmhand.exe"))
    found = {element.tag: element.text for element in ElementTree.fromstring(rendered.text)}
    assert found["executable"] == "C:\\f\\farmhand.exe"
    assert found["arguments"] == f'run "{rendered.beside[0].path}"'
    assert found["stoptimeout"] == "40 sec"


def test_it_is_read_back_as_it_was_meant() -> None:
    service = replace(
        WORKER,
        exec_start=(Command(("C:\\w.exe", "$$HOME", "100%", 'a "b" \\', "")),),
        environment={"A": "1 2", "B": "\n"},
        working_directory=Folder("C:\\a b"),
        nice=15,
        requires=("W32Time",),
        after=("W32Time",),
        user="LocalService",
        standard_output="null",
        standard_error="null",
    )
    meant = winsw.means(service, V3)
    rendered = winsw.write(meant, V3)
    found = winsw_reader.read(rendered.path, rendered.text)
    assert found.notices == ()
    none = StatusSet()
    expected = replace(meant, user="NT AUTHORITY\\LocalService", restart_force_exit_status=none)
    assert found.services == (expected,)


EXE = "<executable>a.exe</executable>"
SAID = [
    ("<name>An X</name>", "description", "An X"),
    (
        "<arguments>-a  'b c' \"d e\"\n -f</arguments>",
        "exec_start",
        (Command(("a.exe", "-a", "'b", "c'", "d e", "-f")),),
    ),
    ('<argument>a b</argument><argument>"c d"</argument>', "exec_start", (Command(("a.exe", "a b", "c d")),)),
    ("<startargument>$x</startargument>", "exec_start", (Command(("a.exe", "$$x")),)),
    ("<stopargument>s</stopargument>", "exec_stop", (Command(("a.exe", "s")),)),
    ("<stopexecutable>b.exe</stopexecutable>", "exec_stop", (Command(("b.exe",)),)),
    ("<prestart><executable>p</executable></prestart>", "exec_start_pre", (Command(("p",), ignore_failure=True),)),
    ("", "timeout_stop_sec", 15.0),
    ("<stoptimeout>2 mins</stoptimeout>", "timeout_stop_sec", 120.0),
    ("<stoptimeout>1500</stoptimeout>", "timeout_stop_sec", 1.5),
    ("", "restart", "no"),
    ('<onfailure action="restart" delay="10 sec"/>', "restart_sec", 10.0),
    ('<onfailure action="restart"/>', "start_limit_interval_sec", 0.0),
    ('<onfailure action="restart"/><onfailure action="none"/>', "start_limit_burst", 2),
    ('<onfailure action="restart"/><onfailure action="none"/>', "start_limit_interval_sec", 86400.0),
    ('<onfailure action="none"/>', "restart", "no"),
    ("<startmode>Manual</startmode>", "wanted_by", ()),
    ("", "wanted_by", ("multi-user.target",)),
    ("<depend>a</depend><depend>b</depend>", "requires", ("a", "b")),
    ("<logmode>none</logmode>", "standard_output", "null"),
    ("<serviceaccount><domain>D</domain><user>u</user></serviceaccount>", "user", "D\\u"),
    ("<serviceaccount><username>LocalSystem</username></serviceaccount>", "user", None),
    ("<priority>BelowNormal</priority>", "nice", 1),
]


@pytest.mark.parametrize(("body", "field", "value"), SAID)
def test_it_is_read_in_the_words_of_systemd(body: str, field: str, value: object) -> None:
    assert getattr(read(f"{EXE}{body}"), field) == value


TOLD = [
    ('<download from="a" to="b"/>', "download"),
    ("<delayedAutoStart/>", "delayedAutoStart"),
    ("<onfialure/>", "onfialure"),
    ('<onfailure action="restart"/><onfailure action="reboot"/>', "onfailure"),
    ('<onfailure action="restart"/><onfailure action="restart" delay="1 min"/>', "onfailure"),
    ("<serviceaccount><username>u</username><password>p</password></serviceaccount>", "serviceaccount"),
    ("<workingdirectory>%BASE%</workingdirectory>", "workingdirectory"),
    ("<arguments>%BASE%\\x</arguments>", "arguments"),
    ('<log mode="roll-by-time"/>', "log"),
    ('<env name="=" value=""/>', "env"),
]


@pytest.mark.parametrize(("body", "key"), TOLD)
def test_what_is_not_said_elsewhere_is_told_with_its_line(body: str, key: str) -> None:
    (notice,) = winsw_reader.read("x.xml", f"<service>\n<id>x</id>\n{EXE}{body}</service>").notices
    assert (notice.line, notice.key) == (3, key)


def test_a_password_is_never_repeated() -> None:
    body = "<serviceaccount><username>u</username><password>hunter2</password></serviceaccount>"
    assert "hunter2" not in repr(winsw_reader.read("x.xml", f"<service><id>x</id>{EXE}{body}</service>"))


WRONG = [
    ("", "executable: it is missing"),
    (f"{EXE}<env name='A'/>", ":3: env: it has no name or no value"),
    (f"{EXE}<stoptimeout>soon</stoptimeout>", ':3: stoptimeout: "soon" is not a time span'),
    (f"{EXE}<priority>top</priority>", "priority: "),
    (f"{EXE}<onfailure/>", "onfailure: "),
    (f"{EXE}<prestart/>", "prestart: "),
    (f"{EXE}<x>", "it is not XML"),
    ("<x/>" * 3 + "<x>" * 200, "nested too deeply"),
]


@pytest.mark.parametrize(("body", "problem"), WRONG)
def test_what_is_wrong_is_refused_with_its_line(body: str, problem: str) -> None:
    with pytest.raises(BadConfig, match=problem):
        read(body)


def test_entities_of_its_own_are_refused() -> None:
    """They could become any amount of text."""
    with pytest.raises(BadConfig, match="it defines an entity"):
        winsw_reader.read("x.xml", f'<!DOCTYPE x [<!ENTITY a "b">]><service><id>x</id>{EXE}</service>')


@pytest.mark.parametrize("name", ["a/b", "a\\b", "a:b", "a*", 'a"', "a.", "a\n"])
def test_a_name_that_no_file_of_windows_can_have_is_refused(name: str) -> None:
    with pytest.raises(BadValue, match="name"):
        written(replace(WORKER, name=name))


@given(TEXTS)
def test_any_text_at_all_is_a_service_or_refused(text: str) -> None:
    for whole in (text, f"<service><id>x</id>{text}{EXE}</service>"):
        with suppress(BadConfig):
            winsw_reader.read("x.xml", whole)


PLACES = {
    "ExecStart": lambda text: {"exec_start": (Command(("w.exe", literal(text), "end")),)},
    "Environment": lambda text: {"environment": {"X": text}},
    "WorkingDirectory": lambda text: {"working_directory": Folder(f"C:\\{text}")},
    "User": lambda text: {"user": f"x{text}"},
    "Requires": lambda text: {"requires": (f"x{text}",), "after": (f"x{text}",)},
    "name": lambda text: {"name": f"x{text}"},
}


def found(root: ElementTree.Element, place: str) -> str:
    """Read a value as WinSW does, which changes some in these elements."""
    changed = [each.text or "" for name in ("executable", "arguments", "workingdirectory") for each in root.iter(name)]
    values = [each.attrib["value"] for each in root.iter("env")]
    assert not [text for text in changed if re.search(r"[\n\r]", text)]
    assert not [text for text in changed + values if re.search("%[^%=]+%", text)]
    if place == "ExecStart":
        program, text, end = ["w.exe", *windows_service.words(root.findtext("arguments") or "")]
        assert (program, end) == ("w.exe", "end")
        return text
    if place == "Environment":
        return next(each.attrib["value"] for each in root.findall("env"))
    names = {"WorkingDirectory": "workingdirectory", "User": "serviceaccount/username", "name": "id"}
    return (root.findtext(names.get(place, "depend")) or "").removeprefix("C:\\" if place[0] == "W" else "x")


@pytest.mark.parametrize("place", PLACES)
@given(text=TEXTS)
def test_every_value_survives_or_is_refused_with_its_name(place: str, text: str) -> None:
    root, refused = outcome(written, replace(WORKER, **PLACES[place](text)))
    assert place in refused if refused else found(root, place) == text


@given(text=TEXTS)
def test_a_description_breaks_nothing(text: str) -> None:
    with suppress(BadValue):
        assert flat(replace(WORKER, description=text, documentation=(text,))).keys() == flat(WORKER).keys()
