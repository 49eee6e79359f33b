"""/metrics, in the format of Prometheus: what this process saw, and the farm as the database has it."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from flask import Blueprint, Flask, Response, current_app, g, request
from prometheus_client import CONTENT_TYPE_LATEST, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from ...instruments import Instruments, watch_database
from ...rules.access import Grant, Role
from ...storage.lately import Happened, Lately, What
from ...storage.store import Store
from ...storage.tally import Tally, count
from ..access.callers import Call, Caller, Kind, Unknown
from ..access.peers import is_in
from ..access.ways import doubts
from ..site import release

bp = Blueprint("metrics", __name__)

PATH = "/metrics"

# What was counted is good for so many seconds: several who ask at once cost as much as one.
FRESH = 1.0


@bp.get(PATH)
def show() -> Response:
    measures: Measures = current_app.extensions["measures"]
    return Response(measures.text(), content_type=CONTENT_TYPE_LATEST)


def by_scraper(store: Store, call: Call) -> Caller | None:
    """Know a program by the networks that the settings open the metrics to; it may see nothing else."""
    if call.path != PATH or not is_in(call.address, store.settings.metrics):
        return None
    if doubt := doubts(call, store.settings.host_names):
        raise Unknown(doubt)
    return Caller(f"{call.address} (metrics)", Kind.NETWORK, (Grant(Role.VIEWER),))


def prepare(app: Flask, store: Store) -> None:
    """Measure the store's database, and each request that Flask answers."""
    found = Instruments()
    app.extensions["measures"] = Measures(store, found)
    watch_database(store.database.engine, found)

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()

    @app.after_request
    def end(response: Response) -> Response:
        endpoint = request.endpoint or "none"
        found.answers.labels(endpoint, str(response.status_code)).inc()
        if "began" in g:
            found.answer_seconds.labels(endpoint).observe(time.perf_counter() - g.began)
        return response


class Measures(Collector):
    """What is shown. behind: how many events the live pages of this process have not heard of."""

    def __init__(self, store: Store, instruments: Instruments) -> None:
        self.instruments, self._store = instruments, store
        self._lately = Lately(store)
        self.heard: Callable[[], int] | None = None
        self._counting = threading.Lock()
        self._counted: tuple[float, Tally, float] | None = None
        instruments.registry.register(self)

    def text(self) -> bytes:
        for one in self._lately.happened():
            _take(self.instruments, one)
        return generate_latest(self.instruments.registry)

    def describe(self) -> Iterable[Metric]:
        """Spare the registry a look at the database."""
        return ()

    def collect(self) -> Iterator[Metric]:
        try:
            tally, took = self._tally()
        except SQLAlchemyError:
            yield _gauge("farmhand_database_up", "Whether the database answers.", 0)
            return
        yield _gauge("farmhand_database_up", "Whether the database answers.", 1)
        yield _gauge("farmhand_database_count_seconds", "How long it took to count what is on the farm.", took)
        yield from _farm(tally, self._store.clock())
        yield from self._process(tally)

    def _tally(self) -> tuple[Tally, float]:
        with self._counting:
            now = time.monotonic()
            if self._counted is None or now - self._counted[0] > FRESH:
                with self._store.database.read() as connection:
                    found = count(connection, self._store.clock())
                self._counted = now, found, time.monotonic() - now
            return self._counted[1:]

    def _process(self, tally: Tally) -> Iterator[Metric]:
        said = {"version": release(), "schema": self._store.revision, "database": self._store.database.name}
        yield InfoMetricFamily("farmhand_manager", "This manager.", said)
        if self.heard is not None:
            behind = max(0, tally.newest_event - self.heard())
            yield _gauge("farmhand_events_behind", "Numbers of events that live pages have not heard of.", behind)
        swept = self._store.swept_at
        if swept is not None:
            age = (self._store.steady() - swept) / 1000
            yield _gauge("farmhand_sweep_age_seconds", "Since this manager last looked for silent workers.", age)


def _take(to: Instruments, one: Happened) -> None:
    match one.what:
        case What.TASK_ENDED:
            to.tasks.labels(one.label).inc()
            if one.seconds is not None:
                to.task_seconds.labels(one.label).observe(one.seconds)
        case What.REQUEST_SEEN if one.seconds is not None:
            to.seen_seconds.labels(one.label).observe(one.seconds)
        case What.REQUEST_DONE if one.seconds is not None:
            to.done_seconds.labels(one.label).observe(one.seconds)
        case What.LOST:
            to.lost.inc()
        case What.SIGNED_ON:
            to.sign_ons.inc()
        case What.EXITED:
            to.exits.labels(one.label).inc()


def _farm(tally: Tally, now: int) -> Iterator[Metric]:
    yield _gauges("farmhand_workers", "Workers by status.", ["status"], _one(tally.workers))
    yield _gauge("farmhand_workers_waiting", "Workers that wait to be let in.", tally.waiting)
    yield _gauge("farmhand_workers_not_restartable", "Workers that cannot restart.", tally.not_restartable)
    yield _gauges("farmhand_tagged_workers", "Workers by tag, of the largest.", ["tag", "status"], tally.tagged)
    numbers = {to: number for to, (number, _) in tally.pending.items()}
    ages = {to: max(0.0, (now - since) / 1000) for to, (_, since) in tally.pending.items()}
    yield _gauges("farmhand_requests_pending", "Requests that workers have not done.", ["to"], _one(numbers))
    yield _gauges("farmhand_request_oldest_seconds", "The age of the oldest of them.", ["to"], _one(ages))
    yield _gauges("farmhand_jobs", "Jobs by status.", ["status"], _one(tally.jobs))
    yield _gauges("farmhand_tasks", "Tasks by status.", ["status"], _one(tally.tasks))
    yield _gauges("farmhand_tasks_ready", "Tasks that can be handed out.", ["type"], _one(tally.ready))
    yield _gauge("farmhand_agents", "Agents on the nodes.", tally.agents)
    yield _gauge("farmhand_agents_silent", "Agents of which nothing was heard for a minute.", tally.silent_agents)
    yield _gauge("farmhand_audit_rows", "Rows of the audit log.", tally.audit_rows)
    yield _gauge("farmhand_notices_waiting", "Messages that are not delivered yet.", tally.notices)
    oldest = 0.0 if tally.oldest_notice is None else max(0.0, (now - tally.oldest_notice) / 1000)
    yield _gauge("farmhand_notice_oldest_seconds", "The age of the oldest of them.", oldest)
    yield _gauge("farmhand_newest_event", "The number of the newest event.", tally.newest_event)


def _one(values: Mapping[str, float]) -> Mapping[tuple[str], float]:
    return {(name,): value for name, value in values.items()}


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(name, about, value=value)


def _gauges(name: str, about: str, labels: list[str], values: Mapping[Any, float]) -> Metric:
    """Make a metric with labels. values: by the values of the labels."""
    family = GaugeMetricFamily(name, about, labels=labels)
    for which, value in values.items():
        family.add_metric(which, value)
    return family
