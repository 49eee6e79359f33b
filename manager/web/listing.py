"""Which workers the Workers page lists and in which order, and its sentence about the farm. Pure."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import urlencode

from .rows import STATES, Row, State

PAGE = 100

# Sort keys by the name the address has for them; a minus before it turns the order round.
SORTS: Mapping[str, Callable[[Row], tuple[object, ...]]] = {
    "name": lambda row: (row.name.casefold(),),
    "status": lambda row: (STATES.index(row.state) if row.state in STATES else len(STATES),),
    "change": lambda row: (row.change is None, row.change.to if row.change else ""),
    "seen": lambda row: (-row.seen.at if row.seen else 0,),
    "restarts": lambda row: (-row.restarts,),
    "version": lambda row: (row.version,),
}


@dataclass(frozen=True)
class Filters:
    """Which workers the list shows, in which order; all of it stands in the address."""

    text: str = ""
    states: frozenset[str] = frozenset()
    sort: str = "name"
    page: int = 1

    def matches(self, row: Row) -> bool:
        """Say whether a row belongs to the list: any of the states, and the text in name, address or id."""
        if self.states and row.state.name not in self.states:
            return False
        return any(self.text.casefold() in word.casefold() for word in (row.name, row.address, row.id))

    def query(self, **changed: object) -> dict[str, object]:
        """Return the address's parameters, some of them changed; what is not needed is left out."""
        now = replace(self, **changed)  # type: ignore[arg-type]
        full = {
            "q": now.text,
            "status": sorted(now.states),
            "sort": now.sort if now.sort != "name" else "",
            "page": now.page if now.page > 1 else "",
        }
        return {key: value for key, value in full.items() if value}

    def address(self, **changed: object) -> str:
        """Return the address of the list with some parameters changed."""
        query = urlencode(self.query(**changed), doseq=True)
        return f"/workers?{query}" if query else "/workers"


@dataclass(frozen=True)
class BadFilter(Exception):
    """The address asks for a list that does not exist; the text says why."""

    text: str


class Given(Protocol):
    """The parameters of an address, as Flask and Starlette have them."""

    def get(self, key: str, default: str, /) -> str: ...

    def getlist(self, key: str, /) -> list[str]: ...


def read_filters(given: Given) -> Filters:
    """Read the address's parameters; raises BadFilter."""
    text, states = given.get("q", ""), given.getlist("status")
    sort, page = given.get("sort", "name"), given.get("page", "1")
    known = [state.name for state in STATES]
    for name in states:
        if name not in known:
            raise BadFilter(f"status: “{name}” is none of {', '.join(known)}")
    if sort.removeprefix("-") not in SORTS:
        raise BadFilter(f"sort: “{sort}” is none of {', '.join(SORTS)}, with or without a minus before it")
    if not (page.isascii() and page.isdigit() and 0 < int(page) < 1_000_000):
        raise BadFilter(f"page: “{page}” is not a page number")
    return Filters(text.strip(), frozenset(states), sort, int(page))


# The table's columns: CSS class, title, and the sort key that a click on it gives.
COLUMNS = (
    ("c-status", "Status", "status"),
    ("c-name", "Name", "name"),
    ("c-now", "Now, and for how long", ""),
    ("c-pending", "Pending change", "change"),
    ("c-seen", "Last seen", "seen"),
    ("c-restarts num", "Restarts", "restarts"),
    ("c-version", "Version", "version"),
)


@dataclass(frozen=True)
class Column:
    """A column's head; sorted is what aria-sort says, href turns to its order."""

    css: str
    title: str
    href: str
    sorted: str


def columns(filters: Filters) -> list[Column]:
    key, down = filters.sort.removeprefix("-"), filters.sort.startswith("-")
    return [
        Column(
            css,
            title,
            filters.address(sort=f"-{sort}" if sort == key and not down else sort, page=1) if sort else "",
            ("descending" if down else "ascending") if sort == key else "",
        )
        for css, title, sort in COLUMNS
    ]


@dataclass(frozen=True)
class Chip:
    """One status among the filters, and how many workers have it."""

    state: State
    count: int
    on: bool


@dataclass(frozen=True)
class Listing:
    """One page of the list. previous, next: addresses, empty where there is none. total: how many workers there are."""

    rows: Sequence[Row]
    columns: Sequence[Column]
    chips: Sequence[Chip]
    filters: Filters
    total: int
    range: str
    no_match: str
    previous: str
    next: str


def listing(rows: Sequence[Row], filters: Filters) -> Listing:
    """Choose, order and cut; `rows` come in the order of names."""
    matching = [row for row in rows if filters.matches(row)]
    matching.sort(key=SORTS[filters.sort.removeprefix("-")], reverse=filters.sort.startswith("-"))
    pages = max(1, -(-len(matching) // PAGE))
    page = min(filters.page, pages)
    first = (page - 1) * PAGE
    shown = matching[first : first + PAGE]
    among = "" if len(matching) == len(rows) else f", {len(rows)} in all"
    return Listing(
        rows=shown,
        columns=columns(filters),
        chips=chips(rows, filters),
        filters=filters,
        total=len(rows),
        range=f"{first + 1} to {first + len(shown)} of {len(matching)}{among}" if shown else f"0 of {len(rows)}",
        no_match=no_match(len(rows), filters),
        previous=filters.address(page=page - 1) if page > 1 else "",
        next=filters.address(page=page + 1) if page < pages else "",
    )


def chips(rows: Sequence[Row], filters: Filters) -> list[Chip]:
    count = Counter(row.state.name for row in rows)
    return [Chip(state, count[state.name], state.name in filters.states) for state in STATES]


def no_match(total: int, filters: Filters) -> str:
    """Say what was looked for in vain."""
    words = [state.word.lower() for state in STATES if state.name in filters.states]
    wanted = [f"is {' or '.join(words)}"] if words else []
    if filters.text:
        wanted.append(f"has “{filters.text}” in its name, address or id")
    return f"None of the {total} workers {' and '.join(wanted)}."


@dataclass(frozen=True)
class Part:
    text: str
    strong: bool = False


def summary(rows: Sequence[Row]) -> list[Part]:
    """Say the farm's state in a sentence or two."""
    count = Counter(row.state.name for row in rows)
    busy, pending, lost = (
        count["working"] + count["draining"],
        sum(row.change is not None for row in rows),
        sum(row.wants_attention for row in rows),
    )
    if not rows:
        return [Part("No worker has signed on yet. Three steps bring the first one in.")]
    parts = [
        Part(f"{busy} of {len(rows)} {'is' if busy == 1 else 'are'} rendering", strong=True),
        Part(f", {count['idle']} {'is' if count['idle'] == 1 else 'are'} free."),
    ]
    notes = []
    if pending:
        notes.append(f"{pending} {'change is' if pending == 1 else 'changes are'} pending")
    if lost:
        notes.append(f"{lost} {'worker needs' if lost == 1 else 'workers need'} attention")
    return [*parts, Part(f" {', '.join(notes)}.")] if notes else parts
