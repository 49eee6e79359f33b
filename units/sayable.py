"""Whether systemd's words can say what a service is: what they cannot, no dialect is asked to say.

What was read from a unit or from our YAML is said already; this is for services that were made otherwise.
"""

import re
from dataclasses import replace

from .dialects import systemd
from .directives import DIRECTIVES
from .errors import BadConfig, BadValue
from .spec import Service

_NAME = re.compile(r"(?!-)(?!\.*$)[A-Za-z0-9:_.\\@-]{1,200}")


def check_sayable(service: Service) -> None:
    """Raise BadValue that names the directive which a unit cannot have, or the name that none can."""
    if not _NAME.fullmatch(service.name):
        raise BadValue(f'its name "{service.name}" is none for a service', "use letters, digits and :_.@-")
    written = systemd.write(service)
    for loss in written.losses:
        raise BadValue(str(loss), "write it otherwise")
    try:
        reading = systemd.read(written.path, written.text, {"%": "%"}, service.name)
    except BadConfig as bad:
        key = bad.key or written.text.split("\n")[bad.line - 1].partition("=")[0]
        raise BadValue(f"{key}: {bad.problem}", bad.hint) from None
    for notice in reading.warnings:
        raise BadValue(f"{notice.key}: {notice.problem}", notice.hint)
    _compare(_ordered(reading.service), _ordered(service))


def _ordered(service: Service) -> Service:
    return replace(service, kept=tuple(sorted(service.kept, key=str)), origin={})


def _compare(read: Service, service: Service) -> None:
    for row in DIRECTIVES.values():
        said = getattr(service, row.field)
        if getattr(read, row.field) != said:
            raise BadValue(f"{row.name}: {said!r} cannot be said in a unit", "say it otherwise")
    if read.kept != service.kept:
        name = next(line.key for line in service.kept if line not in read.kept)
        raise BadValue(f"{name}: its value cannot be said in a unit", "say it otherwise")
