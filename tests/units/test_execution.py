"""Values of systemd.exec(5) and systemd.resource-control(5) that need kinds of their own, read as systemd 252 does."""

import pytest

from farmhand.units.dialects import systemd
from farmhand.units.errors import BadConfig
from farmhand.units.spec import ExecDirectory, Service


def read(lines):
    return systemd.read("a.service", f"[Service]\nExecStart=/bin/true\n{lines}\n")


def folders(*names, **links):
    return tuple(ExecDirectory(name, tuple(links.get(name, ()))) for name in names)


@pytest.mark.parametrize(
    ("lines", "field", "value"),
    [
        ("RuntimeDirectory=b a b", "runtime_directory", folders("a", "b")),
        (
            "RuntimeDirectory=a//b/ 'q u' a\\x20b %p-x a%%b",
            "runtime_directory",
            folders("a b", "a%b", "a-x", "a/b", "q u"),
        ),
        ("RuntimeDirectory=a:link a:other", "runtime_directory", folders("a", a=("link", "other"))),
        ("RuntimeDirectory=a:link:ignored", "runtime_directory", folders("a", a=("link",))),
        ("RuntimeDirectory=a b:/abs ../x /y . private private/z c:../d", "runtime_directory", folders("a")),
        ("RuntimeDirectory=a\nRuntimeDirectory=", "runtime_directory", ()),
        ("ConfigurationDirectory=a:link b", "configuration_directory", folders("b")),
        ("StateDirectoryMode=4755", "state_directory_mode", 0o4755),
        ("StateDirectoryMode=10000", "state_directory_mode", 0o755),
        ("RuntimeDirectoryPreserve=true", "runtime_directory_preserve", "yes"),
        ("RuntimeDirectoryPreserve=restart\nRuntimeDirectoryPreserve=bogus", "runtime_directory_preserve", "restart"),
        ("ExecSearchPath=/a//b/:/c\nExecSearchPath=/c:/d", "exec_search_path", ("/a/b", "/c", "/c", "/d")),
        ("ExecSearchPath=/a:relative:/b", "exec_search_path", ("/a",)),
        (r"ExecSearchPath=C:\a:D:/b::/c", "exec_search_path", ("C:\\a", "D:/b", "/c")),
        ("CPUSchedulingPriority=5\nCPUSchedulingPolicy=fifo", "cpu_scheduling_priority", 5),
        ("CPUSchedulingPriority=5\nCPUSchedulingPolicy=other", "cpu_scheduling_priority", 0),
        ("CPUSchedulingPriority=0\nCPUSchedulingPolicy=rr", "cpu_scheduling_priority", 1),
        ("CPUSchedulingPolicy=rr\nCPUSchedulingPriority=0", "cpu_scheduling_priority", 0),
        ("CPUSchedulingPriority=5\nCPUSchedulingPolicy=", "cpu_scheduling_priority", None),
        ("IOSchedulingPriority=5\nIOSchedulingClass=", "io_scheduling_priority", None),
        ("IOSchedulingClass=idle\nIOSchedulingPriority=", "io_scheduling_class", None),
        ("IOSchedulingPriority=0\nIOSchedulingClass=none", "io_scheduling_priority", None),
        ("RootDirectory=/a/\nRootDirectory=", "root_directory", None),
        (f"TTYPath=/{'x' * 255}", "tty_path", f"/{'x' * 255}"),
        (f"TTYPath=/{'ä' * 128}", "tty_path", None),
        (f"TTYPath={'/x' * 2048}", "tty_path", None),
        ("TimerSlackNSec=5us", "timer_slack_nsec", 5000),
        ("TimerSlackNSec=10", "timer_slack_nsec", 10),
        ("TimerSlackNSec=10\nTimerSlackNSec=", "timer_slack_nsec", 10),
        ("CPUAffinity=\"0\" '1-2',0x8", "cpu_affinity", frozenset({0, 1, 2, 8})),
        ('CPUAffinity="0,1"', "cpu_affinity", None),
        ("TimerSlackNSec=x", "timer_slack_nsec", None),
        ("CoredumpFilter=private-anonymous elf-headers", "coredump_filter", 0x11),
        ("CoredumpFilter=7\nCoredumpFilter=0x8", "coredump_filter", 0xF),
        ("CoredumpFilter=default bogus", "coredump_filter", None),
        ("Personality=bogus", "personality", None),
        ("StandardInputText=a\\tb %p\nStandardInputText=c", "standard_input_data", "a\tb a\nc\n"),
        ("StandardInputText=a\nStandardInputText=\nStandardInputText=b", "standard_input_data", "b\n"),
        ("StandardInputData=aGVs bG8K", "standard_input_data", "hello\n"),
        ("StandardInputData=***", "standard_input_data", ""),
        ("TTYPath=relative", "tty_path", None),
        ("SetCredential=a:x\nSetCredential=a:b\\n%%\\x00", "set_credential", {"a": "b\n%%\0"}),
        ("SetCredential=a/b:x\nSetCredential=a\nSetCredential=a:\nSetCredential=a:\\q", "set_credential", {}),
        ("LoadCredential=a\nLoadCredential=b:/x//y\nLoadCredential=%p:c", "load_credential", {"a": "c", "b": "/x/y"}),
        ("LoadCredential=a:b/c", "load_credential", {}),
        ("SetLoginEnvironment=no", "set_login_environment", False),
    ],
)
def test_execution(lines, field, value):
    service = read(lines).service
    assert getattr(service, field) == value
    again = systemd.read("a.service", systemd.write(service).text).service
    assert getattr(again, field) == value


@pytest.mark.parametrize("path", ["relative", "-/optional", "/up/../again", "~"])
def test_a_bad_root_directory_is_refused_with_the_unit(path):
    with pytest.raises(BadConfig, match="RootDirectory"):
        read(f"RootDirectory={path}")


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("CPUWeight=50", "cpu_weight", 50),
        ("CPUWeight=idle", "cpu_weight", 0),
        ("CPUWeight=0", "cpu_weight", None),
        ("CPUWeight=10001", "cpu_weight", None),
        ("IOWeight=idle", "io_weight", None),
        ("CPUQuota=12.5%", "cpu_quota", 0.125),
        ("CPUQuota=200%", "cpu_quota", 2.0),
        ("CPUQuota=0", "cpu_quota", None),
        ("CPUQuota=0%", "cpu_quota", None),
        ("CPUQuotaPeriodSec=50ms", "cpu_quota_period_sec", 0.05),
        ("MemoryMax=1.5G", "memory_max", str(3 * 2**29)),
        ("MemoryMax=50%", "memory_max", "50%"),
        ("MemoryMax=125‰", "memory_max", "12.5%"),
        ("MemoryMax=110%", "memory_max", "infinity"),
        ("MemoryMax=0", "memory_max", "infinity"),
        ("MemoryMax=1K\nMemoryMax=x", "memory_max", "1024"),
        ("MemorySwapMax=0", "memory_swap_max", "0"),
        ("MemoryMin=0%", "memory_min", "0%"),
        ("TasksMax=10", "tasks_max", "10"),
        ("TasksMax=10K", "tasks_max", "infinity"),
        ("TasksMax=0", "tasks_max", "infinity"),
        ("AllowedCPUs=0-1 3", "allowed_cpus", frozenset({0, 1, 3})),
        ("AllowedCPUs=x", "allowed_cpus", None),
        ("MemoryAccounting=no", "memory_accounting", False),
    ],
)
def test_shares(line, field, value):
    service = read(line).service
    assert getattr(service, field) == value
    again = systemd.read("a.service", systemd.write(service).text).service
    assert getattr(again, field) == value


def test_nothing_is_written_for_a_service_that_says_nothing():
    lines = systemd.write(Service("a", exec_start=read("").service.exec_start)).text.splitlines()
    assert [line for line in lines if "=" in line] == ["ExecStart=/bin/true"]
