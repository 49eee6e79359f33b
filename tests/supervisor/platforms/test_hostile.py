"""Trees that do all they can to outlive their stop, a hundred of them on each platform: nobody is left."""

import contextlib
import os
import time

import psutil

TREES = 100
AT_ONCE = 10
FOR_AS_LONG_AS = 60  # seconds that they go on, should one survive

# Deaf, with a deaf child, one that cleared its environment, one that left everything behind but its environment, and
# one that begets another and is gone, again and again. {token} is in the command line of each of them.
HOSTILE = """
# {token}
deaf()
begin('deaf(); note("child-{n}"); sleep()  # {token}')
begin('deaf(); note("bare-{n}"); sleep()  # {token}', env=bare(), start_new_session=True)
detach('deaf(); note("daemon-{n}"); sleep()  # {token}')
begin('note("runner-{n}"); time.sleep(0.2); time.time() > {end} or begin(sys.argv[1], start_new_session=True)# {token}')
for role in ("child", "bare", "daemon", "runner"):
    wait_for(f"{{role}}-{n}")
note("up-{n}")
sleep()
"""


def test_nobody_survives_a_hundred_hostile_stops(shell):
    token = f"hostile-{os.getpid()}-{id(shell)}"
    for first in range(0, TREES, AT_ONCE):
        end = time.time() + FOR_AS_LONG_AS
        scripts = {n: HOSTILE.format(n=n, token=token, end=end) for n in range(first, first + AT_ONCE)}
        stop(shell, {n: shell.child(script) for n, script in scripts.items()})
    left = survivors(token)
    print(f"{shell.platform.name}: {len(left)} survivors of {TREES} hostile stops")
    assert not left


def stop(shell, trees):
    """Stop each tree as a supervisor does: ask, and end it when that does not help."""
    for n in trees:
        shell.text_in(f"up-{n}")
    for tree in trees.values():
        tree.signal("SIGTERM", whom="all")
    for tree in trees.values():
        tree.kill()
    for tree in trees.values():
        shell.until_empty(tree)
        assert tree.poll() is not None
        tree.close()


def survivors(token):
    """Return the command lines of those alive that have the token in them."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            words = process.cmdline()
            if any(token in word for word in words) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(words)
    return found
