"""What Windows adds to the contract: jobs and their limits, exit codes of 32 bits, console events, windows to close."""

import ctypes
import os
import sys
import time

import psutil
import pytest
from gaps import gap

from farmhand.supervisor.platforms.windows import calls, port
from farmhand.supervisor.rules.exitstatus import Exit

CTRL_C, CTRL_BREAK, CTRL_CLOSE, CTRL_LOGOFF, CTRL_SHUTDOWN = 0, 1, 2, 5, 6
MANY = 200  # more than the 64 that one call of Windows can wait for
MEBIBYTE = 1 << 20

# Exits with 5 if it may not begin a process that is in no job.
BREAKS_AWAY = """
try:
    begin("sleep()", creationflags=0x01000000)
except PermissionError:
    sys.exit(5)
"""

# Exits with 40 and the number of the console event that it gets.
HEEDS_EVENTS = """
import ctypes
heed_event = ctypes.WINFUNCTYPE(ctypes.c_int, ctypes.c_uint)(lambda number: os._exit(40 + number))
ctypes.windll.kernel32.SetConsoleCtrlHandler(heed_event, 1)
note("up")
sleep()
"""

# Has a window and no console; exits with 31 when the window has been closed.
HAS_WINDOW = """
import ctypes
from ctypes import wintypes
user = ctypes.WinDLL("user32")
user.CreateWindowExW.restype = wintypes.HWND
user.CreateWindowExW.argtypes = [wintypes.DWORD, wintypes.LPCWSTR, wintypes.LPCWSTR, wintypes.DWORD,
    *[ctypes.c_int] * 4, wintypes.HWND, wintypes.HMENU, wintypes.HINSTANCE, wintypes.LPVOID]
window = user.CreateWindowExW(0, "STATIC", "render", 0x00CF0000, 0, 0, 100, 100, None, None, None, None)
note("up", window)
message = wintypes.MSG()
user.IsWindow.argtypes = [wintypes.HWND]
while user.IsWindow(window) and user.GetMessageW(ctypes.byref(message), None, 0, 0) > 0:
    user.DispatchMessageW(ctypes.byref(message))
os._exit(31)
"""

# Waits as a loop does until it is asked to stop, and writes down by what.
HEEDING = """
import sys
{native}
heard = []
platform.on_signals(heard.append)
selector = platform.selector()
selector.register(platform.fileno(), 1)
open("up", "w").write("up")
while not heard:
    selector.select()
    platform.reap_strangers()
open("heard", "w").write(heard[0])
"""


def begun(shell, script, **order):
    tree = shell.child(script, **order)
    shell.text_in("up")
    return tree


def console_event(pid: int, number: int) -> None:
    """Have a process get a console event as the console's host would: by a thread of its own at CtrlRoutine."""
    kernel, base = ctypes.WinDLL("kernel32", use_last_error=True), ctypes.WinDLL("kernelbase")
    kernel.GetProcAddress.restype, kernel.GetProcAddress.argtypes = ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_char_p]
    kernel.OpenProcess.restype = kernel.CreateRemoteThread.restype = ctypes.c_void_p
    kernel.CreateRemoteThread.argtypes = [*[ctypes.c_void_p] * 2, ctypes.c_size_t, *[ctypes.c_void_p] * 2]
    kernel.CreateRemoteThread.argtypes += [ctypes.c_uint32, ctypes.c_void_p]
    routine = kernel.GetProcAddress(base._handle, b"CtrlRoutine")
    process = kernel.OpenProcess(0x1FFFFF, False, pid)
    assert kernel.CreateRemoteThread(process, None, 0, routine, number, 0, None), ctypes.get_last_error()
    kernel.CloseHandle(ctypes.c_void_p(process))


# -- exit codes


@pytest.mark.parametrize("code", [256, 0x7FFFFFFF, 0x80070005, 0xFFFFFFFF])
def test_an_exit_code_has_thirty_two_bits_and_no_sign(shell, code):
    script = f"import ctypes; ctypes.windll.kernel32.ExitProcess(ctypes.c_uint({code}))"
    assert shell.exit_of(shell.child(script)) == Exit(code=code)


def test_a_crash_is_told_from_an_exit(shell):
    script = "import ctypes, faulthandler; ctypes.windll.kernel32.SetErrorMode(3); faulthandler._read_null()"
    assert shell.exit_of(shell.child(script)) == Exit(signal="SIGSEGV")


@gap("abort")
def test_abort_is_a_crash(shell):
    assert shell.exit_of(shell.child("os.abort()")) == Exit(signal="SIGABRT")


# -- jobs


def test_nobody_breaks_away_from_a_tree(shell):
    tree = shell.child(BREAKS_AWAY)
    assert shell.exit_of(tree) == Exit(code=5)
    assert tree.members() == frozenset()


def test_a_tree_may_have_jobs_of_its_own(shell):
    """As browsers and build tools have, for their own children."""
    script = f"""
{shell.native}
from farmhand.supervisor.platforms import Order
inner = platform.spawn(Order(sys.executable, [sys.executable, "-c", "import time; time.sleep(1000)"], os.environ, ""))
open("inner", "w").write(str(inner.pid))
time.sleep(1000)
"""
    tree = shell.python(f"import os, sys, time\n{script}", cwd=str(shell.folder))
    inner = shell.pid_in("inner")
    assert inner in tree.members()
    shell.end(tree)
    assert not shell.alive(inner)


def test_the_trees_of_a_service_are_within_its_share(shell):
    assert shell.platform.share("a", {"pids.max": "100"}) == frozenset()
    trees = [shell.child("sleep()", unit="a") for _ in range(2)]
    others = shell.child("sleep()")
    job = shell.platform._shares.job_of("a")
    assert {tree.pid for tree in trees} <= calls.ids_in(job)
    assert others.pid not in calls.ids_in(job)
    shell.end(trees[0])
    assert trees[1].poll() is None


def test_what_windows_has_no_limit_for_is_told(shell):
    assert shell.platform.share("a", {"pids.max": "9", "io.weight": "default 5"}) == {"io.weight"}


def test_what_is_refused_leaves_no_process(shell):
    before = psutil.pids()
    tree = shell.child("sleep()", cwd=str(shell.folder / "nowhere"))
    assert tree.poll() == Exit(code=200)
    assert set(psutil.pids()) <= set(before)


@gap("memory limit")
def test_memory_max_is_in_force(shell):
    shell.platform.share("a", {"memory.max": str(128 * MEBIBYTE)})
    tree = shell.child(f"bytearray({512 * MEBIBYTE}); sys.exit(0)", unit="a", stderr=None)
    assert shell.exit_of(tree) == Exit(code=1)


@gap("process limit")
def test_tasks_max_is_in_force(shell):
    shell.platform.share("a", {"pids.max": "1"})
    assert shell.exit_of(shell.child("begin('pass'); sys.exit(0)", unit="a", stderr=None)) == Exit(code=1)


@gap("processor limit")
def test_cpu_quota_is_accepted(shell):
    assert shell.platform.share("a", {"cpu.max": "50000 100000"}) == frozenset()


# -- to ask


def test_sigterm_is_ctrl_c_to_its_console(shell):
    tree = begun(shell, HEEDS_EVENTS)
    tree.signal("SIGTERM", whom="main")
    assert shell.exit_of(tree) == Exit(code=40 + CTRL_C)


@gap("ctrl-break")
def test_sigquit_is_ctrl_break_to_its_console(shell):
    tree = begun(shell, HEEDS_EVENTS)
    tree.signal("SIGQUIT", whom="main")
    assert shell.ready([tree.fileno()], 3)
    assert shell.exit_of(tree) == Exit(code=40 + CTRL_BREAK)


@pytest.mark.parametrize("number", [CTRL_C, CTRL_BREAK, CTRL_CLOSE])
def test_who_heeds_console_events_gets_them(shell, number):
    """Of all kinds, as the console's host delivers them: what the shim here stands for in other tests."""
    tree = begun(shell, HEEDS_EVENTS)
    console_event(tree.pid, number)
    assert shell.exit_of(tree) == Exit(code=40 + number)


def test_a_program_without_a_console_is_asked_by_closing_its_windows(shell):
    windowed = sys.executable.replace("python.exe", "pythonw.exe")
    tree = begun(shell, HAS_WINDOW, program=windowed)
    assert int(shell.text_in("up"))
    tree.signal("SIGTERM", whom="main")
    assert shell.exit_of(tree) == Exit(code=31)


@pytest.mark.parametrize(
    ("number", "heard"),
    [(CTRL_C, "SIGINT"), (CTRL_BREAK, "SIGBREAK"), (CTRL_CLOSE, "SIGHUP"), (CTRL_SHUTDOWN, "SIGTERM")],
    ids=["ctrl-c", "ctrl-break", "its console is closed", "shutdown"],
)
def test_a_loop_hears_of_console_events(shell, number, heard):
    tree = shell.python(HEEDING.format(native=shell.native), cwd=str(shell.folder))
    shell.text_in("up")
    console_event(tree.pid, number)
    assert shell.text_in("heard") == heard


def test_who_signs_off_stops_nobody(shell):
    tree = shell.python(HEEDING.format(native=shell.native), cwd=str(shell.folder))
    shell.text_in("up")
    console_event(tree.pid, CTRL_LOGOFF)
    assert not shell.readable(tree.fileno(), 0.3)
    assert not (shell.folder / "heard").exists()


# -- what a process is given


@pytest.mark.parametrize(
    ("order", "wanted"),
    [
        ({"nice": 19}, psutil.IDLE_PRIORITY_CLASS),
        ({"nice": 5}, psutil.BELOW_NORMAL_PRIORITY_CLASS),
        ({"nice": 0}, psutil.NORMAL_PRIORITY_CLASS),
        ({"nice": -5}, psutil.ABOVE_NORMAL_PRIORITY_CLASS),
        ({"nice": -20}, psutil.HIGH_PRIORITY_CLASS),
        ({"cpu_policy": "idle"}, psutil.IDLE_PRIORITY_CLASS),
        ({"cpu_policy": "batch"}, psutil.BELOW_NORMAL_PRIORITY_CLASS),
        ({"cpu_policy": "rr", "nice": 19}, psutil.HIGH_PRIORITY_CLASS),
    ],
)
def test_nice_and_policy_are_a_priority_class(shell, order, wanted):
    assert psutil.Process(shell.child("sleep()", **order).pid).nice() == wanted


def test_a_child_inherits_no_other_handle(shell):
    """Also where a careless parent has left one inheritable."""
    import msvcrt

    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    script = f"import ctypes; sys.exit(ctypes.windll.kernel32.GetHandleInformation({msvcrt.get_osfhandle(writer)}, "
    tree = shell.child(f"{script}ctypes.byref(ctypes.c_uint32())))")
    assert shell.exit_of(tree) == Exit(code=0)
    os.close(reader)
    os.close(writer)


# -- waiting


def test_a_thousand_handles_can_be_waited_for():
    waiter = port.Port()
    events = [calls.create_event() for _ in range(MANY)]
    for number, event in enumerate(events):
        waiter.register(event, 1, number)
    chosen = {3, 64, 65, MANY - 1}
    for number in chosen:
        calls.set_event(events[number])
    found, end = set(), time.monotonic() + 10
    while found < chosen and time.monotonic() < end:
        found |= {key.data for key, _ in waiter.select(1)}
    assert found == chosen
    waiter.close()
    for event in events:
        calls.close(event)


def test_what_nobody_listens_to_ends_no_wait():
    waiter = port.Port()
    waiter.post(7, 1)
    waiter.select(0)
    begun_at = time.monotonic()
    assert waiter.select(0.1) == []
    assert time.monotonic() - begun_at > 0.05
    waiter.register(waiter.handle, 1, "told")
    assert [key.data for key, _ in waiter.select(5)] == ["told"]
    assert waiter.told() == [(7, 1)]
    assert waiter.select(0) == []
    waiter.close()
