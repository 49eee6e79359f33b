"""What `show` says of a service's processes and shares, as `systemctl show` of systemd 252 does."""

import pytest

from farmhand.supervisor.rules.setup_shown import scheduling_shown, setup_shown, shares_shown
from farmhand.units.dialects import systemd

GIB = 2**30


def shown(line):
    service = systemd.read("a.service", f"[Service]\nExecStart=/bin/true\n{line}\n").service
    return {**setup_shown(service, {}), **shares_shown(service, memory=8 * GIB, tasks=1000)}


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("RuntimeDirectory=b 'q u' a:link", "RuntimeDirectory", 'a b "q u"'),
        ("RuntimeDirectoryMode=4755", "RuntimeDirectoryMode", "4755"),
        ("RuntimeDirectoryPreserve=1", "RuntimeDirectoryPreserve", "yes"),
        ("", "StateDirectoryMode", "0755"),
        ("ExecSearchPath=/usr/bin:/opt", "ExecSearchPath", "/usr/bin /opt"),
        ("ExecSearchPath=/usr/bin /opt", "ExecSearchPath", '"/usr/bin /opt"'),
        ("TimerSlackNSec=5us", "TimerSlackNSec", "5000"),
        ("", "TimerSlackNSec", "50000"),
        ("TimerSlackNSec=0", "TimerSlackNSec", "0"),
        ("CoredumpFilter=7", "CoredumpFilter", "0x7"),
        ("", "CoredumpFilter", "0x33"),
        ("StandardInputText=b", "StandardInputData", "Ygo="),
        ("SetCredential=a:secret", "SetCredential", "[unprintable]"),
        ("CPUQuota=50%", "CPUQuotaPerSecUSec", "500ms"),
        ("", "CPUQuotaPerSecUSec", "infinity"),
        ("CPUQuotaPeriodSec=2s", "CPUQuotaPeriodUSec", "2s"),
        ("CPUWeight=idle", "CPUWeight", "idle"),
        ("", "CPUWeight", "[not set]"),
        ("IOWeight=50", "IOWeight", "50"),
        ("AllowedCPUs=0 3", "AllowedCPUs", "0 3"),
        ("MemoryMax=50%", "MemoryMax", str(4 * GIB)),
        ("", "MemoryMax", "infinity"),
        ("MemoryMin=1M", "MemoryMin", str(2**20)),
        ("TasksMax=1.5%", "TasksMax", "15"),
        ("LimitNOFILE=10:infinity", "LimitNOFILE", "infinity"),
        ("LimitNOFILE=10:infinity", "LimitNOFILESoft", "10"),
    ],
)
def test_values(line, name, value):
    assert shown(line)[name] == value


@pytest.mark.parametrize(
    ("lines", "name", "value"),
    [
        ("", "CPUSchedulingPolicy", "0"),
        ("CPUSchedulingPolicy=idle", "CPUSchedulingPolicy", "5"),
        ("CPUSchedulingPolicy=4", "CPUSchedulingPolicy", "4"),
        ("CPUSchedulingPolicy=2147483648", "CPUSchedulingPolicy", "0"),
        ("CPUSchedulingPolicy=rr", "CPUSchedulingPriority", "1"),
        ("CPUSchedulingPolicy=rr\nCPUSchedulingPriority=7", "CPUSchedulingPriority", "7"),
        ("CPUSchedulingResetOnFork=yes", "CPUSchedulingResetOnFork", "yes"),
        ("", "CPUAffinity", "0-1 3"),
        ("CPUAffinity=numa", "CPUAffinityFromNUMA", "yes"),
        ("CPUAffinity=numa\nCPUAffinity=1", "CPUAffinityFromNUMA", "no"),
        ("CPUAffinity=1\nCPUAffinity=numa", "CPUAffinityFromNUMA", "yes"),
        ("", "IOSchedulingClass", "2"),
        ("IOSchedulingClass=none", "IOSchedulingClass", "2"),
        ("IOSchedulingClass=idle", "IOSchedulingClass", "3"),
        ("IOSchedulingClass=7", "IOSchedulingClass", "7"),
        ("", "IOSchedulingPriority", "4"),
        ("IOSchedulingPriority=6", "IOSchedulingPriority", "6"),
    ],
)
def test_scheduling_is_shown_in_the_kernels_numbers(lines, name, value):
    service = systemd.read("a.service", f"[Service]\nExecStart=/bin/true\n{lines}\n").service
    assert scheduling_shown(service, {0, 1, 3})[name] == value
