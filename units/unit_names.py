"""The names of units: with their type, or short for a service."""

# A unit is named with its type; a service's name may stand without it here, as in Service.name.
UNIT_TYPES = frozenset(
    ["service", "socket", "target", "device", "mount", "automount", "swap", "timer", "path", "slice", "scope"]
)


def unit_type(name: str) -> str | None:
    _, dot, suffix = name.rpartition(".")
    return suffix if dot and suffix in UNIT_TYPES else None


def short_name(name: str) -> str:
    """Drop ".service", unless what is left would read as another type of unit."""
    short = name.removesuffix(".service")
    return short if short and unit_type(short) is None else name


def full_name(name: str) -> str:
    return name if unit_type(name) else f"{name}.service"
