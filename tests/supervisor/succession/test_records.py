"""What is remembered of each service, on a disk that has no room for it."""

import resource
import signal

import pytest

from farmhand.supervisor.succession.records import Records
from farmhand.supervisor.unit import Unit
from farmhand.units.spec import Service


@pytest.fixture
def small_disk():
    """Let no file become longer than a few bytes; beyond that, writing fails."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    def fill():
        resource.setrlimit(resource.RLIMIT_FSIZE, (50, before[1]))

    yield fill
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


def test_what_was_remembered_stays_whole_on_a_full_disk(tmp_path, small_disk):
    said = []
    records = Records(tmp_path / "d", "now", said.append)
    records.write(Unit(Service("a"), invocation="first"))
    small_disk()
    records.write(Unit(Service("a"), invocation="second"))
    records.write(Unit(Service("a"), invocation="third"))
    assert [values["invocation"] for values in records.read().values()] == ["first"]
    (complaint,) = said
    assert "services cannot be remembered there" in complaint
