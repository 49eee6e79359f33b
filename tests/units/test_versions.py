"""What older systemds know of a service."""

from dataclasses import replace

import pytest

from farmhand.units import hardening
from farmhand.units.dialects import systemd
from farmhand.units.directives import is_kept
from farmhand.units.spec import Command, Service
from farmhand.units.versions import known_to
from farmhand.units.worker_unit import Worker, worker_service

WORKER = worker_service(Worker("rig", "http://farm/", "/bin/true", 47, "x", "x", output_folders=("/mnt/farm",)))
PLAIN = Service("x", exec_start=(Command(("/bin/true",)),))


def lost(version: int, service: Service) -> dict[str, str]:
    return {loss.key: loss.why for loss in known_to(version, service)[1]}


def test_a_systemd_of_today_knows_a_workers_unit() -> None:
    assert known_to(252, WORKER) == (WORKER, ())


def test_what_is_too_young_is_left_out_and_told() -> None:
    service, losses = known_to(243, WORKER)
    text = systemd.write(service).text
    assert {loss.key for loss in losses} == {"ProtectProc", "ProtectKernelLogs", "ProtectClock"}
    assert not [loss for loss in losses if f"{loss.key}=" in text]
    assert lost(243, WORKER)["ProtectClock"] == "systemd 243 does not know ProtectClock, which came with 245"


def test_where_there_is_something_near_it_stands_instead() -> None:
    assert "ProtectSystem=full\n" in systemd.write(known_to(231, WORKER)[0]).text
    assert lost(231, WORKER)["ProtectSystem"].endswith(
        "ProtectSystem=strict, which came with 232; it gets ProtectSystem=full"
    )
    service, _ = known_to(219, replace(PLAIN, type="exec"))
    assert service.type == "simple"


def test_directives_that_are_in_force_are_no_exception() -> None:
    young = replace(PLAIN, restart_steps=5, restart_mode="direct", oom_policy="continue")
    service, losses = known_to(242, young)
    assert (service, {loss.key for loss in losses}) == (PLAIN, {"RestartSteps", "RestartMode", "OOMPolicy"})


def test_of_conditions_only_the_young_ones_go() -> None:
    text = "[Unit]\nConditionPathExists=/a\nConditionOSRelease=ID=debian\n[Service]\nExecStart=/bin/true\n"
    service, losses = known_to(248, systemd.read("x.service", text).service)
    assert [check.key for check in service.conditions] == ["ConditionPathExists"]
    assert [loss.key for loss in losses] == ["ConditionOSRelease"]


@pytest.mark.parametrize("line", [line for rule in hardening.RULES for line in rule.strict], ids=str)
def test_each_line_of_a_profile_is_a_directive_that_is_known_to_some_systemd(line: hardening.Line) -> None:
    assert is_kept("Service", line.name) or line.name in ("NoNewPrivileges", "UMask")
    assert 0 <= line.since <= 252
