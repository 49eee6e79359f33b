"""What every platform's process trees have to keep: the same tests everywhere, with children that run everywhere."""

import json
import os
import sys
import time
from dataclasses import replace

import psutil
import pytest
from child import command

from farmhand.supervisor.platforms import native
from farmhand.supervisor.rules.exitstatus import Exit
from farmhand.units.spec import Service

# Ends with the test's last word, whatever becomes of the others.
SLEEPS = "sleep()"

# Leaves behind a process that is nobody's, in no session or console of others, and deaf.
DAEMON = """detach('deaf(); note("daemon"); sleep()'); wait_for("daemon")"""

# Keeps nothing by which it could be found but its parent.
NAMELESS = """begin('note("nameless"); sleep()', env=bare(), start_new_session=True); wait_for("nameless")"""

# Each process is gone as soon as it is seen, but for its child.
RUNNER = "note('ran'); time.time() < {end} and begin(sys.argv[1], start_new_session=True)"
HYDRA = "note('ran')\nfor _ in range({heads}): time.time() < {end} and begin(sys.argv[1].replace('(3)', '(1)'))"
FOR_AS_LONG_AS = 60

# Variables that a process has from its own beginning on, whatever it was given: of Python, and of Wine.
OF_THE_SYSTEM = {"LC_CTYPE", "SYSTEMDRIVE", *(name for name in os.environ if name.startswith("WINE"))}

# An owner of trees that is itself a member of one: what the worker is to the supervisor.
OWNER = """
import sys, time
from farmhand.supervisor.platforms import Order
{native}
platform.adopt_orphans()
tree = platform.spawn(Order(sys.argv[2], sys.argv[2:], dict({env}), sys.argv[1], cwd={folder!r}))
time.sleep(1000)
"""

# Waits as a loop does until it is asked to stop.
HEEDING = """
import os, sys, threading
{native}
heard = []
platform.adopt_orphans()
platform.on_signals(lambda name: heard.append((name, threading.current_thread() is threading.main_thread())))
selector = platform.selector()
selector.register(platform.fileno(), 1)
open("up", "w").write("up")
while not heard:
    selector.select()
    platform.reap_strangers()
sys.exit(7 if heard == [(sys.argv[1], True)] else repr(heard))
"""


def on(shell, **answers):
    """Return the answer for the platform; `others` is for those that are not named."""
    return answers.get(shell.platform.name, answers.get("others"))


def started(shell, script, *files, **order):
    """Start a child and wait until it has written these files; return the tree."""
    tree = shell.child(script, **order)
    for file in files:
        shell.text_in(file)
    return tree


# -- exits


@pytest.mark.parametrize("code", [0, 1, 47, 255])
def test_an_exit_is_noticed_and_its_code_told(shell, code):
    assert shell.exit_of(shell.child(f"sys.exit({code})")) == Exit(code=code)


def test_an_exit_is_told_while_a_descendant_holds_the_output(shell):
    reader, writer = os.pipe()
    tree = shell.child("begin('sleep()'); sys.exit(3)", stdout=writer)
    os.close(writer)
    assert shell.exit_of(tree) == Exit(code=3)
    assert len(tree.members()) == 1
    shell.end(tree)
    assert os.read(reader, 1) == b""
    os.close(reader)


def test_nothing_is_readable_while_the_main_process_runs(shell):
    tree = shell.child(SLEEPS)
    assert not shell.readable(tree.fileno(), 0.05)
    assert tree.poll() is None


def test_many_that_end_at_once_are_all_noticed(shell):
    trees = [shell.child(f"wait_for('go'); sys.exit({n})") for n in range(20)]
    (shell.folder / "go").touch()
    assert [shell.exit_of(tree).code for tree in trees] == list(range(20))


def test_an_exit_is_told_as_often_as_it_is_asked_for(shell):
    tree = shell.child("sys.exit(5)")
    shell.exit_of(tree)
    assert tree.poll() == tree.poll() == Exit(code=5)


# -- who is in a tree


def test_a_tree_has_its_descendants_and_no_others(shell):
    other = shell.child("""begin('note("other"); sleep()'); sleep()""")
    tree = shell.child("""begin('note("child"); sleep()'); sleep()""")
    child, stranger = shell.pid_in("child"), shell.pid_in("other")
    assert tree.members() == {tree.pid, child}
    assert other.members() == {other.pid, stranger}


def test_a_daemon_is_a_member_also_after_the_main_process(shell):
    tree = shell.child(DAEMON)
    daemon = shell.pid_in("daemon")
    assert shell.exit_of(tree) == Exit(code=0)
    assert tree.members() == {daemon}


def test_a_member_that_cleared_its_environment_is_remembered(shell):
    tree = started(shell, f"{NAMELESS}; wait_for('end')", "nameless")
    nameless = shell.pid_in("nameless")
    assert nameless in tree.members()
    (shell.folder / "end").touch()
    shell.exit_of(tree)
    assert tree.members() == {nameless}


def test_nobody_is_in_a_tree_that_has_ended(shell):
    tree = shell.child("begin('pass').wait()")
    shell.exit_of(tree)
    shell.until_empty(tree)
    assert tree.members() == frozenset()


def test_the_trees_of_a_killed_owner_are_members_of_its_own(shell):
    """Where jobs are, they end with their owner: at once."""
    tree = shell.python(*owner(shell, "task"), cwd=str(shell.folder))
    daemon = shell.pid_in("daemon")
    assert daemon in tree.members()
    tree.signal("SIGKILL", whom="main")
    assert shell.exit_of(tree) == Exit(signal="SIGKILL")
    assert on(shell, windows=True) or daemon in tree.members()
    shell.end(tree)
    assert not shell.alive(daemon)


def owner(shell, mark):
    """Return the words of an owner of a tree that has a daemon in it."""
    script = OWNER.format(native=shell.native, env=needed(), folder=str(shell.folder))
    return script, mark, *command(f"{DAEMON}; sleep()")


# -- to stop and to kill


def test_a_process_may_answer_a_request_to_stop(shell):
    tree = started(shell, "heed(21); note('up'); sleep()", "up")
    tree.signal("SIGTERM", whom="main")
    assert shell.exit_of(tree) == Exit(code=21)


def test_a_request_to_stop_ends_who_says_nothing_to_it(shell):
    tree = started(shell, "note('up'); sleep()", "up")
    tree.signal("SIGTERM", whom="main")
    assert shell.exit_of(tree) == Exit(signal=on(shell, windows="SIGINT", others="SIGTERM"))


def test_a_request_to_all_reaches_descendants(shell):
    tree = started(shell, """begin('heed(0); note("child"); sleep()'); heed(0); note("up"); sleep()""", "up", "child")
    tree.signal("SIGTERM", whom="all")
    shell.exit_of(tree)
    shell.until_empty(tree)


def test_a_request_to_one_tree_is_no_other_ones(shell):
    tree, other = (started(shell, f"heed(0); note('{name}'); sleep()", name) for name in ("one", "two"))
    tree.signal("SIGTERM", whom="all")
    shell.exit_of(tree)
    assert not shell.readable(other.fileno(), 0.2)
    assert other.poll() is None


def test_who_is_deaf_to_requests_is_killed(shell):
    tree = started(shell, f"{DAEMON}; deaf(); note('up'); sleep()", "up")
    daemon = shell.pid_in("daemon")
    tree.signal("SIGTERM", whom="all")
    assert not shell.readable(tree.fileno(), 0.3)
    assert tree.poll() is None
    tree.signal("SIGKILL", whom="main")
    assert shell.exit_of(tree) == Exit(signal="SIGKILL")
    assert tree.members() == {daemon}
    shell.end(tree)
    assert not shell.alive(daemon)


@pytest.mark.parametrize(
    "script", [RUNNER, HYDRA.replace("{heads}", "(3)")], ids=["one after another", "three at once"]
)
def test_who_begets_others_all_the_time_is_killed(shell, script):
    tree = started(shell, script.format(end=time.time() + FOR_AS_LONG_AS), "ran")
    shell.exit_of(tree)
    shell.end(tree)


def test_a_killed_tree_tells_how_it_ended(shell):
    tree = started(shell, "deaf(); note('up'); sleep()", "up")
    tree.kill()
    assert shell.exit_of(tree) == Exit(signal="SIGKILL")


def test_a_signal_to_who_is_gone_is_no_error(shell):
    tree = shell.child("sys.exit(0)")
    shell.exit_of(tree)
    tree.signal("SIGTERM", whom="main")
    tree.signal("SIGTERM", whom="all")
    tree.signal("SIGKILL", whom="main")
    tree.signal("SIGKILL", whom="all")
    tree.kill()
    assert tree.members() == frozenset()


# -- another main process


@pytest.mark.parametrize("ending", ["after", "before"], ids=["a child of ours", "still another's child"])
def test_another_member_can_lead(shell, ending):
    tree = shell.child("""begin('note("next"); wait_for("go"); sys.exit(5)'); wait_for("end")""")
    first, following = tree.pid, shell.pid_in("next")
    if ending == "after":
        (shell.folder / "end").touch()
        shell.exit_of(tree)
        assert tree.orphans() == on(shell, linux={following}, others=frozenset())
    led = tree.lead(following)
    assert led is on(shell, posix=False, others=True)  # there nobody tells when it ends
    if not led:
        return
    assert (tree.pid, tree.poll(), shell.readable(tree.fileno())) == (following, None, False)
    assert tree.members() >= ({following} if ending == "after" else {first, following})
    (shell.folder / "end").touch()
    shell.until(lambda: shell.platform.reap_strangers() or not shell.alive(first))
    (shell.folder / "go").touch()
    assert shell.exit_of(tree) == Exit(code=5)
    shell.until_empty(tree)


def test_nobody_leads_who_is_no_member(shell):
    tree, other = shell.child(SLEEPS), shell.child(SLEEPS)
    assert not tree.lead(other.pid)
    assert tree.members() == {tree.pid}


# -- what is refused


@pytest.mark.parametrize(
    ("order", "code", "words"),
    [
        ({"program": os.path.abspath("/nowhere/program")}, 203, "cannot execute {program}: "),
        ({"program": __file__}, 203, "cannot execute {program}: "),
        ({"cwd": os.path.abspath("/nowhere")}, 200, "cannot change to {cwd}: No such file or directory"),
        ({"refused": (217, "who is that?")}, 217, "who is that?"),
    ],
    ids=["no program there", "no program", "no folder", "known before"],
)
def test_what_the_system_refuses_has_systemds_exit_code(shell, order, code, words):
    tree = shell.child("sys.exit(0)", **order)
    if (told := tree.exec_fileno()) is not None:
        assert shell.readable(told, 10)
    assert tree.refusal().startswith(words.format(**{"program": "", **order}))
    assert shell.exit_of(tree) == Exit(code=code)
    assert tree.members() == frozenset()
    tree.signal("SIGTERM", whom="main")
    tree.kill()


def test_what_runs_was_not_refused(shell):
    tree = shell.child(SLEEPS)
    if (told := tree.exec_fileno()) is not None:
        assert shell.readable(told, 10)
    assert (tree.refusal(), tree.poll()) == (None, None)


# -- what a process is given


def test_a_child_has_the_environment_it_was_given_and_its_mark(shell):
    given = {"GIVEN": "grün", "EMPTY": "", "LINES": "a\nb", "EQUALS": "a=b=c"}
    shell.child(
        "import json; note('env', json.dumps(dict(os.environ)))", bare_env={**given, **needed()}, mark="its-own"
    )
    env = json.loads(shell.text_in("env"))
    assert {name: env.get(name) for name in given} == given
    assert env["INVOCATION_ID"] == "its-own"
    assert os.environ.keys() & env.keys() <= {*given, *needed(), "INVOCATION_ID", "FARMHAND_TREE", *OF_THE_SYSTEM}


def needed():
    """Return the variables without which no program can run here."""
    return {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}


def test_a_child_has_the_words_it_was_given(shell):
    words = ["a b", 'say "hello"', "back\\", 'back\\"', "", "grün 日本", "%PATH%", "a&b|c", "tab\there", "'single'"]
    script = "import json; note('words', json.dumps(sys.argv[2:]))"
    shell.spawn(*command(script), *words, cwd=str(shell.folder))
    assert json.loads(shell.text_in("words")) == words


def test_a_child_has_three_files_of_its_own(shell):
    paths = [shell.folder / name for name in ("in", "out", "err")]
    paths[0].write_bytes(b"read")
    with paths[0].open("rb") as given, paths[1].open("wb") as out, paths[2].open("wb") as err:
        script = "sys.stdout.write(sys.stdin.read() + ' and told'); sys.stderr.write('wrong')"
        tree = shell.child(script, stdin=given.fileno(), stdout=out.fileno(), stderr=err.fileno())
        assert shell.exit_of(tree) == Exit(code=0)
    assert [path.read_bytes() for path in paths[1:]] == [b"read and told", b"wrong"]


def test_files_that_are_not_given_are_empty(shell):
    tree = shell.child("print('lost'); sys.exit(len(sys.stdin.read()))", stdout=None, stderr=None)
    assert shell.exit_of(tree) == Exit(code=0)


@pytest.mark.parametrize(("folder", "optional"), [("its own", False), ("nowhere", True)])
def test_a_child_is_in_its_folder(shell, folder, optional):
    wanted = shell.folder / folder
    if not optional:
        wanted.mkdir()
    told = str(shell.folder / "told")
    shell.child(f"note({told!r}, os.getcwd())", cwd=str(wanted), cwd_optional=optional)
    expected = os.getcwd() if optional else str(wanted)
    assert os.path.samefile(shell.text_in("told"), expected)


def test_a_child_is_as_favoured_as_ordered(shell):
    tree = shell.child(SLEEPS, nice=7)
    wanted = 7 if sys.platform != "win32" else psutil.BELOW_NORMAL_PRIORITY_CLASS
    shell.until(lambda: psutil.Process(tree.pid).nice() == wanted)


def test_a_child_runs_on_the_processors_it_may(shell):
    tree = started(shell, "note('up'); sleep()", "up", cpus={0})
    everywhere = psutil.Process().cpu_affinity()
    wanted = on(shell, posix=everywhere, others=[0])  # there is no such thing there, and it is left out
    assert psutil.Process(tree.pid).cpu_affinity() == wanted


# -- the next owner


@pytest.mark.parametrize("own", [True, False], ids=["by the same process", "by another"])
def test_a_tree_is_adopted_as_it_was_kept(shell, own):
    """Where nobody outlives an owner, the next one finds all of it ended."""
    begets = """begin('sleep()'); detach('note("far"); sleep()'); wait_for("far"); note("up")"""
    tree = started(shell, f"{begets}; wait_for('go'); sys.exit(5)", "up")
    shell.until(lambda: len(tree.members()) >= 3)
    adopted = shell.successor().adopt(tree.kept(), own=own)
    if shell.platform.name == "windows":
        assert (adopted.pid, adopted.poll(), adopted.members()) == (tree.pid, Exit(lost=True), frozenset())
        shell.until_empty(tree)
        return
    assert (adopted.pid, adopted.poll(), shell.readable(adopted.fileno())) == (tree.pid, None, False)
    shell.until(lambda: adopted.members() == tree.members())
    (shell.folder / "go").touch()
    shell.until(lambda: shell.readable(adopted.fileno()) or adopted.poll())
    exit = shell.until(adopted.poll)
    assert exit == Exit(code=5) or (exit.lost and not own)
    adopted.kill()
    shell.until(lambda: not adopted.members())
    adopted.close()


def test_what_ended_before_it_was_adopted_is_lost(shell):
    tree = shell.child(SLEEPS)
    kept = tree.kept()
    tree.kill()
    shell.exit_of(tree)
    adopted = shell.successor().adopt(kept, own=False)
    assert (adopted.poll(), shell.readable(adopted.fileno(), 10)) == (Exit(lost=True), True)
    assert adopted.members() == frozenset()
    adopted.close()


def test_how_a_main_process_ended_is_kept(shell):
    tree = shell.child("sys.exit(47)")
    shell.exit_of(tree)
    adopted = shell.successor().adopt(tree.kept(), own=False)
    assert adopted.poll() == Exit(code=47)
    adopted.close()


def test_nobody_is_adopted_who_has_only_got_the_id(shell):
    tree = shell.child(SLEEPS)
    kept = tree.kept()
    shell.end(tree)
    stranger = shell.child(SLEEPS)
    false = replace(kept, pid=stranger.pid, start=kept.start - 1, session=stranger.pid, members=(), group="")
    adopted = shell.successor().adopt(false, own=False)
    assert (adopted.poll(), adopted.members()) == (Exit(lost=True), frozenset())
    adopted.signal("SIGKILL", whom="all")
    adopted.kill()
    assert not shell.readable(stranger.fileno(), 0.05)
    assert stranger.poll() is None
    adopted.close()


def test_what_a_killed_owner_left_is_ended_by_its_mark(shell):
    mark = f"left-{os.getpid()}"
    tree = shell.python(*owner(shell, mark), cwd=str(shell.folder))
    daemon = shell.pid_in("daemon")
    tree.signal("SIGKILL", whom="main")
    shell.exit_of(tree)
    ended = shell.successor().end_marked(frozenset({mark}), [])
    assert daemon in ended or shell.platform.name == "windows"  # there it ended with its owner
    shell.until(lambda: not shell.alive(daemon))


def test_the_epoch_is_the_same_for_every_owner(shell):
    assert shell.platform.epoch() == shell.successor().epoch() != ""


def test_this_machine_has_a_platform(shell):
    assert native().name in {"linux", "windows"}
    assert native().unmet(Service("a")) == frozenset()


# -- waiting


def test_a_wait_ends_when_its_time_is_up(shell):
    tree = shell.child(SLEEPS)
    begun = time.monotonic()
    assert shell.ready([tree.fileno()], 0.1) == []
    assert 0.09 < time.monotonic() - begun < 5


def test_who_is_not_watched_any_more_is_not_told_of(shell):
    tree = started(shell, "note('up'); wait_for('go')", "up")
    assert not shell.readable(tree.fileno())
    (shell.folder / "go").touch()
    shell.until(tree.poll)
    assert tree.fileno() not in shell.ready([shell.platform.fileno()], 0.05)
    assert shell.readable(tree.fileno(), 10)


def test_a_loop_hears_that_it_is_asked_to_stop(shell):
    script = HEEDING.format(native=shell.native)
    tree = shell.python(script, on(shell, windows="SIGINT", others="SIGTERM"), cwd=str(shell.folder))
    shell.text_in("up")
    tree.signal("SIGTERM", whom="main")
    assert shell.exit_of(tree) == Exit(code=7)


def test_a_notify_socket_hears_its_senders(shell):
    notify = shell.platform.notify_socket()
    assert notify.receive() == []
    tree = shell.child("tell(b'READY=1', b'STATUS=x')", env={"NOTIFY_SOCKET": notify.address})
    heard = []
    while len(heard) < 2:
        assert shell.readable(notify.fileno(), 20)
        heard += notify.receive()
    assert [datagram.data for datagram in heard] == [b"READY=1", b"STATUS=x"]
    if shell.platform.name == "linux":
        assert {(datagram.pid, datagram.uid) for datagram in heard} == {(tree.pid, os.getuid())}
    assert shell.exit_of(tree) == Exit(code=0)
    notify.close()


# -- what it costs


def test_close_gives_everything_back(shell):
    one_of_each(shell)
    before = held()
    for _ in range(3):
        one_of_each(shell)
    assert held() == before


def one_of_each(shell):
    for order in ({}, {"nice": 1}, {"cwd": os.path.abspath("/nowhere")}):
        tree = shell.child("sys.exit(0)", **order)
        shell.exit_of(tree)
        shell.until_empty(tree)
        tree.close()


def held():
    """Return how many descriptors there are; where there are handles, the first number that is free."""
    if sys.platform != "win32":
        return len(os.listdir("/dev/fd"))
    from farmhand.supervisor.platforms.windows import calls

    event = calls.create_event()
    calls.close(event)
    return event
