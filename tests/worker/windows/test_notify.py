import pytest
from polling import until

from farmhand.supervisor.platforms.windows.notify import PipeNotifySocket
from farmhand.worker.notify import Notifier


@pytest.fixture
def service_manager():
    listening = PipeNotifySocket(None)
    yield listening
    listening.close()


def heard(listening):
    return until(lambda: [message.data.decode() for message in listening.receive()], "a message")


def test_the_service_manager_is_told_everything(service_manager):
    notifier = Notifier({"NOTIFY_SOCKET": service_manager.address, "WATCHDOG_USEC": "400000"})
    for say in (notifier.ready, lambda: notifier.status("Bild ü"), notifier.stopping, lambda: notifier.alive(0.0)):
        say()
    assert heard(service_manager) == ["READY=1", "STATUS=Bild ü", "STOPPING=1", "WATCHDOG=1"]


def test_a_service_manager_that_goes_and_comes_is_spoken_to_again():
    listening = PipeNotifySocket(None)
    notifier = Notifier({"NOTIFY_SOCKET": listening.address})
    notifier.ready()
    assert heard(listening) == ["READY=1"]
    listening.close()
    notifier.stopping()
    listening = PipeNotifySocket(listening.address)
    notifier.status("awake")
    assert heard(listening) == ["STATUS=awake"]
    listening.close()
