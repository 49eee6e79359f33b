"""The words that worker and manager share: statuses, requests, task states, exit codes.

The names are those of the Flamenco worker API. Standard library only, so that
the manager can import it on a machine without the worker's packages.
"""

from dataclasses import dataclass
from enum import Enum

API = "/api/v3"

# Where a worker waits for news from a Farmhand manager. The sign-on reply of such a manager
# names it under the key "push"; a Flamenco manager's reply has no such key.
#
#   GET PUSH?since=N   (worker credentials)
#     200 {"seq": M}   something that concerns this worker has happened, M > N: ask now
#     204              nothing for a while, PUSH_WAIT seconds at most: ask again
#
# The answer is a bell and nothing more. What has changed is learnt through the calls of the
# Flamenco API (fetch, state, may-i-run), so that there is one protocol, not two. By asking
# with since=M a worker says that it has seen everything up to M.
PUSH = "/api/farmhand/push"
PUSH_WAIT = 25.0

# The header in which a Farmhand worker or agent that registers shows an enrolment code.
ENROLMENT_HEADER = "X-Farmhand-Enrolment-Code"

# The largest picture of a task that is sent and taken, in bytes.
LARGEST_PICTURE = 25 * 1024 * 1024

# How a worker finds a manager in its network: the group and port of SSDP (UPnP Device Architecture 1.0, section 1),
# what is searched for there, and where the manager that answers describes itself.
SSDP_GROUP = "239.255.255.250"
SSDP_PORT = 1900
SSDP_TARGET = "urn:flamenco:manager:0"
SSDP_DESCRIPTION = "/upnp/description.xml"

# The exit code that means "start me again", unless configured otherwise.
RESTART_EXIT_CODE = 47

# The exit code of a worker whose credentials its manager does not know (EX_NOPERM of sysexits.h):
# starting it again changes nothing, somebody has to look.
DENIED_EXIT_CODE = 77


class Status(Enum):
    """WorkerStatus of the Flamenco API. The manager alone sets ERROR, for a worker that it lost."""

    STARTING = "starting"
    AWAKE = "awake"
    ASLEEP = "asleep"
    ERROR = "error"
    TESTING = "testing"
    OFFLINE = "offline"
    RESTART = "restart"


# What an operator may ask a worker to become: Shut Down, Restart, Send to Sleep, Wake Up.
REQUESTABLE = frozenset({Status.OFFLINE, Status.RESTART, Status.ASLEEP, Status.AWAKE})


class TaskStatus(Enum):
    """TaskStatus of the Flamenco API."""

    ACTIVE = "active"
    CANCELED = "canceled"
    COMPLETED = "completed"
    FAILED = "failed"
    QUEUED = "queued"
    SOFT_FAILED = "soft-failed"
    PAUSED = "paused"


class JobStatus(Enum):
    """JobStatus of the Flamenco API."""

    ACTIVE = "active"
    CANCELED = "canceled"
    CANCEL_REQUESTED = "cancel-requested"
    COMPLETED = "completed"
    FAILED = "failed"
    PAUSED = "paused"
    PAUSE_REQUESTED = "pause-requested"
    QUEUED = "queued"
    REQUEUEING = "requeueing"
    UNDER_CONSTRUCTION = "under-construction"


@dataclass(frozen=True)
class Request:
    """An operator's request: become `status`; lazy means after the running task is finished."""

    status: Status
    lazy: bool = False
