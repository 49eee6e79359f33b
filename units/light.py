"""What a small process can afford of `dataclasses`, `typing` and `enum`: see docs/decisions/0017.

The first two bring inspect, ast, dis, tokenize and re into a process that is to stay small for years, and compile half
a dozen functions for each class. A class made here has slots, and functions that all such classes share. Type checkers
see the originals; `dataclasses.replace`, `fields` and `asdict` work on what is made here. A member of an Enum has a
name and a value, is looked up by either, and is itself alone: finding it in a dict takes no call of Python code.
"""

import types
from collections import deque
from collections.abc import Callable, Mapping
from itertools import repeat
from operator import attrgetter, call

TYPE_CHECKING = False

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
    from dataclasses import field as field
    from dataclasses import replace as replace
    from enum import Enum as Enum
    from typing import Any as Any
    from typing import BinaryIO as BinaryIO
    from typing import Literal as Literal
    from typing import NoReturn as NoReturn
    from typing import Protocol as Protocol
    from typing import assert_never as assert_never
    from typing import get_args as get_args
else:
    Any = BinaryIO = NoReturn = Protocol = object

    class Literal:
        """Literal["a", "b"]; get_args gives the words."""

        __class_getitem__ = classmethod(types.GenericAlias)

    def get_args(literal):
        return literal.__args__

    class _Members(type):
        """A class whose instances are its plain public attributes, each with its name and value."""

        def __new__(mcs, name, bases, body):
            values = {key: value for key, value in body.items() if key[0] != "_" and not hasattr(value, "__get__")}
            rest = {key: value for key, value in body.items() if key not in values}
            cls = super().__new__(mcs, name, bases, {"__slots__": ("name", "value") if not bases else (), **rest})
            cls.__members__ = {key: _member(cls, key, value) for key, value in values.items()}
            for key, member in cls.__members__.items():
                setattr(cls, key, member)
            return cls

        def __call__(cls, value):
            for member in cls:
                if member.value == value:
                    return member
            raise ValueError(f"{value!r} is not a valid {cls.__name__}")

        def __getitem__(cls, name):
            return cls.__members__[name]

        def __iter__(cls):
            return iter(cls.__members__.values())

        def __len__(cls):
            return len(cls.__members__)

    def _member(cls, name, value):
        member = object.__new__(cls)
        member.name, member.value = name, value
        return member

    class Enum(metaclass=_Members):
        def __reduce__(self):
            return getattr, (type(self), self.name)

        def __repr__(self):
            return f"<{self}: {self.value!r}>"

        def __str__(self):
            return f"{type(self).__name__}.{self.name}"

    def assert_never(value):
        raise AssertionError(f"{value!r} was to be impossible")

    def field(*, default=..., default_factory=None, compare=True):
        return _Field(default, default_factory, compare)

    def dataclass(cls=None, *, frozen=False, eq=True):
        return _make(cls, frozen, eq) if cls else lambda cls: _make(cls, frozen, eq)

    def replace(instance, **changes):
        made = type(instance)
        new = object.__new__(made)
        deque(map(call, made.__puts__.values(), repeat(new), made.__values__(instance)), 0)
        for name, value in changes.items():
            if name not in made.__puts__:
                raise TypeError(f"{made.__name__} has no {name}")
            made.__puts__[name](new, value)
        return new


def amend(instance: Any, **changes: object) -> None:
    """Change an instance, frozen or not, where it is: for the one who made it and has shown it to nobody yet."""
    puts = type(instance).__puts__
    for name, value in changes.items():
        puts[name](instance, value)


def defaults(cls: Any) -> dict[str, Any]:
    """Give what the fields of a class made here are filled with if nothing is given; `...` where that must be given."""
    return {name: each.factory() if each.factory else each.default for name, each in cls.__fields__.items()}


class _Field:
    """How a field is filled if nothing is given: by `factory`, else by `default`; `...` is none."""

    __slots__ = ("compare", "default", "factory")

    def __init__(self, default: object, factory: Callable[[], object] | None, compare: bool) -> None:
        self.default = default
        self.factory = factory
        self.compare = compare


class _Standard:
    """The fields of a class as the standard module describes them, made when somebody asks for the first time."""

    def __get__(self, instance: object, owner: Any) -> object:
        import dataclasses

        field: Any = dataclasses.field
        rows: list[tuple[str, type, Any]] = []
        for name, each in owner.__fields__.items():
            default = dataclasses.MISSING if each.default is ... else each.default
            factory = dataclasses.MISSING if each.factory is None else each.factory
            rows.append((name, object, field(default=default, default_factory=factory)))
        twin: Any = dataclasses.make_dataclass(owner.__name__, rows)
        owner.__dataclass_fields__ = twin.__dataclass_fields__
        return owner.__dataclass_fields__


def _make(cls: type, frozen: bool, eq: bool) -> type:
    body = {name: value for name, value in vars(cls).items() if name not in ("__dict__", "__weakref__")}
    fields: dict[str, _Field] = {}
    for name in cls.__annotations__:
        given = body.pop(name, ...)
        fields[name] = given if isinstance(given, _Field) else _Field(given, None, True)
    body |= {"__slots__": tuple(fields), "__match_args__": tuple(fields), "__dataclass_fields__": _Standard()}
    made = type(cls)(cls.__name__, cls.__bases__, body)
    puts = {name: vars(made)[name].__set__ for name in fields}
    values = attrgetter(*fields) if len(fields) > 1 else _values
    added: dict[str, object] = {"__fields__": fields, "__puts__": puts, "__values__": staticmethod(values)}
    added |= {"__init__": _initializer(made, fields, puts), "__reduce__": _reduce, "__repr__": _repr}
    if eq:
        key = attrgetter(*(name for name, each in fields.items() if each.compare), "__class__")
        added |= {"__eq__": _equality(key), "__hash__": (lambda self: hash(key(self))) if frozen else None}
    if frozen:
        added |= {"__setattr__": _refuse, "__delattr__": _refuse}
    for name, value in added.items():
        setattr(made, name, value)
    return made


def _initializer(made: type, fields: Mapping[str, _Field], puts: Mapping[str, Any]) -> Callable[..., None]:
    """Return a stand-in for `__init__` that compiles the real one when the first instance is made."""

    def __init__(self: object, *values: object, **given: object) -> None:
        compiled = _compile(fields, puts)
        setattr(made, "__init__", compiled)  # noqa: B010
        compiled(self, *values, **given)

    return __init__


def _compile(fields: Mapping[str, _Field], puts: Mapping[str, Any]) -> Callable[..., None]:
    known: dict[str, Any] = {f"put_{name}": put for name, put in puts.items()}
    known |= {f"default_{name}": each.default for name, each in fields.items() if each.factory is None}
    known |= {f"make_{name}": each.factory for name, each in fields.items() if each.factory is not None}
    parameters, lines = ["self"], []
    for name, each in fields.items():
        made = each.factory is not None
        parameters.append(f"{name}=..." if made else name if each.default is ... else f"{name}=default_{name}")
        value = f"make_{name}() if {name} is ... else {name}" if made else name
        lines.append(f"    put_{name}(self, {value})\n")
    exec(f"def __init__({', '.join(parameters)}):\n{''.join(lines) or '    pass'}", known)
    compiled: Callable[..., None] = known["__init__"]
    return compiled


def _equality(key: Callable[[object], object]) -> Callable[[object, object], object]:
    def __eq__(self: object, other: object) -> object:
        return key(self) == key(other) if type(self) is type(other) else NotImplemented

    return __eq__


def _values(instance: Any) -> tuple[object, ...]:
    return tuple(getattr(instance, name) for name in instance.__slots__)


def _reduce(self: object) -> tuple[object, ...]:
    """Say how it is made again, by what differs from its defaults: of these, all that are read share one copy."""
    made: Any = type(self)
    rows = zip(defaults(made).items(), made.__values__(self), strict=True)
    return _restore, (made, {name: value for (name, default), value in rows if not _same(value, default)})


def _restore(made: Callable[..., object], changes: Mapping[str, object]) -> object:
    return made(**changes)


def _same(value: object, default: object) -> bool:
    return value is default or (type(value) is type(default) and value == default)


def _repr(self: Any) -> str:
    pairs = zip(self.__slots__, _values(self), strict=True)
    return f"{type(self).__qualname__}({', '.join(f'{name}={value!r}' for name, value in pairs)})"


def _refuse(self: object, name: str, *value: object) -> None:
    raise AttributeError(f"cannot set or delete {name!r}: {type(self).__name__} is frozen")
