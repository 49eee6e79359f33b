"""Searches the network for a manager, as Flamenco's workers do: SSDP over IPv4, once a second, for ten minutes.

Whoever is in the network can answer. So this is done only where no manager is named.
"""

import logging
import socket
import time
from collections.abc import Callable, Iterator

import urllib3

from .rules import ssdp
from .wire import API, SSDP_GROUP, SSDP_PORT

log = logging.getLogger(__name__)

SEARCH_EVERY = 1.0
GIVE_UP_AFTER = 600.0

# So many answers are looked at in a second; a storm of them keeps nobody busy for long.
MOST_ANSWERS = 16

# A manager that is in the same network is quick. Seconds to connect, and between two pieces of an answer.
_PATIENCE = urllib3.Timeout(connect=1, read=2)


class NoManager(Exception):
    """Nobody has answered; the text says so."""


def find(alive: Callable[[float], None], *, give_up_after: float = GIVE_UP_AFTER) -> str:
    """Return the address of the first manager that answers, as in http://10.0.0.1:8080/; raises NoManager.

    alive: called at least every few seconds with the monotonic time. give_up_after is in seconds.
    """
    log.info("searching the network for a manager; --manager URL names one")
    pool = urllib3.PoolManager(retries=False)
    now = time.monotonic()
    end = now + give_up_after
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.bind(("", 0))
        while now < end:
            _ask(asking)
            for url in _answers(asking, now + SEARCH_EVERY):
                alive(time.monotonic())
                if _is_manager(pool, url):
                    log.info("found a manager: %s", url)
                    return url
            now = time.monotonic()
            alive(now)
    minutes = f"{give_up_after / 60:g} min"
    raise NoManager(f"no manager has answered in this network for {minutes}; name one with --manager http://HOST:8080/")


def _ask(asking: socket.socket) -> None:
    """Ask in every network that this machine is in."""
    for address in _own_addresses():
        try:
            asking.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
            asking.sendto(ssdp.search(), (SSDP_GROUP, SSDP_PORT))
        except OSError as problem:  # the network may have gone, or take no multicast
            log.debug("cannot search from %s: %s", address, problem)


def _own_addresses() -> list[str]:
    import psutil  # only for those who search

    try:
        found = psutil.net_if_addrs().values()
    except OSError:  # AF_NETLINK may be forbidden; then only the network of the default route is searched
        return ["0.0.0.0"]
    return [each.address for addresses in found for each in addresses if each.family == socket.AF_INET]


def _answers(asking: socket.socket, until: float) -> Iterator[str]:
    """Yield the managers that answer until a moment, each once."""
    seen: set[str] = set()
    while len(seen) < MOST_ANSWERS and (left := until - time.monotonic()) > 0:
        asking.settimeout(left)
        try:
            datagram = asking.recv(ssdp.LARGEST + 1)
        except OSError:  # the time is over; or, on Windows, somebody who was asked does not listen
            continue
        url = ssdp.manager_in(datagram)
        if url is not None and url not in seen:
            seen.add(url)
            yield url
    time.sleep(max(0.0, until - time.monotonic()))


def _is_manager(pool: urllib3.PoolManager, url: str) -> bool:
    try:
        answer = pool.request(
            "GET", f"{url[:-1]}{API}/version", timeout=_PATIENCE, redirect=False, preload_content=False
        )
    except (urllib3.exceptions.HTTPError, OSError) as problem:
        log.info("%s was named by an answer, and is not to be reached: %s", url, problem)
        return False
    answer.close()
    return answer.status == 200
