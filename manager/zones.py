"""Time zones by their IANA names, from this system or from the package tzdata."""

from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from ..units.errors import BadValue, nearest

LOCALTIME = Path("/etc/localtime")


def read_zone(name: str) -> ZoneInfo:
    """Return the zone of a name; raises BadValue."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder of zones, such as "Europe", is an OSError
        near = nearest(name, available_timezones())
        hint = f'did you mean "{near}"?' if near else 'write an IANA name, such as "Europe/Berlin"'
        raise BadValue(f'"{name}" is no time zone', hint) from None


def own_zone(environment: Mapping[str, str], localtime: Path = LOCALTIME) -> str:
    """Name the zone of this machine; UTC where it does not say, as on Windows."""
    linked = localtime.resolve().as_posix().partition("zoneinfo/")[2]
    for name in (environment.get("TZ", "").removeprefix(":"), linked):
        try:
            return read_zone(name).key
        except BadValue:
            continue
    return "UTC"
