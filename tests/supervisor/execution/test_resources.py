"""What a service's control groups count, and which processors its NUMA nodes have."""

import os

import pytest

from farmhand.supervisor.execution import resources
from farmhand.units.dialects import systemd


def service(*lines):
    return systemd.read("a.service", "\n".join(("[Service]", "ExecStart=/bin/true", *lines, ""))).service


def test_what_several_groups_count_is_added_up(tmp_path):
    folders = []
    for name, usec, tasks in (("one", 5, 2), ("two", 7, 1)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "cpu.stat").write_text(f"usage_usec {usec}\nuser_usec 1\n")
        (folder / "pids.current").write_text(f"{tasks}\n")
        folders.append(str(folder))
    assert resources.used(folders) == {"CPUUsageNSec": 12_000, "TasksCurrent": 3}


def test_what_the_group_of_a_service_counts_counts_for_its_trees(tmp_path):
    trees = [tmp_path / "a.service" / name for name in ("one", "two")]
    for tree in trees:
        tree.mkdir(parents=True)
    (tmp_path / "a.service" / "memory.current").write_text("4096\n")
    assert resources.used(list(map(str, trees))) == {"MemoryCurrent": 4096}


@pytest.mark.parametrize(
    ("folders", "path"),
    [
        ([], ""),
        (["/sys/fs/cgroup/a/farmhand-1"], "/a/farmhand-1"),
        (["/sys/fs/cgroup/unified/a"], "/a"),
        (["/sys/fs/cgroup/a/b.service/farmhand-1", "/sys/fs/cgroup/a/b.service/farmhand-2"], "/a/b.service"),
    ],
)
def test_a_group_is_shown_as_a_path_in_its_hierarchy(folders, path):
    assert resources.group_of(folders) == path


@pytest.mark.parametrize(
    ("lines", "processors"),
    [
        ((), None),
        (("CPUAffinity=0-1",), frozenset({0, 1})),
        (("CPUAffinity=numa",), frozenset()),
        (("CPUAffinity=numa", "NUMAMask=99"), frozenset()),
        (("CPUAffinity=numa", "NUMAMask=0", "NUMAMask="), frozenset()),
    ],
)
def test_the_processors_of_a_service(lines, processors):
    assert resources.cpus_of(service(*lines)) == processors


@pytest.mark.skipif(not os.path.exists("/sys/devices/system/node/node0"), reason="needs NUMA nodes")
def test_a_node_stands_for_its_processors():
    assert resources.cpus_of(service("CPUAffinity=numa", "NUMAMask=0"))
    assert resources.cpus_of(service("CPUAffinity=numa", "NUMAMask=all"))
