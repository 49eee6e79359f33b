"""Services for the tests of readers and writers: a plain one, one that sets everything, and any at all."""

from math import inf
from typing import get_args

from hypothesis import strategies as st

from farmhand.units import grammar, spec
from farmhand.units.spec import (
    Assignment,
    Check,
    Command,
    EnvironmentFile,
    ExecDirectory,
    Folder,
    Limit,
    Service,
    StatusSet,
)
from farmhand.units.statuses import SIGNALS

PLAIN = Service("plain", exec_start=(Command(("/bin/true",)),))

TRUE = (Command(("/bin/true", "a b", "$A", "%%", "")),)

# No field has its default, but for those that exclude each other.
FULL = Service(
    "full",
    description="100% of it",
    documentation=("man:true(1)", "https://example.org/a%20b"),
    after=("sysinit.target",),
    before=("shutdown.target",),
    requires=("sysinit.target",),
    wants=("basic.target",),
    requisite=("sysinit.target",),
    binds_to=("sysinit.target",),
    part_of=("sysinit.target",),
    upholds=("sysinit.target",),
    conflicts=("shutdown.target",),
    on_failure=("basic.target",),
    on_failure_job_mode="fail",
    on_success=("basic.target",),
    on_success_job_mode="replace",
    propagates_reload_to=("basic.target",),
    reload_propagated_from=("basic.target",),
    propagates_stop_to=("basic.target",),
    stop_propagated_from=("basic.target",),
    stop_when_unneeded=True,
    default_dependencies=False,
    job_timeout_sec=60.0,
    job_running_timeout_sec=30.0,
    conditions=(
        Check("ConditionPathExists", "/a b%"),
        Check("ConditionUser", "@system", negated=True, trigger=True),
    ),
    asserts=(Check("AssertPathExists", "/a", trigger=True),),
    start_limit_interval_sec=60.0,
    start_limit_burst=3,
    type="notify",
    exec_start=TRUE,
    exec_start_pre=TRUE * 2,
    exec_start_post=TRUE,
    exec_condition=TRUE,
    exec_reload=TRUE,
    exec_stop=TRUE,
    exec_stop_post=TRUE,
    remain_after_exit=True,
    guess_main_pid=False,
    pid_file="/run/a b.pid",
    restart="on-failure",
    restart_sec=1.5,
    success_exit_status=StatusSet(frozenset({47, 75}), frozenset({"SIGUSR1"})),
    restart_prevent_exit_status=StatusSet(frozenset({2})),
    restart_force_exit_status=StatusSet(frozenset({47})),
    timeout_start_sec=inf,
    timeout_stop_sec=20.0,
    timeout_abort_sec=5.0,
    timeout_start_failure_mode="abort",
    timeout_stop_failure_mode="kill",
    runtime_max_sec=86400.0,
    watchdog_sec=60.0,
    notify_access="all",
    kill_mode="mixed",
    kill_signal="SIGINT",
    restart_kill_signal="SIGUSR2",
    send_sighup=True,
    send_sigkill=False,
    final_kill_signal="SIGABRT",
    watchdog_signal="SIGQUIT",
    user="root",
    group="root",
    supplementary_groups=("daemon", "bin"),
    working_directory=Folder("/tmp/a b%", optional=True),
    permissions_start_only=True,
    root_directory="/a b%",
    root_directory_start_only=True,
    exec_search_path=("/a b%", "/c"),
    no_new_privileges=True,
    timer_slack_nsec=1000,
    coredump_filter=0x13,
    personality="x86",
    runtime_directory=(ExecDirectory("a b%"), ExecDirectory("c/d", ("e", "f g"))),
    runtime_directory_mode=0o700,
    runtime_directory_preserve="restart",
    state_directory=(ExecDirectory("a"),),
    state_directory_mode=0o700,
    cache_directory=(ExecDirectory("a"),),
    cache_directory_mode=0o700,
    logs_directory=(ExecDirectory("a"),),
    logs_directory_mode=0o700,
    configuration_directory=(ExecDirectory("a"),),
    configuration_directory_mode=0o700,
    set_credential={"a": "two\nlines\\ \x00 % \udcff"},
    load_credential={"b": "/a b%", "c": "d"},
    standard_input_data="two\nlines\x00 \udcff",
    tty_path="/dev/tty%",
    tty_reset=True,
    tty_vhangup=True,
    cpu_accounting=True,
    cpu_weight=50,
    cpu_quota=0.125,
    cpu_quota_period_sec=0.05,
    allowed_cpus=frozenset({0, 1, 3}),
    allowed_memory_nodes=frozenset({0}),
    memory_accounting=False,
    memory_min="1024",
    memory_low="1%",
    memory_high="50%",
    memory_max="1073741824",
    memory_swap_max="0",
    tasks_accounting=False,
    tasks_max="12.5%",
    io_accounting=True,
    io_weight=500,
    umask=0o027,
    nice=19,
    cpu_scheduling_policy="rr",
    cpu_scheduling_priority=7,
    io_scheduling_class="idle",
    io_scheduling_priority=7,
    oom_score_adjust=500,
    limits={name: Limit(1, 2) for name in grammar.LIMITS},
    environment={"A": "x y", "B": 'quo"te', "C": "two\nlines", "D": "100%", "E": "", "F": "back\\", "G": "$A"},
    environment_file=(EnvironmentFile("/etc/a b", optional=True),),
    pass_environment=("LANG",),
    unset_environment=("A", "B=1"),
    standard_input="file:/dev/null",
    standard_output="append:/tmp/out put",
    standard_error="null",
    wanted_by=("multi-user.target",),
    required_by=("l.target",),
    alias=("m.service",),
    also=("n.service",),
    default_instance="o",
    kept=(Assignment("Unit", "CollectMode", "inactive"), Assignment("Service", "OOMPolicy", "continue")),
)

_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
_LINE = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=12).filter(
    lambda text: not text.endswith("\\")
)
_NAME = st.from_regex(r"[a-z][a-z0-9_:-]{0,8}", fullmatch=True)
_VARIABLE = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,6}", fullmatch=True)
_VALUE = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]) | st.sampled_from("\t\n"), max_size=12)
_PATH = st.from_regex(r"(/[a-z][a-z %$\"'\\;]*[a-z]){1,3}", fullmatch=True)
# No quotes and no backslashes, which systemd does not have in the name of a program.
_PROGRAM = st.from_regex(r"(/[a-z][a-z %$;]*[a-z]){1,3}", fullmatch=True)
_SPAN = st.integers(1, 2**50).map(lambda us: us / 1e6) | st.just(inf)
_STATUSES = st.builds(
    StatusSet,
    st.frozensets(st.integers(0, 255), max_size=4),
    st.frozensets(st.sampled_from([f"SIG{name}" for name in SIGNALS]), max_size=3),
)
_COMMAND = st.builds(
    Command,
    st.lists(_TEXT, max_size=3).flatmap(lambda words: _PROGRAM.map(lambda program: (program, *words))),
    argv0=st.none() | _TEXT.filter(bool),
    ignore_failure=st.booleans(),
    literal=st.booleans(),
    privilege=st.sampled_from(["", "+", "!", "!!"]),
)
_UNITS = st.lists(_NAME | _NAME.map(lambda name: f"{name}.target"), max_size=3, unique=True).map(tuple)
_OPTIONAL = st.booleans()

SERVICES = st.builds(
    Service,
    st.sampled_from(["plain", "worker@1", "a-b"]),
    description=_LINE,
    after=_UNITS,
    requires=_UNITS,
    type=st.sampled_from(get_args(spec.Type)).filter(lambda word: word != "oneshot"),
    exec_start=_COMMAND.map(lambda command: (command,)),
    exec_stop=st.lists(_COMMAND, max_size=2).map(tuple),
    restart=st.sampled_from(get_args(spec.Restart)),
    restart_sec=_SPAN,
    timeout_start_sec=st.none() | _SPAN,
    timeout_abort_sec=st.none() | _SPAN,
    success_exit_status=_STATUSES,
    kill_signal=st.sampled_from([f"SIG{name}" for name in SIGNALS]),
    send_sigkill=st.booleans(),
    user=st.none() | _VARIABLE,
    working_directory=st.none() | st.builds(Folder, _PATH | st.just("~"), _OPTIONAL),
    umask=st.integers(0, 0o777),
    nice=st.none() | st.integers(-20, 19),
    limits=st.dictionaries(
        st.sampled_from([*grammar.LIMITS]), st.integers(0, 40).map(lambda n: Limit(n, 40)), max_size=2
    ),
    environment=st.dictionaries(_VARIABLE, _VALUE, max_size=3),
    environment_file=st.lists(st.builds(EnvironmentFile, _PATH, _OPTIONAL), max_size=2).map(tuple),
    unset_environment=st.lists(_VARIABLE, max_size=2, unique=True).map(tuple),
    standard_output=st.sampled_from(["journal", "null"]) | _PATH.map(lambda path: f"append:{path}"),
    kept=st.lists(st.builds(Assignment, st.just("Service"), st.just("ProtectSystem"), _LINE), max_size=2).map(tuple),
)
