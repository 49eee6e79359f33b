"""launchd's property lists: what is written is what was meant, and what is read is told or taken."""

import plistlib
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hostile import TEXTS, outcome
from hypothesis import given

from farmhand.units import definition
from farmhand.units.compare import answers
from farmhand.units.dialect import Found, Target
from farmhand.units.dialects import launchd, launchd_reader
from farmhand.units.errors import BadConfig
from farmhand.units.meaning import losses
from farmhand.units.render import best_way, render
from farmhand.units.spec import INFINITY, Command, Folder, Limit, Service, StatusSet
from farmhand.units.variables import literal

WORKER = Service(
    "worker",
    description="Renders",
    exec_start=(Command(("/opt/w", "--name", "a b")),),
    restart="on-failure",
    restart_sec=3.0,
    restart_force_exit_status=StatusSet(frozenset({47})),
    success_exit_status=StatusSet(frozenset({47})),
    restart_prevent_exit_status=StatusSet(frozenset({78})),
    timeout_stop_sec=30.0,
    user="render",
    wanted_by=("multi-user.target",),
)
DAEMON, AGENT = Target(), Target(variant="agent")


def written(service: Service, target: Target = DAEMON) -> dict[str, Any]:
    return plistlib.loads(launchd.write(launchd.means(service, target), target).text.encode())


def read(job: dict[str, Any]) -> Found:
    return launchd_reader.read("/x/a.plist", plistlib.dumps(job, sort_keys=False).decode())


def test_a_worker_is_a_daemon_that_is_started_again_after_failures() -> None:
    assert written(WORKER) == {
        "Label": "worker",
        "ProgramArguments": ["/opt/w", "--name", "a b"],
        "UserName": "render",
        "EnvironmentVariables": {"PATH": launchd.job.PATH},
        "WorkingDirectory": "/",
        "Umask": 0o22,
        "StandardOutPath": "/Library/Logs/worker.log",
        "StandardErrorPath": "/Library/Logs/worker.log",
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": 10,
        "ExitTimeOut": 30,
        "ProcessType": "Interactive",
    }


def test_what_launchd_cannot_do_is_told() -> None:
    lost = {str(loss) for loss in losses(WORKER, launchd.means(WORKER, DAEMON), "launchd")}
    assert lost == {
        "StartLimitIntervalSec: launchd does as with StartLimitIntervalSec=0",
        "RestartSec: launchd does as with RestartSec=10s",
        "SuccessExitStatus: launchd has nothing like it",
        "RestartPreventExitStatus: launchd has nothing like it",
        "RestartForceExitStatus: launchd does as with RestartForceExitStatus=SIGHUP SIGINT SIGPIPE SIGTERM",
        "KillMode: launchd does as with KillMode=process",
    }


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ("exit 0", "down"),
        ("exit 78", "again, 10s"),
        ("SIGTERM", "again, 10s"),
        ("hang at stop", "failed, 30s"),
        ("six crashes", "again, 1min"),
        ("requested stop", "down"),
    ],
)
def test_what_happens_is_foreseen(event: str, words: str) -> None:
    assert answers(launchd.means(WORKER, DAEMON))[event].words == words


@pytest.mark.parametrize(
    ("policy", "keep_alive"),
    [
        ("no", False),
        ("always", True),
        ("on-failure", {"SuccessfulExit": False}),
        ("on-success", {"SuccessfulExit": True}),
        ("on-abnormal", {"Crashed": True}),
        ("on-abort", {"Crashed": True}),
        ("on-watchdog", False),
    ],
)
def test_a_policy_is_one_condition(policy: Any, keep_alive: object) -> None:
    assert written(replace(WORKER, restart=policy))["KeepAlive"] == keep_alive


def test_an_agent_is_its_users_and_has_no_log() -> None:
    rendered = launchd.write(launchd.means(WORKER, AGENT), AGENT)
    assert rendered.path == "~/Library/LaunchAgents/worker.plist"
    assert [loss.key for loss in rendered.losses] == ["StandardOutput"]
    assert not {"UserName", "StandardOutPath", "StandardErrorPath"} & written(WORKER, AGENT).keys()
    named = replace(WORKER, standard_output="append:/x.log")
    assert launchd.write(launchd.means(named, AGENT), AGENT).losses == ()


def test_those_who_belong_to_a_service_are_left_alone_if_it_says_so() -> None:
    assert "AbandonProcessGroup" not in written(WORKER)
    assert written(replace(WORKER, kill_mode="process"))["AbandonProcessGroup"] is True


def test_a_service_without_a_limit_has_as_long_as_it_takes() -> None:
    assert written(replace(WORKER, timeout_stop_sec=INFINITY))["ExitTimeOut"] == 0
    assert written(replace(WORKER, send_sigkill=False))["ExitTimeOut"] == 0


def test_supervised_it_keeps_farmhand_alive() -> None:
    made = definition.made(WORKER)
    assert best_way(launchd.DIALECT, made, DAEMON) == "supervised"
    rendered = render(launchd.DIALECT, made, DAEMON)
    job = plistlib.loads(rendered.text.encode())
    assert job["ProgramArguments"][:2] == ["/usr/local/bin/farmhand", "run"]
    assert job["ProgramArguments"][-1] == rendered.beside[0].path == "/usr/local/etc/farmhand/worker.yaml"
    assert (job["KeepAlive"], job["ExitTimeOut"]) == (True, 40)


def test_it_is_read_back_as_it_was_meant() -> None:
    service = replace(
        WORKER,
        exec_start=(Command(("/opt/w", "$$HOME", "100%"), argv0="worker"),),
        environment={"PATH": "/bin", "A": "1 2"},
        working_directory=Folder("/srv/a b"),
        group="render",
        nice=5,
        umask=0o77,
        io_scheduling_class="idle",
        limits={"NOFILE": Limit(10, 20), "CORE": Limit(0, 0)},
        standard_input="file:/in",
        standard_output="append:/out",
        standard_error="null",
        kill_mode="process",
    )
    meant = launchd.means(service, DAEMON)
    rendered = launchd.write(meant, DAEMON)
    found = launchd_reader.read(rendered.path, rendered.text)
    assert found.notices == ()
    assert found.services == (replace(meant, description="", kept=(), standard_error="inherit"),)


KEEPS = [
    (True, "always"),
    (False, "no"),
    ({"SuccessfulExit": False}, "on-failure"),
    ({"SuccessfulExit": False, "Crashed": True}, "on-failure"),
    ({"SuccessfulExit": False, "Crashed": False}, "always"),
    ({"SuccessfulExit": True, "Crashed": True}, "on-success"),
    ({"Crashed": True}, "on-abnormal"),
]


@pytest.mark.parametrize(("keep_alive", "policy"), KEEPS)
def test_conditions_are_read_as_the_policy_that_they_come_to(keep_alive: object, policy: str) -> None:
    (service,) = read({"Label": "a", "Program": "/bin/a", "KeepAlive": keep_alive}).services
    assert service.restart == policy


@pytest.mark.parametrize("successful", [None, True, False])
@pytest.mark.parametrize("crashed", [None, True, False])
@pytest.mark.parametrize("ending", ["exit 0", "exit 1", "SIGTERM", "SIGKILL", "SIGABRT"])
def test_any_condition_that_holds_starts_it_again(successful: bool | None, crashed: bool | None, ending: str) -> None:
    said = {"SuccessfulExit": successful, "Crashed": crashed}
    conditions = {name: value for name, value in said.items() if value is not None}
    (service,) = read({"Label": "a", "Program": "/bin/a", "KeepAlive": conditions or False}).services
    held = {"SuccessfulExit": ending == "exit 0", "Crashed": ending == "SIGABRT"}
    assert answers(service)[ending].up is any(held[name] is value for name, value in conditions.items())


def test_keys_that_say_nothing_elsewhere_are_told_with_their_lines() -> None:
    job = {"Label": "a", "Program": "/bin/a", "KeepAlive": {"NetworkState": True}, "StartInterval": 5, "KeepAlve": 1}
    told = [(notice.line, notice.key) for notice in read(job).notices]
    assert told == [(9, "KeepAlive"), (14, "StartInterval"), (16, "KeepAlve")]
    assert read(job).notices[-1].hint == 'did you mean "KeepAlive"?'


def test_no_seconds_to_exit_are_as_many_as_it_takes() -> None:
    (service,) = read({"Label": "a", "Program": "/bin/a", "ExitTimeOut": 0}).services
    assert service.timeout_stop_sec == INFINITY


def test_a_job_that_nothing_starts_is_told() -> None:
    (notice,) = read({"Label": "a", "Program": "/bin/a"}).notices
    assert notice.problem == "nothing starts it by itself"


@pytest.mark.parametrize(
    ("job", "problem"),
    [
        ({"Label": "a"}, "ProgramArguments: it is missing"),
        ({"Program": "/bin/a"}, "cannot be the name"),
        ({"Label": "a/b", "Program": "/bin/a"}, "cannot be the name"),
        ({"Label": "a", "Program": 5}, ":7: Program: 5 is of another kind"),
        ({"Label": "a", "ProgramArguments": ["/bin/a", 5]}, ":7: ProgramArguments: .* else than strings"),
        ({"Label": "a", "Program": "/bin/a", "Nice": True}, ":9: Nice: True is of another kind"),
        ({"Label": "a", "Program": "/bin/a", "Nice": 99}, ":9: Nice: "),
        ({"Label": "a", "Program": "/bin/a", "KeepAlive": {"Crashed": "x"}}, ":9: KeepAlive: "),
        ({"Label": "a", "Program": "/bin/a", "WorkingDirectory": "x"}, ":9: WorkingDirectory: "),
        ({"Label": "a", "Program": "./a"}, ":7: Program: "),
    ],
)
def test_what_is_wrong_is_refused_with_its_line(job: dict[str, Any], problem: str) -> None:
    with pytest.raises(BadConfig, match=problem):
        read(job)


WITH_ENTITY = '<!DOCTYPE plist [<!ENTITY a "b">]><plist><dict><key>Label</key><string>&a;</string></dict></plist>'
NO_JOBS = ["", "x", "<plist/>", "<plist><array/></plist>", "<plist><dict><key>a</key></dict></plist>", "bplist00"]


@pytest.mark.parametrize("text", [*NO_JOBS, WITH_ENTITY])
def test_what_is_no_job_is_refused(text: str) -> None:
    with pytest.raises(BadConfig):
        launchd_reader.read("a.plist", text)


@given(TEXTS)
def test_any_text_at_all_is_a_job_or_refused(text: str) -> None:
    with suppress(BadConfig):
        launchd_reader.read("a.plist", f"<plist><dict><key>Label</key><string>{text}</string></dict></plist>")


PLACES = {
    "ExecStart": lambda text: {"exec_start": (Command(("/bin/x", literal(text))),)},
    "Environment": lambda text: {"environment": {"X": text}},
    "WorkingDirectory": lambda text: {"working_directory": Folder(f"/{text}")},
    "User": lambda text: {"user": f"x{text}"},
    "Group": lambda text: {"group": f"x{text}"},
    "RootDirectory": lambda text: {"root_directory": f"/{text}"},
    "StandardOut": lambda text: {"standard_output": f"append:/{text}"},
    "StandardError": lambda text: {"standard_error": f"append:/{text}"},
    "StandardIn": lambda text: {"standard_input": f"file:/{text}"},
    "name": lambda text: {"name": f"x{text}"},
}
FOUND = {
    "ExecStart": lambda job: job["ProgramArguments"][1],
    "Environment": lambda job: job["EnvironmentVariables"]["X"],
    "WorkingDirectory": lambda job: job["WorkingDirectory"][1:],
    "User": lambda job: job["UserName"][1:],
    "Group": lambda job: job["GroupName"][1:],
    "RootDirectory": lambda job: job["RootDirectory"][1:],
    "StandardOut": lambda job: job["StandardOutPath"][1:],
    "StandardError": lambda job: job["StandardErrorPath"][1:],
    "StandardIn": lambda job: job["StandardInPath"][1:],
    "name": lambda job: job["Label"][1:],
}


@pytest.mark.parametrize("place", PLACES)
@given(text=TEXTS)
def test_every_value_survives_or_is_refused_with_its_name(place: str, text: str) -> None:
    job, refused = outcome(written, replace(WORKER, **PLACES[place](text)))
    assert place in refused if refused else FOUND[place](job) == text


@given(text=TEXTS)
def test_a_description_breaks_nothing(text: str) -> None:
    assert written(replace(WORKER, description=text, documentation=(text,))) == written(WORKER)
