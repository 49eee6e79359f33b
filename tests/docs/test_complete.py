"""What the pages list by hand is neither short of anything nor invented."""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from stores import fresh

from farmhand.manager import config as manager_config
from farmhand.manager.app import create_app, create_asgi
from farmhand.manager.rules.facts import Kind
from farmhand.worker import config as worker_config
from farmhand.worker.cli import USAGE_ERROR
from farmhand.worker.wire import DENIED_EXIT_CODE

ROOT = Path(__file__).parents[2]
SOURCES = [path for package in ("manager", "supervisor", "units", "worker") for path in (ROOT / package).rglob("*.py")]


def listed(page: Path) -> list[str]:
    """Return what stands in code in the first cell of each row of a page's tables."""
    rows = re.findall(r"^\| (`.*?) \|", page.read_text(encoding="utf-8"), re.MULTILINE)
    return [word for row in rows for word in re.findall(r"`([^`]+)`", row)]


def calls(rules: Iterable[tuple[Iterable[str], str]]) -> set[str]:
    """Write routes as the page does: "GET /jobs/{job_id}"."""
    named = ((methods, re.sub(r"<(?:path:)?(.*?)>", r"{\1}", rule)) for methods, rule in rules)
    return {f"{method} {rule}" for methods, rule in named for method in methods if method not in ("HEAD", "OPTIONS")}


def test_every_call_of_the_manager_is_listed(docs: Path, tmp_path: Path) -> None:
    store = fresh(tmp_path)
    flask = create_app(store)
    waiting, _ = create_asgi(store)
    served = calls((rule.methods or (), rule.rule) for rule in flask.url_map.iter_rules())
    served |= calls((getattr(route, "methods", None) or (), getattr(route, "path", "")) for route in waiting.routes)
    store.close()
    page = listed(docs / "reference" / "http-api.md")
    assert set(page) == served
    assert len(page) == len(set(page))


def test_every_kind_of_event_is_listed(docs: Path) -> None:
    assert listed(docs / "reference" / "events.md") == [kind.value for kind in Kind]


@pytest.mark.parametrize(
    ("file", "keys"),
    [("worker.yaml", worker_config.KEYS), ("manager.yaml", manager_config.KEYS)],
    ids=["worker", "manager"],
)
def test_every_key_of_a_configuration_is_shown(docs: Path, file: str, keys: Iterable[str]) -> None:
    page = (docs / "reference" / "configuration.md").read_text(encoding="utf-8")
    shown = page + (ROOT / "config" / file).read_text(encoding="utf-8")
    assert f"config/{file}" in page
    assert [key for key in keys if key not in shown] == []


def test_every_variable_of_ours_is_listed(docs: Path) -> None:
    named = {name for path in SOURCES for name in re.findall(r'"((?:FARMHAND|FLAMENCO)_[A-Z_]+)"', path.read_text())}
    farm = set(re.findall(r"FARMHAND_[A-Z]+", (ROOT / "config" / "farm.yaml").read_text()))
    page = listed(docs / "reference" / "environment.md")
    assert {name for name in page if name.startswith(("FARMHAND", "FLAMENCO"))} == named | farm


def test_the_workers_own_exit_codes_are_listed(docs: Path) -> None:
    page = (docs / "reference" / "exit-codes.md").read_text(encoding="utf-8")
    for code in (0, 1, USAGE_ERROR, DENIED_EXIT_CODE):
        assert f"\n| {code} | " in page.partition("## farmhand-manager")[0]


def test_decisions_are_numbered_and_in_the_index(docs: Path) -> None:
    pages = sorted((docs / "decisions").glob("0*.md"))
    index = (docs / "decisions" / "index.md").read_text(encoding="utf-8")
    for number, page in enumerate(pages, start=1):
        assert page.name.startswith(f"{number:04}-")
        assert page.read_text(encoding="utf-8").startswith(f"# {number}. ")
        assert f"| [{number}]({page.name}) |" in index
