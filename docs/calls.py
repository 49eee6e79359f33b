"""The tables of the page about the HTTP API, from the OpenAPI document."""

from collections.abc import Iterator

from farmhand.manager.web.api.contract import JSON, REFUSALS, Json, described, document, follow


def areas() -> list[str]:
    """Name the areas of the API in the order of the document."""
    return [tag["name"] for tag in document()["tags"]]


def table(area: str) -> str:
    """List the calls of an area: what each takes, what it does, and how it may be answered."""
    header = "| Call | Takes | What it does | Answers |\n| --- | --- | --- | --- |\n"
    return header + "".join(sorted(_rows(area), key=_order))


def _rows(area: str) -> Iterator[str]:
    for method, path, item, said in described():
        if area in said["tags"]:
            own = [code for code, answer in said["responses"].items() if answer not in REFUSALS.values()]
            answers = ", ".join(sorted(own))
            yield f"| `{method} {path}` | {', '.join(_taken(item, said))} | {said['summary']} | {answers} |\n"


def _taken(item: Json, said: Json) -> Iterator[str]:
    """Name what a call takes beside its path; what may be left out is in brackets."""
    for parameter in map(follow, [*item.get("parameters", ()), *said.get("parameters", ())]):
        if parameter["in"] == "query":
            yield f"`?{parameter['name']}`" if parameter.get("required") else f"[`?{parameter['name']}`]"
    for kind, content in said.get("requestBody", {}).get("content", {}).items():
        if kind != JSON:
            yield f"`{kind}`"
        for name, required in _fields(content.get("schema", {})).items():
            yield f"`{name}`" if required else f"[`{name}`]"


def _fields(schema: Json) -> dict[str, bool]:
    """Return the fields of an object, and whether each has to be there."""
    schema = follow(schema)
    found = {name: name in schema.get("required", ()) for name in schema.get("properties", {})}
    for part in schema.get("allOf", ()):
        found |= _fields(part)
    for part in (part for several in ("anyOf", "oneOf") for part in schema.get(several, ())):
        found |= dict.fromkeys(_fields(part).keys() - found.keys(), False)
    return found


def _order(row: str) -> tuple[str, str]:
    """Sort by path, then by method, reading before writing."""
    method, _, path = row.split("`")[1].partition(" ")
    return path, str(["GET", "POST", "PUT", "PATCH", "DELETE"].index(method))
