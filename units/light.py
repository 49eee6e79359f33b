"""What a small process can afford of `dataclasses` and `typing`: see docs/decisions/0017.

The two bring inspect, ast, dis, tokenize and re into a process that is to stay small for years, and compile half a
dozen functions for each class. A class made here has slots, and functions that all such classes share. Type checkers
see the originals; `dataclasses.replace`, `fields` and `asdict` work on what is made here.
"""

import types
from collections.abc import Callable
from operator import attrgetter

TYPE_CHECKING = False

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
    from dataclasses import field as field
    from dataclasses import replace as replace
    from typing import Any as Any
    from typing import BinaryIO as BinaryIO
    from typing import Literal as Literal
    from typing import NoReturn as NoReturn
    from typing import Protocol as Protocol
    from typing import assert_never as assert_never
else:
    Any = BinaryIO = NoReturn = Protocol = object

    class Literal:
        """Literal["a", "b"]; typing.get_args gives the words."""

        __class_getitem__ = classmethod(types.GenericAlias)

    def assert_never(value):
        raise AssertionError(f"{value!r} was to be impossible")

    def field(*, default=..., default_factory=None, compare=True):
        return _Field(default, default_factory, compare)

    def dataclass(cls=None, *, frozen=False, eq=True):
        return _make(cls, frozen, eq) if cls else lambda cls: _make(cls, frozen, eq)

    def replace(instance, **changes):
        rows = type(instance).__rows__
        new = object.__new__(type(instance))
        for name, put, _ in rows:
            put(new, changes.pop(name) if name in changes else getattr(instance, name))
        if changes:
            raise TypeError(f"{type(instance).__name__} has no {', '.join(changes)}")
        return new


class _Field:
    """How a field is filled if nothing is given: by `factory`, else by `default`; `...` is none."""

    __slots__ = ("compare", "default", "factory")

    def __init__(self, default: object, factory: Callable[[], object] | None, compare: bool) -> None:
        self.default = default
        self.factory = factory
        self.compare = compare


class _Standard:
    """The fields of a class as the standard module describes them, made when somebody asks for them."""

    def __get__(self, instance: object, owner: Any) -> object:
        import dataclasses

        field: Any = dataclasses.field
        rows: list[tuple[str, type, Any]] = []
        for name, _, each in owner.__rows__:
            default = dataclasses.MISSING if each.default is ... else each.default
            factory = dataclasses.MISSING if each.factory is None else each.factory
            rows.append((name, object, field(default=default, default_factory=factory)))
        twin: Any = dataclasses.make_dataclass(owner.__name__, rows)
        return twin.__dataclass_fields__


def _make(cls: type, frozen: bool, eq: bool) -> type:
    body = {name: value for name, value in vars(cls).items() if name not in ("__dict__", "__weakref__")}
    fields: dict[str, _Field] = {}
    for name in cls.__annotations__:
        given = body.pop(name, ...)
        fields[name] = given if isinstance(given, _Field) else _Field(given, None, True)
    body |= {"__slots__": tuple(fields), "__match_args__": tuple(fields), "__dataclass_fields__": _Standard()}
    made = type(cls)(cls.__name__, cls.__bases__, body)
    rows = [(name, vars(made)[name].__set__, each) for name, each in fields.items()]
    added: dict[str, object] = {"__rows__": rows, "__init__": _initializer(rows)}
    added |= {"__reduce__": _reduce, "__repr__": _repr}
    if eq:
        key = attrgetter(*(name for name, each in fields.items() if each.compare), "__class__")
        added |= {"__eq__": _equality(key), "__hash__": (lambda self: hash(key(self))) if frozen else None}
    if frozen:
        added |= {"__setattr__": _refuse, "__delattr__": _refuse}
    for name, value in added.items():
        setattr(made, name, value)
    return made


def _initializer(rows: list[tuple[str, Callable[[object, object], None], _Field]]) -> Callable[..., None]:
    def __init__(self: object, *values: object, **given: object) -> None:
        for (_, put, _), value in zip(rows, values, strict=False):
            put(self, value)
        for name, put, each in rows[len(values) :]:
            if name in given:
                put(self, given.pop(name))
            elif each.factory is not None:
                put(self, each.factory())
            elif each.default is not ...:
                put(self, each.default)
            else:
                raise TypeError(f"{type(self).__name__} needs {name}")
        if given or len(values) > len(rows):
            raise TypeError(f"{type(self).__name__} does not take {', '.join(given) or 'so many values'}")

    return __init__


def _equality(key: Callable[[object], object]) -> Callable[[object, object], object]:
    def __eq__(self: object, other: object) -> object:
        return key(self) == key(other) if type(self) is type(other) else NotImplemented

    return __eq__


def _values(instance: Any) -> tuple[object, ...]:
    return tuple(getattr(instance, name) for name in instance.__slots__)


def _reduce(self: object) -> tuple[object, ...]:
    return type(self), _values(self)


def _repr(self: Any) -> str:
    pairs = zip(self.__slots__, _values(self), strict=True)
    return f"{type(self).__qualname__}({', '.join(f'{name}={value!r}' for name, value in pairs)})"


def _refuse(self: object, name: str, *value: object) -> None:
    raise AttributeError(f"cannot set or delete {name!r}: {type(self).__name__} is frozen")
