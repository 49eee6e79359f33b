"""The tables of the page about the HTTP API, from the OpenAPI document."""

from collections.abc import Iterator

from farmhand.manager.web.contract import described, document


def areas() -> list[str]:
    """Name the areas of the API in the order of the document."""
    return [tag["name"] for tag in document()["tags"]]


def table(area: str) -> str:
    """List the calls of an area: what each does, and how it may be answered."""
    return "".join(["| Call | What it does | Answers |\n", "| --- | --- | --- |\n", *sorted(_rows(area), key=_order)])


def _rows(area: str) -> Iterator[str]:
    for method, path, _, said in described():
        if area in said["tags"]:
            yield f"| `{method} {path}` | {said['summary']} | {', '.join(said['responses'])} |\n"


def _order(row: str) -> tuple[str, str]:
    """Sort by path, then by method, reading before writing."""
    method, _, path = row.split("`")[1].partition(" ")
    return path, str(["GET", "POST", "PUT", "PATCH", "DELETE"].index(method))
