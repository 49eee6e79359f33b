"""Time zones by their IANA names, from this system or from the package tzdata."""

import os
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from ..units.errors import BadValue, nearest

_LOCALTIME = Path("/etc/localtime")


def read_zone(name: str) -> ZoneInfo:
    """Return the zone of a name; raises BadValue."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder of zones, such as "Europe", is an OSError
        near = nearest(name, available_timezones())
        hint = f'did you mean "{near}"?' if near else 'write an IANA name, such as "Europe/Berlin"'
        raise BadValue(f'"{name}" is no time zone', hint) from None


def own_zone() -> str:
    """Name the zone of this machine; UTC where it does not say, as on Windows."""
    place = str(_LOCALTIME.resolve())
    for name in (os.environ.get("TZ", "").removeprefix(":"), place.partition("zoneinfo/")[2]):
        try:
            if name:
                return read_zone(name).key
        except BadValue:
            continue
    return "UTC"
