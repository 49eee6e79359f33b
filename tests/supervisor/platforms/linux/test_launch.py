"""How a process is started where thousands of files are open."""

import fcntl
import os
import resource

import pytest
from adopting import adopting
from polling import until

from farmhand.supervisor.platforms import Order, launch

_MOST = 256  # files that the program may have open


@pytest.fixture
def platform():
    """One that was there before the files were."""
    own = resource.getrlimit(resource.RLIMIT_NOFILE)
    with adopting() as platform:
        yield platform
    resource.setrlimit(resource.RLIMIT_NOFILE, own)


def test_streams_of_any_number_need_no_fork(platform, tmp_path, monkeypatch):
    monkeypatch.setattr(launch, "_alone", lambda: True)  # whoever runs the tests may have threads; they open no files
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with open(tmp_path / "out", "wb") as file:
        above = fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, _MOST + 10)
        others = []
        while not others or others[-1] < _MOST + 5:  # so that the null device gets a high number, too
            others.append(os.open(os.devnull, os.O_RDONLY))
        script = "cat; readlink /proc/$$/fd/0 /proc/$$/fd/2; ulimit -n"
        argv = ["/bin/sh", "-c", script]
        order = Order("/bin/sh", argv, {"PATH": os.defpath}, "", stdout=above, stderr=above, files=(_MOST, hard))
        tree = platform.spawn(order)
        for fd in (above, *others):
            os.close(fd)
    assert tree.exec_fileno() is None, "it was forked"
    assert until(tree.poll, "the end of the process").code == 0
    tree.close()
    assert (tmp_path / "out").read_text() == f"/dev/null\n{tmp_path}/out\n{_MOST}\n"
