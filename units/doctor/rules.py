"""The table of the doctor's rules, by harm. Each is a pure function of one unit; the docs' table is made from it."""

from collections.abc import Iterator

from ..check import not_in_force
from ..errors import nearest
from . import commands, exposed, restarting, starting, stopping
from .finding import Harm, Rule, Trouble
from .mending import is_of_farmhand, mend_ignored
from .newer import NEWER
from .patient import Patient


def _refused(patient: Patient) -> Iterator[Trouble]:
    for bad in patient.refused:
        if bad.load_state != "masked":
            yield Trouble(bad.key, bad.problem, bad.hint, place=(bad.path, bad.line))


def _masked(patient: Patient) -> Iterator[Trouble]:
    for bad in patient.refused:
        if bad.load_state == "masked":
            yield Trouble(bad.key, bad.problem, bad.hint)


def _ignored(patient: Patient) -> Iterator[Trouble]:
    for notice in (each for each in patient.ignored if not (is_of_farmhand(each) or each.key in NEWER)):
        mend = mend_ignored(patient, notice)
        if mend is None or not patient.says_in(mend.section, mend.key):
            place = (notice.path, notice.line)
            yield Trouble(notice.key, notice.problem, notice.hint, (mend,) if mend else (), place)


def _not_in_force(patient: Patient) -> Iterator[Trouble]:
    if not patient.is_unit:
        for notice in not_in_force([patient.service]):
            yield Trouble(notice.key, notice.problem, notice.hint, place=(notice.path, notice.line))


def _unknown_ignore(patient: Patient) -> Iterator[Trouble]:
    for ignore in patient.ignores:
        if ignore.rule not in RULES:
            near = nearest(ignore.rule, RULES)
            hint = f'did you mean "{near}"?' if near else "take the comment out"
            problem = f'there is no rule "{ignore.rule}", so nothing is silenced'
            yield Trouble("", problem, hint, place=(ignore.path, ignore.line))


_SURPRISE, _EXPOSED, _NOTE = Harm.SURPRISE, Harm.EXPOSED, Harm.NOTE

_ROWS = (
    Rule("does-not-load", Harm.NOT_LOADED, "systemd refuses the unit", _refused),
    Rule("ignored", _SURPRISE, "A line that is not taken into account: misspelt, misplaced, or no value", _ignored),
    Rule(
        "restart-code-fails",
        _SURPRISE,
        "A restart that was asked for counts as a failure: RestartForceExitStatus= without SuccessExitStatus=",
        restarting.restart_code_fails,
    ),
    Rule(
        "restart-code-ends",
        _SURPRISE,
        "A worker that ends with its restart code stays down: it is not in RestartForceExitStatus=",
        restarting.restart_code_not_restarted,
    ),
    Rule(
        "restart-code-prevented",
        _SURPRISE,
        "A restart code in RestartPreventExitStatus=, which wins",
        restarting.restart_code_prevented,
    ),
    Rule(
        "restart-code-taken",
        _SURPRISE,
        "A restart code that means something else already, such as 0, 1 or 143",
        restarting.restart_code_taken,
    ),
    Rule(
        "shut-down-undone",
        _SURPRISE,
        "Restart=always on a worker that the manager can shut down",
        restarting.shut_down_undone,
    ),
    Rule("worker-as-oneshot", _SURPRISE, "Type=oneshot on a worker", restarting.worker_as_oneshot),
    Rule(
        "crash-stays-down",
        _SURPRISE,
        "A worker that a crash leaves down: Restart= that does not cover it",
        restarting.crash_not_restarted,
    ),
    Rule(
        "start-limit-traps",
        _SURPRISE,
        "A start limit that planned restarts, or a manager that is away for a moment, can trip",
        restarting.start_limit_traps,
    ),
    Rule(
        "restart-storm",
        _SURPRISE,
        "Neither a limit on starts nor a pause between them",
        restarting.restart_storm,
    ),
    Rule(
        "exit-kept-active",
        _SURPRISE,
        "RemainAfterExit=yes where a clean exit is to bring a restart",
        restarting.exit_kept_as_active,
    ),
    Rule(
        "orphans",
        _SURPRISE,
        "KillMode=none, or KillMode=process on a worker: children outlive it",
        stopping.orphans,
    ),
    Rule(
        "stop-without-end",
        _SURPRISE,
        "TimeoutStopSec=0, which means no limit, or a worker without one",
        stopping.stop_without_end,
    ),
    Rule("stop-too-short", _SURPRISE, "TimeoutStopSec= shorter than the worker needs", stopping.stop_too_short),
    Rule("stop-by-kill", _SURPRISE, "KillSignal=SIGKILL", stopping.stop_by_kill),
    Rule(
        "stop-hits-tasks",
        _SURPRISE,
        "KillMode=control-group on a worker: its tasks are signalled with it",
        stopping.tasks_signalled,
    ),
    Rule(
        "oom-stops-worker",
        _SURPRISE,
        "A task that runs out of memory stops the worker: OOMPolicy=stop",
        stopping.worker_killed_with_its_task,
        ours_too=False,
    ),
    Rule(
        "network-not-drawn",
        _SURPRISE,
        "After=network-online.target without Wants=",
        starting.network_not_drawn,
        ours_too=False,
    ),
    Rule(
        "network-not-awaited",
        _SURPRISE,
        "A worker of a manager elsewhere that does not wait for the network",
        starting.network_not_awaited,
        ours_too=False,
    ),
    Rule(
        "failure-circle",
        _SURPRISE,
        "OnFailure= or OnSuccess= that comes back to where it began",
        starting.failure_circle,
    ),
    Rule("child-notifies", _SURPRISE, "Type=notify with a shell or wrapper between", starting.child_notifies),
    Rule("shell-syntax", _SURPRISE, "A pipe, a redirection or && where there is no shell", commands.shell_syntax),
    Rule(
        "shell-hides-exit",
        _SURPRISE,
        "A worker behind a shell that changes exit codes and takes its signals",
        commands.shell_hides_exit,
    ),
    Rule("comment-in-command", _SURPRISE, "A # that is no comment", commands.comment_in_command),
    Rule("variable-as-program", _SURPRISE, "A variable in a program's name", commands.variable_as_program),
    Rule("tilde-as-home", _SURPRISE, "A ~ where no shell makes a home folder of it", commands.tilde_not_replaced),
    Rule(
        "variable-not-replaced",
        _SURPRISE,
        "A variable in Environment=, such as PATH=/opt/x:$PATH",
        commands.variable_not_replaced,
        ours_too=False,
    ),
    Rule("relative-path", _SURPRISE, "A relative path without WorkingDirectory=", commands.relative_path),
    Rule("home-hidden", _SURPRISE, "ProtectHome= that hides what the service needs", commands.home_hidden),
    Rule(
        "no-such-target",
        _SURPRISE,
        "A user's unit that is wanted by a target of the system",
        starting.no_such_target,
        ours_too=False,
    ),
    Rule("secret-in-arguments", _EXPOSED, "A password or token on the command line", exposed.secret_in_arguments),
    Rule("secret-in-environment", _EXPOSED, "A password or token in Environment=", exposed.secret_in_environment),
    Rule("secret-in-unit", _EXPOSED, "A password or token in SetCredential=", exposed.secret_in_unit),
    Rule("runs-as-root", _EXPOSED, "A worker that is root", exposed.runs_as_root, ours_too=False),
    Rule("runs-as-nobody", _EXPOSED, "User=nobody", exposed.runs_as_nobody),
    Rule(
        "exposure",
        _EXPOSED,
        f"A worker that systemd measures as exposed by more than {exposed.TOLERABLE}",
        exposed.too_exposed,
        ours_too=False,
    ),
    Rule(
        "restart-without-pause",
        _NOTE,
        "Restart= without RestartSec= on what waits for something elsewhere",
        restarting.restart_without_pause,
    ),
    Rule(
        "start-limit-out-of-reach",
        _NOTE,
        "StartLimitBurst= that RestartSec= keeps from ever being reached",
        restarting.start_limit_out_of_reach,
    ),
    Rule(
        "mistake-retried",
        _NOTE,
        "A worker whose configuration errors are not in RestartPreventExitStatus=",
        restarting.nothing_prevents,
    ),
    Rule("process-alone", _NOTE, "KillMode=process on a service that is restarted", stopping.process_alone),
    Rule(
        "needed-not-awaited",
        _NOTE,
        "Requires= or BindsTo= of a service without After=",
        starting.needed_not_awaited,
    ),
    Rule(
        "watchdog-unfed",
        _NOTE,
        "WatchdogSec= where nothing says that the program notifies",
        starting.watchdog_unfed,
    ),
    Rule(
        "main-process-guessed", _NOTE, "Type=forking without PIDFile=, and with Restart=", starting.main_process_guessed
    ),
    Rule(
        "environment-file-missing",
        _NOTE,
        "An EnvironmentFile= that has to be there, in a place for files that need not be",
        starting.environment_file_missing,
    ),
    Rule("said-twice", _NOTE, "A directive that a later line of the same file takes back", commands.said_twice),
    Rule("not-enabled", _NOTE, "A worker that nothing starts at boot", starting.not_enabled, ours_too=False),
    Rule("not-in-force", _NOTE, "A directive that Farmhand, whose YAML this is, does not act on", _not_in_force),
    Rule("masked", _NOTE, "An empty file, which masks the service: it cannot be started", _masked),
    Rule("unknown-ignore", _NOTE, "A comment that silences a rule which does not exist", _unknown_ignore),
)

RULES = {rule.id: rule for rule in _ROWS}
