"""From directives of resource control to what the kernel's control files say."""

import pytest

from farmhand.supervisor.rules.shares import CONTROLLERS, FILES, control_files
from farmhand.units.dialects import systemd
from farmhand.units.directives import DIRECTIVES
from farmhand.units.spec import Service

GIB = 2**30


def written(lines):
    service = systemd.read("a.service", f"[Service]\nExecStart=/bin/true\n{lines}\n").service
    return control_files(service, memory=8 * GIB, tasks=30_000)


@pytest.mark.parametrize(
    ("lines", "files"),
    [
        ("CPUWeight=50", {"cpu.weight": "50"}),
        ("CPUWeight=idle", {"cpu.idle": "1"}),
        ("CPUQuota=50%", {"cpu.max": "50000 100000"}),
        ("CPUQuota=250%\nCPUQuotaPeriodSec=10ms", {"cpu.max": "25000 10000"}),
        pytest.param("CPUQuota=1%\nCPUQuotaPeriodSec=1ms", {"cpu.max": "1000 100000"}, id="a millisecond at least"),
        pytest.param("CPUQuota=50%\nCPUQuotaPeriodSec=9s", {"cpu.max": "500000 1000000"}, id="a second at most"),
        ("AllowedCPUs=0-2 5,7\nAllowedMemoryNodes=0", {"cpuset.cpus": "0-2,5,7", "cpuset.mems": "0"}),
        ("MemoryMax=1.5G\nMemoryHigh=1G", {"memory.max": str(3 * GIB // 2), "memory.high": str(GIB)}),
        ("MemoryMax=25%\nMemorySwapMax=0", {"memory.max": str(2 * GIB), "memory.swap.max": "0"}),
        ("MemoryMin=10M\nMemoryLow=infinity", {"memory.min": str(10 * 2**20), "memory.low": "max"}),
        ("TasksMax=12", {"pids.max": "12"}),
        ("TasksMax=0.5%", {"pids.max": "150"}),
        ("IOWeight=10", {"io.weight": "default 10"}),
        pytest.param("MemoryMax=1G\nMemoryMax=\nTasksMax=infinity\nMemoryMin=0", {}, id="nothing that limits"),
        pytest.param("MemoryAccounting=yes\nCPUAccounting=no", {}, id="whatever has a group is counted"),
    ],
)
def test_control_files(lines, files):
    assert written(lines) == files


def test_every_file_is_a_directives_and_every_directive_has_a_controller():
    counted = {"CPUAccounting", "MemoryAccounting", "TasksAccounting"}
    assert set(FILES.values()) | {"CPUQuotaPeriodSec"} | counted == set(CONTROLLERS)
    assert {CONTROLLERS[name] for name in FILES.values()} | {"pids"} == {file.split(".")[0] for file in FILES}
    assert DIRECTIVES.keys() >= CONTROLLERS.keys()


def test_a_part_of_what_nobody_knows_is_no_limit():
    service = Service("a", memory_max="50%", tasks_max="50%")
    assert control_files(service, memory=GIB, tasks=0) == {"memory.max": str(GIB // 2), "pids.max": "max"}


def test_a_service_without_any_needs_no_group():
    assert control_files(Service("a"), memory=GIB, tasks=1) == {}
