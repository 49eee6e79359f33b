"""Lets workers find this manager in their network, where the settings want that: SSDP over IPv4. One thread."""

import logging
import selectors
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from ..worker.wire import SSDP_GROUP, SSDP_PORT
from .config import Settings
from .rules import ssdp
from .web.site import release

log = logging.getLogger(__name__)

# So many are answered in a second; the others ask again.
MOST_ANSWERS = 200


# What a listener is bound to that is reached at every address.
ANYWHERE = ("0.0.0.0", "::")


@dataclass(frozen=True)
class Announced:
    """What is told of a manager. port: where it serves; networks: its own addresses, each with its network."""

    device: str
    software: str
    port: int
    networks: tuple[IPv4Interface, ...]

    @property
    def addresses(self) -> list[str]:
        return [str(each.ip) for each in self.networks]


def own_networks(host: str) -> tuple[IPv4Interface, ...]:
    """Return the IPv4 addresses at which one who listens at `host` is reached, each with its network.

    Raises OSError, as where AF_NETLINK is forbidden (systemd.exec(5), RestrictAddressFamilies=).
    """
    import psutil  # only for those who want to be found

    try:
        networks = psutil.net_if_addrs()
    except OSError as error:
        raise OSError(f"its networks cannot be seen (AF_NETLINK): {error.strerror}") from None
    found = [
        IPv4Interface(f"{each.address}/{each.netmask or '255.255.255.255'}")
        for addresses in networks.values()
        for each in addresses
        if each.family == socket.AF_INET
    ]
    return tuple(each for each in found if host in (*ANYWHERE, str(each.ip)))


def announced(settings: Settings, listener: socket.socket) -> Announced:
    """Return what is told of the manager that serves on a listener."""
    host, port = listener.getsockname()[:2]
    device = ssdp.device_id(socket.gethostname(), settings.manager_name)
    return Announced(device, f"UPnP/1.0 Farmhand/{release()}", port, own_networks(host))


@contextmanager
def announcing(settings: Settings, listener: socket.socket) -> Iterator[None]:
    """Where that is wanted, answer those who search as long as the block runs; if it cannot be, the log says why."""
    if not settings.autodiscoverable:
        yield
        return
    stopping = threading.Event()
    with ExitStack() as stack:
        woken, waker = (stack.enter_context(each) for each in socket.socketpair())
        try:
            told = announced(settings, listener)
            group = stack.enter_context(_join(told))
        except OSError as error:
            log.warning("autodiscoverable: workers cannot find this manager: %s", error)
            yield
            return
        thread = threading.Thread(target=_run, args=(told, group, woken, stopping), name="announce", daemon=True)
        thread.start()
        log.info("workers find this manager at %s", ", ".join(told.addresses))
        try:
            yield
        finally:
            stopping.set()
            waker.send(b"\0")
            thread.join()


def _join(announced: Announced) -> socket.socket:
    """Listen to those who search, in each network of the manager. Raises OSError."""
    group = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        # Others on this machine may listen to the group as well.
        for option in ("SO_REUSEADDR", "SO_REUSEPORT"):
            if hasattr(socket, option):
                group.setsockopt(socket.SOL_SOCKET, getattr(socket, option), 1)
        group.setblocking(False)
        group.bind(("", SSDP_PORT))
        for address in announced.addresses:
            both = socket.inet_aton(SSDP_GROUP) + socket.inet_aton(address)
            group.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, both)
    except OSError as error:
        group.close()
        raise OSError(f"UDP port {SSDP_PORT}: {error.strerror}") from None
    return group


def _run(announced: Announced, group: socket.socket, woken: socket.socket, stopping: threading.Event) -> None:
    networks = [each.network for each in announced.networks]
    with selectors.DefaultSelector() as selector:
        selector.register(group, selectors.EVENT_READ)
        selector.register(woken, selectors.EVENT_READ)
        said = second = float("-inf")
        answered = 0
        while not stopping.is_set():
            now = time.monotonic()
            if now >= said + ssdp.MAX_AGE / 2:
                _tell_all(announced, group, alive=True)
                said = now
            if not selector.select(said + ssdp.MAX_AGE / 2 - now) or stopping.is_set():
                continue
            if now >= second + 1:
                second, answered = now, 0
            answered += _answer(announced, group, networks, busy=answered >= MOST_ANSWERS)
    _tell_all(announced, group, alive=False)


def _answer(announced: Announced, group: socket.socket, networks: list[IPv4Network], *, busy: bool) -> bool:
    """Answer what has come, if it is a question; say whether it was answered."""
    try:
        datagram, (host, port) = group.recvfrom(ssdp.LARGEST + 1)
        if busy or not ssdp.searches(datagram) or not ssdp.may_ask(host, networks):
            return False
        for address in ssdp.named_to(host, announced.addresses):
            place = ssdp.location(address, announced.port)
            group.sendto(ssdp.answer(announced.device, place, announced.software), (host, port))
    except OSError as error:  # who asked has gone, or its network has
        log.debug("an answer did not get through: %s", error)
    return True


def _tell_all(announced: Announced, group: socket.socket, *, alive: bool) -> None:
    """Tell every network of the manager that it is there, or that it goes."""
    for address in announced.addresses:
        place = ssdp.location(address, announced.port)
        message = ssdp.alive(announced.device, place, announced.software) if alive else ssdp.byebye(announced.device)
        try:
            group.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, IPv4Address(address).packed)
            group.sendto(message, (SSDP_GROUP, SSDP_PORT))
        except OSError as error:
            log.debug("cannot be told from %s: %s", address, error)
