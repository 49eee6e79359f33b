"""systemd's `%` specifiers: systemd.unit(5), "Specifiers".

What follows from the unit's name is worked out here; what depends on the machine (`%H`, `%h`, `%S` …) is
a mapping from the letter to its text that the caller hands in, so that this stays pure.
"""

from collections.abc import Mapping

from .errors import BadValue
from .places import SYSTEM_FOLDERS
from .quoting import unescape

# Every letter that systemd 252 knows beside those that the unit's name gives.
MACHINE_LETTERS = "aAbBCdEgGhHlLmMoqsStTuUvVwWyY"

# For translating a definition that another machine will run: what depends on the machine stays as it is written,
# and so does "%%". A writer must then be told that its texts still hold specifiers.
AS_WRITTEN: Mapping[str, str] = {"%": "%%", **{letter: f"%{letter}" for letter in MACHINE_LETTERS + "crR"}}

# The same for a template, whose name is not known either.
TEMPLATE_AS_WRITTEN: Mapping[str, str] = {**AS_WRITTEN, **{letter: f"%{letter}" for letter in "nNpPiIjJf"}}


def of_name(name: str) -> dict[str, str]:
    """Give the specifiers that follow from a service's name (without ".service")."""
    prefix, _, instance = name.partition("@")
    last = prefix.rpartition("-")[2]
    return {
        "n": f"{name}.service",
        "N": name,
        "p": prefix,
        "P": unescape_name(prefix),
        "i": instance,
        "I": unescape_name(instance),
        "j": last,
        "J": unescape_name(last),
        "f": "/" + unescape_name(instance or prefix).lstrip("/"),
    }


def of_unit(name: str, path: str, machine: Mapping[str, str]) -> dict[str, str]:
    """Give all specifiers for a service that a file defines; `machine` wins, for a reader may want them as written."""
    folder = path.replace("\\", "/").rpartition("/")[0]
    credentials = f"{machine.get('t', SYSTEM_FOLDERS['t'])}/credentials/{name}.service"
    return {**of_name(name), "y": path, "Y": folder, "d": credentials, "R": "", **of_slice(name, ""), **machine}


def of_slice(name: str, slice: str) -> dict[str, str]:
    """Give the deprecated specifiers for control groups, as for a system whose groups begin at the root.

    slice: what Slice= says so far. systemd, src/core/unit-printf.c, specifier_cgroup and specifier_cgroup_slice.
    """
    parts = slice.removesuffix(".slice").split("-") if slice not in ("", "-.slice") else []
    above = "".join(f"/{'-'.join(parts[:end])}.slice" for end in range(1, len(parts) + 1))
    return {"c": f"{above}/{name}.service", "r": above}


def unescape_name(escaped: str) -> str:
    """Undo the escaping of unit names: "-" is a slash, "\\x2d" a dash; systemd-escape(1)."""
    out: list[str] = []
    at = 0
    while at < len(escaped):
        if escaped[at] == "\\" and (found := unescape(escaped, at + 1)):
            out.append(found[0])
            at = found[1]
        else:
            out.append("/" if escaped[at] == "-" else escaped[at])
            at += 1
    return "".join(out)


def replace(text: str, values: Mapping[str, str]) -> str:
    """Replace each `%` and letter by its value; `%%` is `%` unless `values` says otherwise.

    Something unknown is a BadValue if it could be a specifier, and stays otherwise ("100%").
    """
    head, *rest = text.split("%")
    out = [head]
    parts = iter(rest)
    for part in parts:
        letter = part[:1]
        if not part:
            following = next(parts, None)
            out.append("%" if following is None else values.get("%", "%") + following)
        elif letter in values:
            out.append(values[letter] + part[1:])
        elif letter.isascii() and letter.isalnum():
            raise BadValue(f'"%{letter}" is not a specifier that is known here', 'write "%%" for a percent sign')
        else:
            out.append("%" + part)
    return "".join(out)
