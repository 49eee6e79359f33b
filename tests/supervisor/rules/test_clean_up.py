"""When the RuntimeDirectory= and the credentials of a run go; systemd.exec(5), RuntimeDirectoryPreserve=."""

import pytest
from world import World, service

from farmhand.supervisor.rules.exitstatus import Exit
from farmhand.units.spec import ExecDirectory

ALL, SOME = "clean up", "clean up but RuntimeDirectory="


def cleaned(world):
    return [what for _, what in world.log if what.startswith("clean up")]


@pytest.fixture
def world():
    def make(**directives):
        world = World(service(runtime_directory=(ExecDirectory("a"),), **directives))
        world.start()
        return world

    return make


@pytest.mark.parametrize(
    ("preserve", "stop", "restart", "crash"),
    [("no", ALL, ALL, ALL), ("yes", SOME, SOME, SOME), ("restart", ALL, SOME, SOME)],
)
def test_whether_a_runtime_directory_is_kept(world, preserve, stop, restart, crash):
    directives = {"runtime_directory_preserve": preserve, "restart": "on-failure"}
    stopped, restarted, crashed = (world(**directives) for _ in range(3))
    stopped.stop()
    restarted.restart()
    crashed.ends(Exit(code=1))
    assert [cleaned(each) for each in (stopped, restarted, crashed)] == [[stop], [restart], [crash]]


def test_nothing_goes_before_the_last_command_has_ended(world):
    stopped = world(exec_stop_post="/bin/post")
    stopped.stop()
    assert cleaned(stopped) == []
    stopped.command_ends()
    assert cleaned(stopped) == [ALL]


def test_credentials_go_with_each_run():
    world = World(service(set_credential={"a": "b"}))
    world.start()
    world.restart()
    world.stop()
    assert cleaned(world) == [ALL, ALL]


def test_a_service_without_any_leaves_nothing():
    world = World(service())
    world.start()
    world.stop()
    assert cleaned(world) == []
