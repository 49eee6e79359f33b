"""Which page of the list of workers an address means, and what the list says of it. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from ...rules import finding
from ...rules.finding import ADDRESS, FILTERS, SORTS, BadFilter, Facets, Filters
from ..given import Given, page_number
from ..moments import span
from .rows import STATES, Row, State

# How many rows a page has, and may have.
PAGE = 100
SIZES = (25, 50, 100, 200)

# Selected rows stand in the address by the beginnings of their ids, as long as that is not too long.
SHORT, MOST = 8, 200

_NAMES: Mapping[str, str] = {ADDRESS.get(name, name): name for name in FILTERS}


@dataclass(frozen=True)
class View:
    """What the list shows, in which order, and how much of it at once: all of it stands in the address.

    picked: the beginnings of the ids that are selected, on whatever page; they go along from page to page.
    """

    filters: Filters = field(default_factory=Filters)
    sort: str = "name"
    page: int = 1
    size: int = PAGE
    picked: tuple[str, ...] = ()

    def query(self, **changed: object) -> dict[str, object]:
        """Return the address's parameters, some of them changed; what is not needed is left out."""
        now = replace(self, **changed)  # type: ignore[arg-type]
        return {
            **filter_query(now.filters),
            **({"sort": now.sort} if now.sort != "name" else {}),
            **({"rows": now.size} if now.size != PAGE else {}),
            **({"page": now.page} if now.page > 1 else {}),
            **({"pick": ",".join(now.picked)} if now.picked else {}),
        }

    def address(self, **changed: object) -> str:
        """Return the address of the list with some parameters changed."""
        query = urlencode(self.query(**changed), doseq=True, safe=",")
        return f"/workers?{query}" if query else "/workers"

    def filtered(self, **changed: object) -> str:
        """Return the address of the first page of the list with some filters changed."""
        return self.address(filters=replace(self.filters, **changed), page=1, picked=())  # type: ignore[arg-type]


def filter_query(filters: Filters) -> dict[str, object]:
    """Return the parameters of an address that say what is looked for; one value stands alone."""
    texts = finding.texts(filters)
    return {ADDRESS.get(name, name): values if len(values) > 1 else values[0] for name, values in texts.items()}


def read_filters(given: Given) -> Filters:
    """Read what an address looks for; raises BadFilter."""
    return finding.read({name: given.getlist(key) for key, name in _NAMES.items()})


def read_view(given: Given) -> View:
    """Read the address's parameters; raises BadFilter."""
    sort, page, size = given.get("sort", "") or "name", page_number(given), given.get("rows", "")
    if sort.removeprefix("-") not in SORTS:
        raise BadFilter(f"sort: “{sort}” is none of {', '.join(SORTS)}, with or without a minus before it")
    if page is None:
        raise BadFilter(f"page: “{given.get('page', '')[:40]}” is not a page number")
    if size and size not in map(str, SIZES):
        raise BadFilter(f"rows: “{size}” is none of {', '.join(map(str, SIZES))}")
    return View(read_filters(given), sort, page, int(size or PAGE), read_picked(given))


def read_picked(given: Given) -> tuple[str, ...]:
    """Return the beginnings of the ids that are selected."""
    return beginnings(word for word in given.get("pick", "").split(",") if len(word) == SHORT)


def beginnings(ids: Iterable[str]) -> tuple[str, ...]:
    """Return what an address says of these workers."""
    return tuple(dict.fromkeys(id[:SHORT] for id in ids))[:MOST]


# The table's columns: CSS class, title, and the sort key that a click on it gives.
COLUMNS = (
    ("c-status", "Status", "status"),
    ("c-name", "Name", "name"),
    ("c-now", "Now, and time left", ""),
    ("c-pending", "Pending change", "change"),
    ("c-seen", "Last seen", "seen"),
    ("c-restarts num", "Restarts, 24 h", "restarts"),
    ("c-version", "Version", "version"),
    ("c-tags", "Tags", ""),
)

# The same for a narrow window, which has no heads.
ORDERS = (
    ("name", "Name"),
    ("-name", "Name, from Z to A"),
    ("status", "Status"),
    ("change", "Pending change"),
    ("seen", "Last seen, the latest first"),
    ("-seen", "Last seen, the longest ago first"),
    ("restarts", "Restarts, the most first"),
    ("version", "Version"),
    ("-version", "Version, the newest first"),
    ("platform", "Platform"),
)


# For how long a worker was not heard of, and what is a matter of yes and no: value, words.
SILENCES = (("300s", "5 min"), ("3600s", "1 h"), ("86400s", "1 day"))
SWITCHES = (
    ("can_restart", "no", "Cannot restart"),
    ("abnormal", "yes", "Ended abnormally"),
    ("attention", "yes", "Needs attention"),
    ("joining", "yes", "Wants to join"),
)

# The filters that are always to be seen; the others are behind a word, which says how many of them are in use.
AT_HAND = frozenset({"text", "status", "tag", "pending"})


@dataclass(frozen=True)
class Column:
    """A column's head; sorted is what aria-sort says, href turns to its order."""

    css: str
    title: str
    href: str
    sorted: str


def columns(view: View) -> list[Column]:
    key, down = view.sort.removeprefix("-"), view.sort.startswith("-")
    return [
        Column(
            css,
            title,
            view.address(sort=f"-{sort}" if sort == key and not down else sort, page=1) if sort else "",
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


Tally = Mapping[Facets, int]


@dataclass(frozen=True)
class Totals:
    """The whole farm in numbers. versions, platforms: how many workers have each, the most common first."""

    workers: int
    states: Mapping[str, int]
    pending: int
    attention: int
    joining: int
    versions: Mapping[str, int]
    platforms: Mapping[str, int]

    @property
    def usual_version(self) -> str:
        """Return the version that most workers have; "" where no two have the same."""
        version, number = next(iter(self.versions.items()), ("", 0))
        return version if number > 1 else ""


def totals(tally: Tally, now: int) -> Totals:
    """Add up what was counted."""
    return Totals(
        workers=sum(tally.values()),
        states=_by(tally, "state"),
        pending=sum(n for each, n in tally.items() if each.pending),
        attention=sum(n for each, n in tally.items() if each.due is not None and each.due <= now),
        joining=sum(n for each, n in tally.items() if each.waiting),
        versions=_by(tally, "version"),
        platforms=_by(tally, "platform"),
    )


def _by(tally: Tally, facet: str) -> dict[str, int]:
    count: dict[str, int] = {}
    for each, number in tally.items():
        value = getattr(each, facet)
        if value:
            count[value] = count.get(value, 0) + number
    return dict(sorted(count.items(), key=lambda item: (-item[1], item[0])))


@dataclass(frozen=True)
class Found:
    """What the database found: one page's rows, how many match and how the whole farm is. tags: all names."""

    rows: Sequence[Row]
    matching: int
    totals: Totals
    tags: Sequence[str] = ()


@dataclass(frozen=True)
class Listing:
    """One page of the list. previous, next: addresses, empty where there is none. total: how many workers there are."""

    rows: Sequence[Row]
    columns: Sequence[Column]
    chips: Sequence[Chip]
    view: View
    total: int
    matching: int
    range: str
    no_match: str
    previous: str
    next: str
    totals: Totals
    tags: Sequence[str]
    texts: Mapping[str, Sequence[str]]

    @property
    def more(self) -> int:
        """Count what is set behind "More filters"."""
        return len(self.texts.keys() - AT_HAND) + (self.view.sort != "name") + (self.view.size != PAGE)

    @property
    def everyone(self) -> str:
        """Name all that match, on whatever page."""
        return f"all {self.matching:,} {'that match' if self.view.filters else 'workers'}"


def page_of(view: View, matching: int) -> View:
    """Return the last page in place of one beyond it."""
    return replace(view, page=min(view.page, max(1, -(-matching // view.size))))


def listing(found: Found, view: View) -> Listing:
    """Say what the page says of what was found."""
    view = page_of(view, found.matching)
    total, first = found.totals.workers, (view.page - 1) * view.size
    last = first + len(found.rows)
    among = "" if found.matching == total else f", {total} in all"
    return Listing(
        rows=found.rows,
        columns=columns(view),
        chips=[
            Chip(state, found.totals.states.get(state.name, 0), state.name in view.filters.status) for state in STATES
        ],
        view=view,
        total=total,
        matching=found.matching,
        range=f"{first + 1} to {last} of {found.matching}{among}" if found.rows else f"0 of {total}",
        no_match=no_match(total, view.filters),
        previous=view.address(page=view.page - 1) if view.page > 1 else "",
        next=view.address(page=view.page + 1) if last < found.matching else "",
        totals=found.totals,
        tags=found.tags,
        texts=finding.texts(view.filters),
    )


def no_match(total: int, filters: Filters) -> str:
    """Say what was looked for in vain."""
    return f"None of the {total} workers {' and '.join(wanted(filters))}."


_PENDING_WORDS = {"any": "of any kind", "asleep": "to sleep", "awake": "to wake up", "offline": "to shut down"}


def wanted(filters: Filters) -> list[str]:
    """Say what is looked for, each as the end of "a worker that …"."""
    words = [state.word.lower() for state in STATES if state.name in filters.status]
    said = {
        "status": f"is {_or(words)}",
        "text": f"has “{filters.text}” in its name, address or id",
        "tag": f"has the tag {_or(sorted(filters.tag))}",
        "platform": f"runs on {_or(sorted(filters.platform))}",
        "version": f"is of version {_or(sorted(filters.version))}",
        "pending": f"has a pending change {_or([_PENDING_WORDS.get(w, f'to {w}') for w in sorted(filters.pending)])}",
        "silent": f"was not heard of for {span(filters.silent or 0)}",
        "abnormal": "ended abnormally the last time" if filters.abnormal else "ended normally the last time",
        "can_restart": "can restart" if filters.can_restart else "cannot restart",
        "joining": "wants to join" if filters.joining else "has joined",
        "attention": "needs attention" if filters.attention else "needs no attention",
    }
    return [said[name] for name in sorted(filters.given, key=list(said).index)]


def _or(words: Sequence[str]) -> str:
    return " or ".join(words)


@dataclass(frozen=True)
class Part:
    """A piece of the sentence; href leads to the workers that it speaks of."""

    text: str
    strong: bool = False
    href: str = ""


def summary(farm: Totals) -> list[Part]:
    """Say the farm's state in a sentence or two."""
    busy, free = sum(farm.states.get(name, 0) for name in ("working", "draining")), farm.states.get("idle", 0)
    if not farm.workers:
        return [Part("No worker has signed on yet. Three steps bring the first one in.")]
    parts = [
        Part(f"{busy} of {farm.workers} {'is' if busy == 1 else 'are'} rendering", strong=True),
        Part(f", {free} {'is' if free == 1 else 'are'} free."),
    ]
    notes = [
        (farm.pending, "change is pending", "changes are pending", "/workers?pending=any"),
        (farm.attention, "worker needs attention", "workers need attention", "/workers?attention=yes"),
        (farm.joining, "worker wants to join", "workers want to join", "/workers?joining=yes"),
    ]
    before = " "
    for number, one, several, href in notes:
        if number:
            parts += [Part(before), Part(f"{number} {one if number == 1 else several}", href=href)]
            before = ", "
    return [*parts, Part(".")] if before == ", " else parts
