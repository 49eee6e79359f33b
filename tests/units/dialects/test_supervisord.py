"""supervisord.conf: what is written reads back, and each key of a program is mapped or told."""

from configparser import RawConfigParser
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmhand.units.dialect import Found, Target
from farmhand.units.dialects import supervisord
from farmhand.units.dialects.supervisord import DIALECT
from farmhand.units.errors import BadConfig, BadValue
from farmhand.units.spec import Command, Folder, Service, StatusSet
from farmhand.units.variables import literal

TARGET = Target()
TEXTS = st.text(st.sampled_from("ab \t\n'\"\\$`%{}()[]*?;#&|<>~!=-,ä€\x01\x7f\0") | st.characters(codec="utf-8"))
NAMES = st.from_regex(r"\A[A-Z_][A-Z0-9_]{0,5}\Z")
WORKER = Service(
    "worker",
    exec_start=(Command(("/bin/w",)),),
    restart="on-failure",
    restart_force_exit_status=StatusSet(frozenset({47})),
    success_exit_status=StatusSet(frozenset({47})),
    restart_prevent_exit_status=StatusSet(frozenset({78})),
)


def section(service: Service) -> dict[str, str]:
    """Return the options as supervisord's own parser has them."""
    text = supervisord.write(DIALECT.means(service, TARGET), TARGET).text
    parser = RawConfigParser(inline_comment_prefixes=(";", "#"), strict=False)
    parser.read_string(text)
    return dict(parser[f"program:{service.name}"])


def read(*lines: str) -> Found:
    return supervisord.read("/etc/supervisor/conf.d/x.conf", "\n".join(("[program:x]", *lines)))


def service_of(*lines: str) -> Service:
    (service,) = read("command=/bin/x", *lines).services
    return service


def refusal(service: Service) -> str | None:
    """Say what the writer refuses to write, None if it writes it all."""
    try:
        section(service)
    except BadValue as bad:
        return bad.problem.partition(":")[0]
    return None


@given(words=st.lists(TEXTS, max_size=4), env=st.dictionaries(NAMES, TEXTS, max_size=3))
def test_what_is_written_reads_back_or_is_refused(words: list[str], env: dict[str, str]) -> None:
    service = replace(WORKER, exec_start=(Command(("/bin/w", *map(literal, words))),), environment=env)
    if refused := refusal(service):
        assert refused in ("ExecStart", "Environment")
        return
    text = supervisord.write(DIALECT.means(service, TARGET), TARGET).text
    (found,) = supervisord.read("/x.conf", text).services
    assert (found.exec_start, found.environment) == (service.exec_start, env)


@given(folder=TEXTS)
def test_a_folder_survives_or_is_refused(folder: str) -> None:
    service = replace(WORKER, working_directory=Folder(f"/{folder}"))
    if refused := refusal(service):
        assert refused == "WorkingDirectory"
        return
    assert section(service)["directory"].replace("%(here)s", "?") % {} == f"/{folder}"


@pytest.mark.parametrize(
    ("service", "autorestart", "exitcodes"),
    [
        (replace(WORKER, restart="always", restart_prevent_exit_status=StatusSet()), "true", None),
        (replace(WORKER, restart="no", restart_force_exit_status=StatusSet()), "false", None),
        (WORKER, "unexpected", "0,78"),
        (replace(WORKER, restart="on-success"), "unexpected", ",".join(str(n) for n in range(1, 256) if n != 47)),
    ],
)
def test_exit_codes_decide(service: Service, autorestart: str, exitcodes: str | None) -> None:
    options = section(service)
    assert (options["autorestart"], options.get("exitcodes")) == (autorestart, exitcodes)


def test_a_signal_always_starts_it_again() -> None:
    meant = DIALECT.means(WORKER, TARGET)
    assert meant.restart_force_exit_status.signals == {"SIGHUP", "SIGINT", "SIGPIPE", "SIGTERM"}
    never = replace(WORKER, restart="no", restart_force_exit_status=StatusSet())
    assert DIALECT.means(never, TARGET).restart_force_exit_status == StatusSet()


def test_a_name_with_a_colon_is_refused() -> None:
    with pytest.raises(BadValue, match="colon"):
        supervisord.write(replace(WORKER, name="a:b"), TARGET)


def test_what_it_does_by_default_is_said() -> None:
    service = service_of()
    assert (service.restart, service.restart_prevent_exit_status) == ("always", StatusSet(frozenset({0})))
    assert (service.kill_mode, service.timeout_stop_sec, service.kill_signal) == ("process", 10.0, "SIGTERM")
    assert (service.start_limit_burst, service.start_limit_interval_sec) == (4, 11.0)
    assert service.wanted_by == ("multi-user.target",)


@pytest.mark.parametrize(
    ("lines", "field", "value"),
    [
        (["autorestart=true"], "restart", "always"),
        (["autorestart=false"], "restart", "no"),
        (["exitcodes=0,2"], "success_exit_status", StatusSet(frozenset({2}))),
        (["startsecs=0"], "start_limit_interval_sec", 0.0),
        (["stopsignal=quit"], "kill_signal", "SIGQUIT"),
        (["stopwaitsecs=7"], "timeout_stop_sec", 7.0),
        (["stopasgroup=true"], "kill_mode", "control-group"),
        (["killasgroup=true"], "kill_mode", "mixed"),
        (["user=nobody"], "user", "nobody"),
        (["umask=077"], "umask", 0o77),
        (["directory=/tmp"], "working_directory", Folder("/tmp")),
        (["autostart=false"], "wanted_by", ()),
        (["environment=A=\"x, y\",B='z'"], "environment", {"A": "x, y", "B": "z"}),
        (["stdout_logfile=/x.log"], "standard_output", "append:/x.log"),
        (["stdout_logfile=NONE"], "standard_output", "null"),
        (["stderr_logfile=%(here)s/x.log"], "standard_error", "append:/etc/supervisor/conf.d/x.log"),
        (["redirect_stderr=true"], "standard_error", "inherit"),
    ],
    ids=str,
)
def test_each_key_is_in_systemds_words(lines: list[str], field: str, value: object) -> None:
    assert getattr(service_of(*lines), field) == value


def test_each_process_is_a_service() -> None:
    found = read("command=/bin/x %(process_num)d 5%%", "process_name=%(program_name)s-%(process_num)02d", "numprocs=2")
    assert [service.name for service in found.services] == ["x-00", "x-01"]
    assert [service.exec_start[0].words for service in found.services] == [("/bin/x", "0", "5%"), ("/bin/x", "1", "5%")]


def test_what_has_no_word_in_systemd_is_told_once() -> None:
    found = read("command=/bin/x", "priority=5", "comand=y", "numprocs=2", "process_name=%(process_num)d", "[group:g]")
    assert [(notice.line, notice.key) for notice in found.notices] == [
        (0, "startsecs"),
        (3, "priority"),
        (4, "comand"),
        (7, ""),
    ]


@pytest.mark.parametrize(
    ("lines", "line", "key"),
    [
        (["command=/bin/x 'a"], 2, "command"),
        (["directory=/tmp"], 0, "command"),
        (["command=/bin/x", "stopwaitsecs=soon"], 3, "stopwaitsecs"),
        (["command=/bin/x", "exitcodes=0,300"], 3, "exitcodes"),
        (["command=/bin/x", "autorestart=perhaps"], 3, "autorestart"),
        (["command=/bin/x", "autostart=perhaps"], 3, "autostart"),
        (["command=/bin/x", "stopsignal=NONE"], 3, "stopsignal"),
        (["command=%(ENV_HOME)s/x"], 2, "command"),
        (["command=/bin/x 5%"], 2, "command"),
        (["command=/bin/x", "environment=A"], 3, "environment"),
    ],
    ids=str,
)
def test_what_is_wrong_is_named(lines: list[str], line: int, key: str) -> None:
    with pytest.raises(BadConfig) as caught:
        read(*lines)
    assert (caught.value.line, caught.value.key) == (line, key)


@pytest.mark.parametrize("text", ["", "x\n", "[supervisord]\n"])
def test_a_file_without_programs_is_refused(text: str) -> None:
    with pytest.raises(BadConfig):
        supervisord.read("/x.conf", text)
