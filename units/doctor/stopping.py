"""Rules about the end of a service: who is asked, who is killed, and how long it may take; systemd.kill(5)."""

from collections.abc import Iterator

from ..formats import tell_span
from ..spec import INFINITY
from .finding import Mend, Trouble
from .patient import Patient

_MIXED = Mend("Service", "KillMode", ("mixed",))
_NOT_PROCESS = 'write "mixed": the program alone is asked, and what it leaves behind is killed'


def orphans(patient: Patient) -> Iterator[Trouble]:
    mode = patient.service.kill_mode
    if mode == "none" or (mode == "process" and (patient.is_of_a_farm or patient.planned_codes)):
        yield Trouble(
            "KillMode",
            f'"{mode}" leaves what the program started running: each stop and restart adds processes that hold '
            "memory and GPU, and belong to nobody",
            _NOT_PROCESS,
            (_MIXED,),
        )


def process_alone(patient: Patient) -> Iterator[Trouble]:
    """KillMode=process of others, who may have reasons; not of those that have been given a tree of their own."""
    service = patient.service
    surprising = patient.is_of_a_farm or patient.planned_codes
    if service.kill_mode == "process" and patient.restarts and not surprising and not patient.kept("Delegate"):
        yield Trouble(
            "KillMode",
            '"process" leaves what the program started running, beside what its next start brings',
            f"if that is not meant, {_NOT_PROCESS}",
            (_MIXED,),
        )


def tasks_signalled(patient: Patient) -> Iterator[Trouble]:
    if patient.worker is not None and patient.service.kill_mode == "control-group":
        yield Trouble(
            "KillMode" if patient.says("KillMode") else "ExecStart",
            "a stop signals what the worker runs together with the worker: "
            "a frame that dies so is easily taken for one that failed, instead of being given back",
            "say KillMode=mixed",
            (_MIXED,),
        )


def stop_without_end(patient: Patient) -> Iterator[Trouble]:
    zero = next((line for line in reversed(patient.written("TimeoutStopSec")) if line.value), None)
    reads_as_none = zero is not None and zero.value.strip() in ("0", "0s") and zero.line == _line(patient)
    if patient.service.timeout_stop_sec == INFINITY and (reads_as_none or patient.is_of_a_farm):
        yield Trouble(
            "TimeoutStopSec",
            f"{'0 means no limit, not at once' if reads_as_none else 'there is no limit'}: "
            "a program that hangs while it stops is never killed, and holds up the shut-down of the machine",
            "write how long a stop may take",
            (Mend("Service", "TimeoutStopSec", (tell_span(_needed(patient, 90.0)),)),),
        )


def _line(patient: Patient) -> int:
    return patient.place("TimeoutStopSec")[1]


def _needed(patient: Patient, otherwise: float) -> float:
    return patient.worker.stop_sec if patient.worker is not None else otherwise


def stop_too_short(patient: Patient) -> Iterator[Trouble]:
    given, needed = patient.service.timeout_stop_sec, _needed(patient, 0.0)
    if patient.worker is not None and given < needed:
        yield Trouble(
            "TimeoutStopSec",
            f"{patient.worker.title} is killed after {tell_span(given)}: "
            "before it has ended its task and handed it back",
            f"write {tell_span(needed)} or more",
            (Mend("Service", "TimeoutStopSec", (tell_span(needed),)),),
        )


def stop_by_kill(patient: Patient) -> Iterator[Trouble]:
    if patient.service.kill_signal == "SIGKILL":
        yield Trouble(
            "KillSignal",
            "SIGKILL leaves the program no chance to end what it does: a stop is a crash",
            'write "SIGTERM"; systemd sends SIGKILL by itself after TimeoutStopSec=',
            (Mend("Service", "KillSignal", ("SIGTERM",)),),
        )


def worker_killed_with_its_task(patient: Patient) -> Iterator[Trouble]:
    if patient.worker is not None and patient.service.oom_policy == "stop" and not patient.kept("Delegate"):
        yield Trouble(
            "OOMPolicy" if patient.says("OOMPolicy") else "ExecStart",
            "a frame that eats all memory takes the worker with it: systemd stops the service as a whole",
            "say OOMPolicy=continue, and the worker reports the frame",
            (Mend("Service", "OOMPolicy", ("continue",)),),
        )
