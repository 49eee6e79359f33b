"""Our YAML, written so that it reads back as the same services."""

import re
from typing import Any

import yaml

from .. import directives
from ..dialect import EVENT_NAMES, Commands, Dialect, Found, Target
from ..errors import BadValue, Notice
from ..kinds import Escape
from ..rendered import Loss, Rendered
from ..spec import Service
from ..specifiers import AS_WRITTEN
from . import farmhand
from .farmhand import SCALAR_TAGS

_FOLDERS = {"system": "/etc/farmhand", "user": "~/.config/farmhand"}


def text_of(service: Service, *, as_written: bool = False) -> tuple[str, tuple[Loss, ...]]:
    """Write a service as a file of ours; only what differs from the defaults is said.

    as_written: its texts still hold `%` specifiers. Losses name the directives whose value has no spelling.
    """
    losses: list[Loss] = []
    body: dict[str, object] = {}
    prefix, at, instance = service.name.partition("@")
    instances = {"instances": [instance]} if instance else {}
    escape = _as_it_is if as_written else _escaped
    for name, row in directives.DIRECTIVES.items():
        value = getattr(service, row.field)
        if value == row.default:
            continue
        try:
            body |= _entry(name, row, value, escape)
        except BadValue as bad:
            losses.append(Loss(name, f"{bad.problem}; {bad.hint}"))
    for line in service.kept:
        if not line.value:
            losses.append(Loss(line.key, "it is taken back, for which there is no spelling; what it says here counts"))
            continue
        texts = body.setdefault(line.key, [])
        assert isinstance(texts, list)
        texts.append(line.value)
    services = {"services": {f"{prefix}{at}": {**instances, **{key: _lean(value) for key, value in body.items()}}}}
    text = yaml.dump(services, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_NEVER_FOLD)
    return text, tuple(losses)


_NEVER_FOLD = 1 << 20


def _entry(name: str, row: directives.Directive, value: object, escape: Escape) -> dict[str, object]:
    if name == "Environment" and isinstance(value, dict):
        return {name: {key: escape(text) for key, text in value.items()}}
    texts = row.kind.write(value, escape)
    return {name: texts} if texts else {}


def _lean(value: object) -> object:
    """Write a list of one as that one."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _escaped(text: str) -> str:
    return text.replace("%", "%%")


def _as_it_is(text: str) -> str:
    return text


class _Dumper(yaml.SafeDumper):
    """Quotes no number and no `no`: our reader takes them as they are written."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:
        return super().increase_indent(flow, False)


def _represent(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    """Quote what YAML also takes for the end of a line, so that it is escaped: else it would come back as a space."""
    style = '"' if re.search("[\x85\u2028\u2029]", text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent)
_Dumper.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag not in SCALAR_TAGS]
    for first, found in yaml.SafeDumper.yaml_implicit_resolvers.items()
}


def write(service: Service, target: Target) -> Rendered:
    text, losses = text_of(service, as_written=target.as_written)
    return Rendered(f"{_FOLDERS[target.scope]}/{service.name}.yaml", text, losses)


def read(path: str, text: str) -> Found:
    services, losses = farmhand.for_elsewhere(farmhand.read(path, text, AS_WRITTEN))
    return Found(
        services, tuple(Notice(path, 0, loss.key, loss.why, "the service is the same otherwise") for loss in losses)
    )


def _means(service: Service, target: Target) -> Service:
    return service


def _commands(service: Service, target: Target) -> Commands:
    user = ("--user",) if target.scope == "user" else ()
    path = f"{_FOLDERS[target.scope]}/{service.name}.yaml"
    return Commands(
        check=("farmhand", "check", path),
        install=(("farmhand", "service", "install", *user, path), ("farmhand", "service", "start", *user)),
        uninstall=(("farmhand", "service", "remove", *user),),
        status=("farmhand", "status", service.name),
    )


DIALECT = Dialect(
    name="farmhand",
    title="Farmhand",
    system=None,
    means=_means,
    write=write,
    commands=_commands,
    read=read,
    specifiers=True,
    endings=(".yaml", ".yml"),
    checked={"0.1.0": EVENT_NAMES},
)
