"""Our frozen data as plain data for JSON, and back: what one supervisor leaves to the next.

Nothing is guessed from types: whatever JSON has no word for says what it is under "is". A tuple is a JSON list.
Fields that have their default are left out; those that a newer program does not know are refused.
"""

from collections.abc import Iterable, Mapping

from ...units import spec
from ...units.light import Any, Enum
from ..platforms import Kept
from ..rules.conditions import Checked
from ..rules.exitstatus import Exit, Result
from ..rules.jobs import Kind
from ..rules.life import Life, Slot
from ..rules.restart import Verdict
from ..rules.startlimit import Starts
from ..rules.states import State

Plain = Any


class Unreadable(Exception):
    """Data of another version, or none of ours; the text says what is strange about it."""


try:  # the half of json that writes: the one that reads brings re
    from _json import encode_basestring_ascii, make_encoder

    _chunks: Any = make_encoder(None, repr, encode_basestring_ascii, None, ":", ",", False, False, True)
except ImportError:
    _chunks = None

_ENUMS = {each.__name__: each for each in (Result, State, Slot, Kind)}
_CLASSES: Mapping[str, Any] = {
    **{name: each for name, each in vars(spec).items() if isinstance(each, type) and hasattr(each, "__fields__")},
    **{each.__name__: each for each in (Checked, Exit, Kept, Life, Starts, Verdict)},
}


def lower(value: Any) -> Plain:
    """Return the value as data that JSON can hold."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, tuple):
        return [lower(each) for each in value]
    if isinstance(value, Enum):
        return {"is": type(value).__name__, "name": value.name}
    if isinstance(value, frozenset):
        return {"is": "frozenset", "of": sorted(map(lower, value), key=str)}
    if isinstance(value, Mapping):
        return {"is": "dict", "of": {name: lower(each) for name, each in value.items()}}
    if type(value).__name__ in _CLASSES:
        return {"is": type(value).__name__, **dict(_fields(value))}
    raise TypeError(f"{value!r} cannot be handed over")


def lift(data: Plain) -> Any:
    """Return what `lower` was given; raises Unreadable."""
    if isinstance(data, list):
        return tuple(lift(each) for each in data)
    if not isinstance(data, dict):
        return data
    kind = data.get("is")
    try:
        if kind == "frozenset":
            return frozenset(map(lift, data["of"]))
        if kind == "dict":
            return {name: lift(each) for name, each in data["of"].items()}
        if kind in _ENUMS:
            return _ENUMS[kind][data["name"]]
        return _CLASSES[str(kind)](**{name: lift(each) for name, each in data.items() if name != "is"})
    except (KeyError, TypeError) as error:
        raise Unreadable(f"{kind!r} is not as it is known here: {error}") from None


def _fields(value: Any) -> Iterable[tuple[str, Plain]]:
    for name, each in value.__fields__.items():
        content = getattr(value, name)
        default = each.default if each.factory is None else each.factory()
        if content != default:
            yield name, lower(content)


def dumps(data: Plain) -> str:
    """Return the JSON of what `lower` gave."""
    if _chunks is not None:
        return "".join(_chunks(data, 0))
    import json

    return json.dumps(data)
