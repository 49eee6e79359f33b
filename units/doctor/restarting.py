"""Rules about restarts: their codes, what undoes them, and the start limit; systemd.service(5), Restart= and below."""

import re
from collections.abc import Iterable, Iterator

from ..formats import tell_span
from ..restart_codes import refuse_restart_code
from ..spec import Service, StatusSet
from .finding import Mend, Trouble
from .patient import Patient

_PAUSE = Mend("Service", "RestartSec", ("5s",))
_NO_LIMIT = Mend("Unit", "StartLimitIntervalSec", ("0",))
_ON_FAILURE = Mend("Service", "Restart", ("on-failure",))
_QUICK = 1.0  # seconds
_BY_HAND = 10  # in a row: more often nobody restarts a worker


def _listed(codes: Iterable[int | str]) -> str:
    return " ".join(map(str, codes))


def _without(statuses: StatusSet, codes: Iterable[int]) -> tuple[str, str]:
    """Give the values that take some codes out of a directive."""
    left = _listed([*sorted(statuses.codes - set(codes)), *sorted(statuses.signals)])
    return ("", left) if left else ("",)  # type: ignore[return-value]


def restart_code_fails(patient: Patient) -> Iterator[Trouble]:
    service = patient.service
    if codes := sorted(
        patient.planned_codes & service.restart_force_exit_status.codes - service.success_exit_status.codes
    ):
        listed = _listed(codes)
        yield Trouble(
            "RestartForceExitStatus",
            f"a restart by exit code {listed} counts as a failure: the journal says so, and what watches it alarms",
            f"say SuccessExitStatus={listed} as well",
            (Mend("Service", "SuccessExitStatus", (listed,)),),
        )


def restart_code_not_restarted(patient: Patient) -> Iterator[Trouble]:
    service = patient.service
    told = patient.told_codes & patient.planned_codes - _prevented(service)
    codes = sorted(code for code in told if not _comes_back(service, code))
    if codes:
        listed = _listed(codes)
        yield Trouble(
            "ExecStart",
            f"the program ends with {listed} to be started again, and Restart={service.restart} leaves it down",
            f"say RestartForceExitStatus={listed}",
            (Mend("Service", "RestartForceExitStatus", (listed,)),),
        )


def _prevented(service: Service) -> frozenset[int]:
    return service.restart_prevent_exit_status.codes


def _comes_back(service: Service, code: int) -> bool:
    """Say whether an exit code that nothing prevents is followed by a start; systemd, service_shall_restart."""
    clean = code == 0 or code in service.success_exit_status
    by_policy = {"always": True, "on-success": clean, "on-failure": not clean}.get(service.restart, False)
    return code in service.restart_force_exit_status or by_policy


def restart_code_prevented(patient: Patient) -> Iterator[Trouble]:
    service = patient.service
    asked = patient.planned_codes | service.restart_force_exit_status.codes
    if codes := sorted(asked & _prevented(service)):
        yield Trouble(
            "RestartPreventExitStatus",
            f"{_listed(codes)} is to bring a restart, and this wins: it stays down",
            f"take {_listed(codes)} out",
            (Mend("Service", "RestartPreventExitStatus", _without(service.restart_prevent_exit_status, codes)),),
        )


def restart_code_taken(patient: Patient) -> Iterator[Trouble]:
    """A code that is told to a program as the one for restarts; what is only restarted on may well be a failure's."""
    service = patient.service
    taken = {code: why for code in sorted(patient.told_codes) if (why := refuse_restart_code(code))}
    for code, why in taken.items():
        yield Trouble(
            "ExecStart",
            f"{code} cannot be the restart code: {why}",
            f"use another, {_sound_code(service)} for example, here and in RestartForceExitStatus=",
            _with_sound_code(patient, code),
        )
    if 0 in service.restart_force_exit_status and not taken:
        yield Trouble(
            "RestartForceExitStatus",
            "it holds 0, so a clean end is followed by a start: a shut-down is undone",
            "take 0 out",
            (Mend("Service", "RestartForceExitStatus", _without(service.restart_force_exit_status, [0])),),
        )


def _sound_code(service: Service) -> int:
    return next(code for code in range(47, 64) if code not in _prevented(service))


def _with_sound_code(patient: Patient, code: int) -> tuple[Mend, ...]:
    """Give the lines that have the program use another code; none for our YAML, which has no drop-ins."""
    force, sound = patient.service.restart_force_exit_status, _sound_code(patient.service)
    said = re.compile(rf"(--?restart-exit-(?:code|status)(?:=|\s+)){code}\b")
    commands = tuple(said.sub(rf"\g<1>{sound}", line.value) for line in patient.written("ExecStart") if line.value)
    others = StatusSet(force.codes | {sound}, force.signals)
    return (
        Mend("Service", "ExecStart", ("", *commands)),
        Mend("Service", "RestartForceExitStatus", _without(others, [code, 0])),
        Mend("Service", "SuccessExitStatus", (str(sound),)),
    )


def shut_down_undone(patient: Patient) -> Iterator[Trouble]:
    restart = patient.service.restart
    asked = patient.is_of_a_farm or patient.planned_codes
    if asked and restart in ("always", "on-success") and patient.service.type != "oneshot":
        yield Trouble(
            "Restart",
            f'"{restart}" starts it again after exit 0: a shut-down from the manager is undone at once',
            'write "on-failure"; the restart code belongs in RestartForceExitStatus=',
            (_ON_FAILURE,),
        )


def worker_as_oneshot(patient: Patient) -> Iterator[Trouble]:
    if patient.is_of_a_farm and patient.service.type == "oneshot":
        yield Trouble(
            "Type",
            "its start is over when the worker ends: until then whoever starts it waits, and all that comes after it",
            'write "exec"',
            (Mend("Service", "Type", ("exec",)),),
        )


def crash_not_restarted(patient: Patient) -> Iterator[Trouble]:
    restart = patient.service.restart
    if patient.is_of_a_farm and restart in ("no", "on-success", "on-watchdog"):
        yield Trouble(
            "Restart" if patient.says("Restart") else "ExecStart",
            f"Restart={restart}: a worker that crashes or is killed stays down until somebody notices",
            "say Restart=on-failure",
            (_ON_FAILURE, _PAUSE),
        )


def start_limit_traps(patient: Patient) -> Iterator[Trouble]:
    service = patient.service
    concerned = patient.planned_codes or patient.is_of_a_farm
    if not (concerned and patient.restarts and patient.can_hit_limit and service.start_limit_burst < _BY_HAND):
        return
    burst, interval = service.start_limit_burst, tell_span(service.start_limit_interval_sec)
    key = next(
        (key for key in ("StartLimitBurst", "StartLimitIntervalSec", "StartLimitInterval") if patient.says(key)), ""
    )
    planned = "restarts that were asked for count as well, and " if patient.planned_codes else ""
    yield Trouble(
        key or ("RestartForceExitStatus" if patient.says("RestartForceExitStatus") else "Restart"),
        f"{planned}after {burst} starts in {interval} it is failed for good: "
        "even a start by hand is refused until the interval is over, and nothing else starts it",
        "say StartLimitIntervalSec=0 in [Unit], with RestartSec= as the brake",
        (_NO_LIMIT, *([_PAUSE] if service.restart_sec < _QUICK else [])),
    )


def restart_without_pause(patient: Patient) -> Iterator[Trouble]:
    """Without RestartSec= it is 100 ms: what waits for something on the network has used up its starts in a second."""
    service = patient.service
    waits = patient.is_of_a_farm or patient.planned_codes or "network-online.target" in service.after
    if waits and patient.restarts and patient.limited and not patient.says("RestartSec"):
        yield Trouble(
            "Restart" if patient.says("Restart") else "RestartForceExitStatus",
            f"without RestartSec= it is started again after {tell_span(service.restart_sec)}: what it needs, "
            f"a manager or a GPU's memory, may take longer than {service.start_limit_burst} such starts",
            "say RestartSec=5s",
            (_PAUSE,),
        )


def restart_storm(patient: Patient) -> Iterator[Trouble]:
    service = patient.service
    steps = service.restart_steps > 0
    if patient.restarts and not patient.limited and not steps and service.restart_sec < _QUICK and patient.long_running:
        yield Trouble(
            "RestartSec" if patient.says("RestartSec") else "Restart",
            f"there is no limit on starts, and {tell_span(service.restart_sec)} between them: "
            "what fails at once is started many times a second, for ever",
            "say RestartSec=5s",
            (_PAUSE,),
        )


def start_limit_out_of_reach(patient: Patient) -> Iterator[Trouble]:
    service = patient.service
    said = patient.says("StartLimitBurst") and patient.limited and patient.restarts
    if said and not patient.can_hit_limit:
        yield Trouble(
            "StartLimitBurst",
            f"{service.start_limit_burst} starts with {tell_span(service.restart_sec)} between them take longer than "
            f"{tell_span(service.start_limit_interval_sec)}: the limit that is written here is never reached",
            "say StartLimitIntervalSec=0 where none is wanted, or a longer one",
            (_NO_LIMIT,),
        )


def exit_kept_as_active(patient: Patient) -> Iterator[Trouble]:
    service = patient.service
    clean = service.restart in ("always", "on-success") or patient.planned_codes & service.success_exit_status.codes
    if service.remain_after_exit and clean and patient.long_running:
        yield Trouble(
            "RemainAfterExit",
            "after a clean exit it stays active with nothing running, and is not started again",
            "take it out",
            (Mend("Service", "RemainAfterExit", ("no",)),),
        )


def nothing_prevents(patient: Patient) -> Iterator[Trouble]:
    worker, service = patient.worker, patient.service
    if worker is None or service.restart not in ("always", "on-failure"):
        return
    open_ = [code for code in worker.not_mended if code not in service.restart_prevent_exit_status]
    if open_ and (not service.restart_prevent_exit_status or len(worker.not_mended) > 1):
        listed = _listed(worker.not_mended)
        by_custom = " by custom" if worker.not_mended == (78,) else ""
        yield Trouble(
            "Restart",
            f"a mistake in its configuration, exit code {listed}{by_custom}, is tried again and again, in vain",
            f"say RestartPreventExitStatus={listed}",
            (Mend("Service", "RestartPreventExitStatus", (listed,)),),
        )
