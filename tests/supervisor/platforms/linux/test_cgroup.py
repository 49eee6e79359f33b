"""What is written to the control groups: to a folder that looks like one, for no test may count on controllers."""

import os
from pathlib import Path

import pytest
from adopting import adopting
from polling import until

from farmhand.supervisor.platforms import Order, cgroup

SHARES = {"memory.max": "1000", "pids.max": "7"}


@pytest.fixture
def base(tmp_path):
    """A group that may share memory, processors and processes out."""
    for name, text in {"cgroup.controllers": "cpu memory pids", "cgroup.subtree_control": ""}.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def unit(base, *files):
    """Make a service's group as the kernel would, with these control files."""
    (base / "a.service").mkdir()
    for file in files:
        (base / "a.service" / file).touch()
    return base / "a.service"


def test_a_services_group_gets_what_is_written_for_it(base):
    group = unit(base, *SHARES)
    assert cgroup.share(base, "a", SHARES) == frozenset()
    assert {file: (group / file).read_text() for file in SHARES} == SHARES
    assert (base / "cgroup.subtree_control").read_text().startswith("+pids")
    assert cgroup.home(base, "a") == str(group)
    assert cgroup.home(base, "other") == base


def test_what_the_kernel_does_not_offer_is_told(base):
    unit(base, "pids.max")
    assert cgroup.share(base, "a", {**SHARES, "io.weight": "default 5"}) == {"memory.max", "io.weight"}
    assert cgroup.share(None, "a", SHARES) == SHARES.keys()


def test_what_may_be_shared_out_is_known_before(base, tmp_path):
    assert cgroup.offered(base) == {"cpu", "memory", "pids"}
    assert cgroup.offered(None) == cgroup.offered(tmp_path / "nowhere") == frozenset()


def test_a_group_with_members_is_left_for_a_group_of_our_own(base):
    """The kernel refuses to share a group out while it has members: so does a file that cannot be written."""
    (base / "cgroup.subtree_control").unlink()
    os.mkdir(base / "cgroup.subtree_control")
    ours = base / "farmhand-supervisor"
    ours.mkdir()
    (ours / "cgroup.procs").touch()
    unit(base, *SHARES)
    cgroup.share(base, "a", SHARES)
    assert (ours / "cgroup.procs").read_text() == str(os.getpid())


def test_the_group_of_a_service_goes_with_its_last_tree(base):
    (base / "a.service").mkdir()
    leaves = [cgroup.Leaf(f"{base}/a.service/{name}") for name in ("one", "two")]
    for leaf in leaves:
        os.mkdir(leaf.path)
    leaves[0].remove()
    assert (base / "a.service").exists()
    leaves[1].remove()
    assert not (base / "a.service").exists()
    assert base.exists()


@pytest.mark.skipif(cgroup.base() is None, reason="no control group may be made here")
def test_a_services_trees_are_in_its_group():
    """As it really is: the group is there even where the kernel shares nothing out."""
    unit = f"farmhand-test-{os.getpid()}"
    group = Path(cgroup.base(), f"{unit}.service")
    with adopting(cgroups=True) as platform:
        platform.share(unit, {"pids.max": "100"})
        tree = platform.spawn(Order("/bin/sleep", ["sleep", "100"], dict(os.environ), "", unit=unit))
        try:
            assert f"/{unit}.service/farmhand-tree-{tree.pid}-" in Path(f"/proc/{tree.pid}/cgroup").read_text()
        finally:
            tree.kill()
            until(tree.poll, "the end of the tree")
            tree.close()
    assert not group.exists()


def test_groups_that_a_killed_owner_left_are_removed_and_others_are_not(tmp_path):
    left = [tmp_path / "farmhand-tree-1-1", tmp_path / "a.service" / "farmhand-tree-2-2"]
    others = [tmp_path / "farmhand-tree-3-3" / "inhabited", tmp_path / "somebody-else"]
    for folder in (*left, *others):
        folder.mkdir(parents=True)
    (others[0] / "cgroup.procs").touch()  # what keeps this folder stands for what keeps a group: a member
    cgroup.sweep(tmp_path)
    assert not any(folder.exists() for folder in left)
    assert all(folder.exists() for folder in others)
