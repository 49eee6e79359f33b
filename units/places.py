"""Where the system's services keep things; systemd.unit(5), "Specifiers". Users' services have other folders."""

from collections.abc import Mapping

SYSTEM_FOLDERS: Mapping[str, str] = {
    "C": "/var/cache",
    "E": "/etc",
    "L": "/var/log",
    "S": "/var/lib",
    "t": "/run",
    "T": "/tmp",
    "V": "/var/tmp",
}
