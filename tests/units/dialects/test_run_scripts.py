"""Scripts for runit, s6 and OpenRC: any shell gives the words and the environment that they were written for."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmhand.units.dialect import Target
from farmhand.units.dialects import openrc, runit, s6
from farmhand.units.errors import BadValue
from farmhand.units.meaning import losses
from farmhand.units.spec import INFINITY, Command, Folder, Limit, Service, StatusSet
from farmhand.units.variables import literal

TELL = ("/bin/sh", "-c", 'printf "%s\\0" "$@"; printf "\\0"; env -0', "sh")
HOSTILE = st.text(st.sampled_from("ab \t\n'\"\\$`%{}()[]*?;#&|<>~!=-ä€\x01\x7f") | st.characters(codec="utf-8"))
TEXTS = HOSTILE.filter(lambda text: "\0" not in text)
NAMES = st.from_regex(r"\A[A-Z][A-Z0-9_]{0,5}\Z").filter(
    lambda name: name not in ("PATH", "PWD", "OLDPWD", "SHLVL", "_")
)
TARGET = Target()
WORKER = Service(
    "worker",
    exec_start=(Command(("/bin/w",)),),
    restart="on-failure",
    restart_force_exit_status=StatusSet(frozenset({47})),
    restart_prevent_exit_status=StatusSet(frozenset({78})),
    start_limit_interval_sec=60.0,
    restart_sec=3.0,
)


def told(out: bytes) -> tuple[list[str], dict[str, str]]:
    words, _, env = out.decode().partition("\0\0")
    return words.split("\0"), dict(pair.split("=", 1) for pair in env.split("\0") if pair)


def asking(words: list[str], env: dict[str, str]) -> Service:
    return replace(WORKER, exec_start=(Command((*TELL, "first", *map(literal, words), "last")),), environment=env)


@pytest.mark.parametrize("dialect", [runit.DIALECT, s6.DIALECT], ids=lambda dialect: dialect.name)
@given(words=st.lists(TEXTS.filter(bool), max_size=3), env=st.dictionaries(NAMES, TEXTS, max_size=2))
def test_a_script_starts_what_was_asked_for(dialect, words: list[str], env: dict[str, str]) -> None:
    service = dialect.means(asking(words, env), TARGET)
    ran = subprocess.run(["sh"], input=dialect.write(service, TARGET).text.encode(), capture_output=True, check=True)
    given_words, given_env = told(ran.stdout)
    assert given_words == ["first", *words, "last"]
    assert env.items() <= given_env.items()


@given(words=st.lists(TEXTS.filter(bool), max_size=3), env=st.dictionaries(NAMES, TEXTS, max_size=2))
def test_openrc_evaluates_twice_and_it_is_still_the_same(words: list[str], env: dict[str, str]) -> None:
    text = openrc.write(openrc.means(asking(words, env), TARGET), TARGET).text
    ran = subprocess.run(["sh"], input=f"{text}\neval exec $command $command_args\n".encode(), capture_output=True)
    given_words, given_env = told(ran.stdout)
    assert given_words == ["first", *words, "last"]
    assert env.items() <= given_env.items()


def test_variables_are_the_environments() -> None:
    words = ("/bin/w", "${NAME}", "a${NAME}b", "$NAME", "$$x", "${NO NAME}")
    service = replace(WORKER, exec_start=(Command(words),), environment={"NAME": "x y"})
    line = runit.write(runit.means(service, TARGET), TARGET).text.splitlines()[-1]
    assert line == """exec /bin/w "${NAME}" a"${NAME}"b $NAME '$'x ''"""


@pytest.mark.parametrize("dialect", [runit.DIALECT, s6.DIALECT, openrc.DIALECT], ids=lambda dialect: dialect.name)
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("environment", {"A": "\0"}),
        ("environment", {"A-B": "x"}),
        ("exec_start", (Command(("/bin/w", "\0")),)),
        ("working_directory", Folder("/a\0b")),
        ("user", "a\0b"),
    ],
)
def test_what_no_script_can_hold_is_refused_by_name(dialect, field: str, value: object) -> None:
    names = {
        "environment": "Environment",
        "exec_start": "ExecStart",
        "working_directory": "WorkingDirectory",
        "user": "User",
    }
    service = dialect.means(replace(WORKER, **{field: value}), TARGET)
    with pytest.raises(BadValue, match=f"^.*{names[field]}: "):
        dialect.write(service, TARGET)


@pytest.mark.parametrize(
    ("dialect", "lost"),
    [
        (runit.DIALECT, {"StartLimitIntervalSec", "TimeoutStopSec", "KillMode", "SendSIGKILL"}),
        (s6.DIALECT, {"KillMode"}),
        (openrc.DIALECT, {"Restart", "RestartForceExitStatus", "RestartPreventExitStatus", "KillMode"}),
    ],
    ids=lambda each: getattr(each, "name", ""),
)
def test_what_each_cannot_do_is_told(dialect, lost: set[str]) -> None:
    assert {loss.key for loss in losses(WORKER, dialect.means(WORKER, TARGET), dialect.title)} == lost


def ends(dialect, service: Service, code: str, signal: str) -> int:
    """Run `finish` as if the service had ended so: 125 if it would stay down, else 0."""
    files = {Path(file.path).name: file.text for file in dialect.write(dialect.means(service, TARGET), TARGET).files}
    told = "sv() { exit 125; }\nsleep() { :; }\ns6-permafailon() { :; }\ns6_svstat() { echo true; }\n"
    script = (
        files["finish"]
        .replace("exec ", "")
        .replace("s6-svstat", "s6_svstat")
        .replace("s6-permafailon", "s6_permafailon")
    )
    told = told.replace("s6-permafailon", "s6_permafailon")
    return subprocess.run(["bash", "-c", told + script, "finish", code, signal], capture_output=True).returncode


@pytest.mark.parametrize(("dialect", "by_signal"), [(runit.DIALECT, "-1"), (s6.DIALECT, "256")])
@pytest.mark.parametrize(
    ("code", "signal", "down"),
    [("0", "0", True), ("1", "0", False), ("47", "0", False), ("78", "0", True), ("", "15", True), ("", "9", False)],
)
def test_how_it_ended_decides(dialect, by_signal: str, code: str, signal: str, down: bool) -> None:
    assert (ends(dialect, WORKER, code or by_signal, signal) == 125) is down
    assert (
        ends(dialect, replace(WORKER, restart="no", restart_force_exit_status=StatusSet()), code or by_signal, signal)
        == 125
    )
    everything = replace(WORKER, restart="always", restart_prevent_exit_status=StatusSet())
    assert ends(dialect, everything, code or by_signal, signal) != 125


def test_settings_of_s6_say_how_it_is_stopped() -> None:
    service = s6.means(replace(WORKER, kill_signal="SIGINT", timeout_stop_sec=1.5), TARGET)
    files = {Path(file.path).name: file.text for file in s6.write(service, TARGET).files}
    assert (files["timeout-kill"], files["down-signal"], files["timeout-finish"]) == ("1500\n", "SIGINT\n", "8000\n")
    endless = s6.means(replace(WORKER, timeout_stop_sec=INFINITY), TARGET)
    assert {Path(file.path).name: file.text for file in s6.write(endless, TARGET).files}["timeout-kill"] == "0\n"


def test_limits_are_in_the_shells_own_units() -> None:
    limits = {"NOFILE": Limit(10, 20), "CORE": Limit(0, None), "MEMLOCK": Limit(4096, 4096), "NPROC": Limit(1, 1)}
    service = runit.means(replace(WORKER, limits=limits), TARGET)
    lines = [line for line in runit.write(service, TARGET).text.splitlines() if line.startswith("ulimit")]
    assert lines == ["ulimit -n 20", "ulimit -S -n 10", "ulimit -c unlimited", "ulimit -S -c 0", "ulimit -l 4"]


def test_a_users_own_services_are_below_his_home() -> None:
    user = Target(scope="user")
    for dialect in (runit.DIALECT, s6.DIALECT, openrc.DIALECT):
        service = dialect.means(replace(WORKER, user="somebody"), user)
        rendered = dialect.write(service, user)
        assert (rendered.path.startswith("~/.config/"), service.user) == (True, None)
