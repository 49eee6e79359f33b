"""A store of its own for each test, what serves it, and a browser to see it in."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import chromium
from flask.testing import FlaskClient
from manager_server import serving
from playwright.sync_api import Browser, BrowserContext, Page

from farmhand.manager.app import create_app
from farmhand.manager.config import Settings
from farmhand.manager.storage.store import Store


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which nothing has happened yet; making its tables takes longer than a test."""
    folder = tmp_path_factory.mktemp("fresh")
    Store(folder, Settings()).close()
    return folder


@pytest.fixture
def store(tmp_path: Path, fresh: Path) -> Iterator[Store]:
    shutil.copytree(fresh, tmp_path / "data")
    opened = Store(tmp_path / "data", Settings(without_login=True))
    yield opened
    opened.close()


@pytest.fixture
def client(store: Store) -> FlaskClient:
    """A browser without JavaScript."""
    return create_app(store).test_client()


@pytest.fixture
def url(store: Store) -> Iterator[str]:
    """The address of a real server."""
    with serving(store) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.new_context(viewport={"width": 1440, "height": 900})
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page on which nothing may go wrong: no script fails, and the content security policy stops nothing."""
    wrong: list[str] = []
    opened = context.new_page()
    opened.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    yield opened
    assert wrong == []
