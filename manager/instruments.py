"""What this process counts and measures of itself, for metrics. Each manager has its own."""

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import ExceptionContext
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

# Each counter would be followed by the time at which it was made, which the start of the process says for all.
disable_created_metrics()  # type: ignore[no-untyped-call]

# Upper bounds of histograms, in seconds.
QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
WAITING = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200)
RENDERING = (1, 5, 15, 60, 300, 900, 1800, 3600, 7200, 14400, 43200)


class Instruments:
    """The instruments of one process; those above the line say what it saw of the farm, the others what it does."""

    def __init__(self) -> None:
        self.registry = it = CollectorRegistry()
        self.tasks = Counter(
            "farmhand_tasks_ended", "Tasks that a worker reported on as ended.", ["status"], registry=it
        )
        self.task_seconds = Histogram(
            "farmhand_task_duration_seconds", "From hand-out to end.", ["status"], registry=it, buckets=RENDERING
        )
        self.seen_seconds = Histogram(
            "farmhand_request_seen_seconds",
            "From a request to the worker that knows of it.",
            ["to"],
            registry=it,
            buckets=WAITING,
        )
        self.done_seconds = Histogram(
            "farmhand_request_done_seconds",
            "From a request to the worker that has done it.",
            ["to"],
            registry=it,
            buckets=WAITING,
        )
        self.lost = Counter("farmhand_workers_lost", "Times that a worker was lost.", registry=it)
        self.sign_ons = Counter("farmhand_worker_sign_ons", "Processes of workers that began.", registry=it)
        self.exits = Counter(
            "farmhand_worker_exits", "Processes of workers that an agent saw end, by why.", ["cause"], registry=it
        )
        # ----
        self.answers = Counter(
            "farmhand_http_requests", "Requests that were answered.", ["endpoint", "status"], registry=it
        )
        self.answer_seconds = Histogram(
            "farmhand_http_request_duration_seconds", "Their time.", ["endpoint"], registry=it, buckets=QUICK
        )
        self.open = Gauge("farmhand_http_open_requests", "Requests that wait for news.", ["endpoint"], registry=it)
        self.transactions = Histogram(
            "farmhand_database_transaction_seconds", "Transactions.", ["kind"], registry=it, buckets=QUICK
        )
        self.database_errors = Counter("farmhand_database_errors", "Statements that failed.", registry=it)
        for kind in ("read", "write"):
            self.transactions.labels(kind)


def watch_database(engine: Engine, found: Instruments) -> None:
    """Measure the transactions of an engine, and count what fails."""

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.info["began"] = time.perf_counter()

    def end(connection: Connection) -> None:
        began = connection.info.pop("began", None)
        if began is not None:
            kind = "write" if _writes(connection) else "read"
            found.transactions.labels(kind).observe(time.perf_counter() - began)

    event.listen(engine, "commit", end)
    event.listen(engine, "rollback", end)

    @event.listens_for(engine, "handle_error")
    def failed(_context: ExceptionContext) -> None:
        found.database_errors.inc()


def _writes(connection: Connection) -> bool:
    said = connection.get_execution_options()
    if connection.dialect.name == "sqlite":
        return bool(said.get("writes"))
    return not said.get("postgresql_readonly") and said.get("isolation_level") != "AUTOCOMMIT"


def counted(route: Route, found: Instruments) -> Route:
    """Count who waits at a route."""
    inside, waiting = route.app, found.open.labels(route.name)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        with waiting.track_inprogress():
            await inside(scope, receive, send)

    route.app = app
    return route
