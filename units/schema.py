"""The JSON Schema of our YAML, made from the table of directives, for editors."""

from math import inf

from . import directives, grammar, known
from .directives import Directive
from .kinds import TEXT_SCHEMA, Json
from .spec import StatusSet

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def build() -> Json:
    """Give the schema of a whole file."""
    return {
        "$schema": DRAFT,
        "title": "Farmhand's services",
        "description": "Services and the supervisor's settings, in systemd's words.",
        "type": "object",
        "required": ["services"],
        "additionalProperties": False,
        "properties": {
            "supervisor": _supervisor(),
            "services": {
                "description": "One entry for each service; a name that ends in @ is a template and needs instances.",
                "type": "object",
                "additionalProperties": _service(),
            },
        },
    }


def _supervisor() -> Json:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "DefaultEnvironment": {
                "description": "Variables for all services; the supervisor's own environment wins over them.",
                "type": "object",
                "additionalProperties": {"type": [*TEXT_SCHEMA["type"], "null"]},
            },
            **{
                f"Default{name}": {
                    "description": f"{name}= of services that do not say.",
                    **directives.DIRECTIVES[name].kind.schema,
                }
                for name in ("StandardOutput", "StandardError")
            },
            "LogDirectory": {
                "description": "The folder for the services' output; ${NAME} is a variable.",
                "type": "string",
            },
            "Leftovers": {
                "description": "What becomes of services that outlive their supervisor: adopt or stop.",
                "enum": list(grammar.LEFTOVERS),
            },
        },
    }


def _service() -> Json:
    acted_on = {name: _directive(row) for name, row in directives.DIRECTIVES.items()}
    for section, name in directives.ALIASES:
        if name not in acted_on:
            targets = directives.in_section(section, name)
            acted_on[name] = {**targets[0].kind.schema, "description": f"Sets {_listed(targets)}."}
    kept = {
        name: {"description": f"[{section}] Read and kept, but not in force under Farmhand."}
        for section in known.SECTIONS
        for name in sorted(known.KEPT[section])
        if name not in acted_on
    }
    instances = {
        "description": "The instances of a template: one service each, %i in its values.",
        "type": "array",
        "items": {"type": ["string", "integer"]},
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "patternProperties": {"^X-(?!Farmhand)": {}},
        "properties": {"instances": instances, **acted_on, **kept},
    }


def _directive(row: Directive) -> Json:
    since = f" Since systemd {row.since}." if row.since else ""
    default = _default(row)
    said = f" Default: {default}." if default else ""
    return {**row.kind.schema, "description": f"[{row.section}] {_sentence(row.help)}{said}{since}"}


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."


def _default(row: Directive) -> str:
    """Give a directive's default as it would be written, "" if there is none to speak of."""
    if row.default in (None, "", (), {}, StatusSet()):
        return ""
    return ", ".join(row.kind.write(row.default, str)) if row.default != inf else "infinity"


def _listed(rows: tuple[Directive, ...]) -> str:
    return " and ".join(f"{row.name}=" for row in rows)
