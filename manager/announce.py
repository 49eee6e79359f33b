"""Lets workers find this manager in their network, where the settings want that: SSDP over IPv4. One thread."""

import logging
import selectors
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Interface

from ..worker.wire import SSDP_GROUP, SSDP_PORT
from .config import Settings
from .rules import ssdp
from .web.site import release

log = logging.getLogger(__name__)

# So many are answered in a second; the others ask again.
MOST_ANSWERS = 200

# How often it is looked which networks there are, in seconds: a manager may be there before they are.
LOOK_EVERY = 3.0

# What a listener is bound to that is reached at every address.
ANYWHERE = ("0.0.0.0", "::")

Networks = tuple[IPv4Interface, ...]


@dataclass(frozen=True)
class Announced:
    """What is told of a manager. host, port: where it listens."""

    device: str
    software: str
    host: str
    port: int


def announced(settings: Settings, listener: socket.socket) -> Announced:
    """Return what is told of the manager that serves on a listener."""
    host, port = listener.getsockname()[:2]
    device = ssdp.device_id(socket.gethostname(), settings.manager_name)
    return Announced(device, f"UPnP/1.0 Farmhand/{release()}", host, port)


def own_networks(host: str) -> Networks:
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


@contextmanager
def announcing(settings: Settings, listener: socket.socket) -> Iterator[None]:
    """Where that is wanted, answer those who search as long as the block runs; if it cannot be, the log says why."""
    if not settings.autodiscoverable:
        yield
        return
    told, stopping = announced(settings, listener), threading.Event()
    with ExitStack() as stack:
        woken, waker = (stack.enter_context(each) for each in socket.socketpair())
        try:
            own_networks(told.host)
            group = stack.enter_context(_listen())
        except OSError as error:
            log.warning("autodiscoverable: workers cannot find this manager: %s", error)
            yield
            return
        thread = threading.Thread(target=_run, args=(told, group, woken, stopping), name="announce", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stopping.set()
            waker.send(b"\0")
            thread.join()


def _listen() -> socket.socket:
    """Open the port at which those who search are heard. Raises OSError."""
    group = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        # Others on this machine may listen to the group as well.
        for option in ("SO_REUSEADDR", "SO_REUSEPORT"):
            if hasattr(socket, option):
                group.setsockopt(socket.SOL_SOCKET, getattr(socket, option), 1)
        group.setblocking(False)
        group.bind(("", SSDP_PORT))
    except OSError as error:
        group.close()
        raise OSError(f"UDP port {SSDP_PORT}: {error.strerror}") from None
    return group


def _run(told: Announced, group: socket.socket, woken: socket.socket, stopping: threading.Event) -> None:
    networks: Networks = ()
    said = second = looked = float("-inf")
    answered = 0
    with selectors.DefaultSelector() as selector:
        selector.register(group, selectors.EVENT_READ)
        selector.register(woken, selectors.EVENT_READ)
        while not stopping.is_set():
            now = time.monotonic()
            if now >= looked + LOOK_EVERY:
                looked, before = now, networks
                networks = _look(told, group, before)
                said = said if networks == before else float("-inf")
            if now >= said + ssdp.MAX_AGE / 2:
                _tell_all(told, group, networks, alive=True)
                said = now
            if not selector.select(looked + LOOK_EVERY - now) or stopping.is_set():
                continue
            if now >= second + 1:
                second, answered = now, 0
            answered += _answer(told, group, networks, busy=answered >= MOST_ANSWERS)
    _tell_all(told, group, networks, alive=False)


def _look(told: Announced, group: socket.socket, before: Networks) -> Networks:
    """Return the networks that there are now, having joined the group in the new ones."""
    try:
        networks = own_networks(told.host)
    except OSError as error:
        log.debug("%s", error)
        return before
    for each in set(networks) - set(before):
        try:
            both = socket.inet_aton(SSDP_GROUP) + each.ip.packed
            group.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, both)
            log.info("workers find this manager at %s", each.ip)
        except OSError as error:  # it is joined by another address of the same card
            log.debug("cannot join the group by %s: %s", each, error)
    return networks


def _answer(told: Announced, group: socket.socket, networks: Networks, *, busy: bool) -> bool:
    """Answer what has come, if it is a question; say whether it was answered."""
    try:
        datagram, (host, port) = group.recvfrom(ssdp.LARGEST + 1)
        if busy or not ssdp.searches(datagram) or not ssdp.may_ask(host, networks):
            return False
        for address in ssdp.named_to(host, networks):
            place = ssdp.location(address, told.port)
            group.sendto(ssdp.answer(told.device, place, told.software), (host, port))
    except OSError as error:  # who asked has gone, or its network has
        log.debug("an answer did not get through: %s", error)
    return True


def _tell_all(told: Announced, group: socket.socket, networks: Networks, *, alive: bool) -> None:
    """Tell every network of the manager that it is there, or that it goes."""
    for each in networks:
        place = ssdp.location(str(each.ip), told.port)
        message = ssdp.alive(told.device, place, told.software) if alive else ssdp.byebye(told.device)
        try:
            group.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, each.ip.packed)
            group.sendto(message, (SSDP_GROUP, SSDP_PORT))
        except OSError as error:
            log.debug("cannot be told from %s: %s", each, error)
