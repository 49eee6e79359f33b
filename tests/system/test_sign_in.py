"""The first admin of a farm that was started as the README says: by the link on the console, in a browser."""

import re
from collections.abc import Iterator
from pathlib import Path

import needs
import pytest
from browser import chromium
from farm import BIN, ROOT, Farm, await_start, free_port, run, started
from playwright.sync_api import Browser, expect
from polling import until

pytestmark = needs.program("chromium")

LINK = re.compile(r"http://127\.0\.0\.1:\d+/welcome/[\w-]{43}")
PASSWORD = "nine horses and a battery"


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[Farm]:
    words = ("run", "--show-output", "manager", str(ROOT / "config" / "farm.yaml"))
    with started(tmp_path / "data", str(BIN / "farmhand"), *words, port=free_port()) as farm:
        await_start(farm, farm.answers)
        yield farm


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def links(farm: Farm) -> list[str]:
    return LINK.findall(farm.output.read_text())


def test_the_link_on_the_console_makes_an_admin_once(farm: Farm, browser: Browser) -> None:
    until(lambda: links(farm), "the link")
    farm.run("farmhand", "restart", "manager")
    until(lambda: len(links(farm)) == 2 and farm.answers(), "another link, as there is no admin yet")
    first, again = links(farm)
    page = browser.new_page()
    page.goto(first)
    page.get_by_label("Name").fill("Ada")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password again").fill(PASSWORD)
    page.get_by_role("button", name="Sign in as admin").click()
    expect(page.get_by_role("heading", name="Workers", exact=True)).to_be_visible()
    for number in (1, 2, 3):
        expect(page.get_by_role("link", name=f"node-{number}")).to_be_visible(timeout=20_000)

    words = ("--person", "ada", "--role", "operator", "--data", str(farm.data))
    made = farm.run("farmhand-manager", "tokens", "make", "terminal", *words)
    assert made.returncode == 0, made.stderr
    job = ("farmhand-manager", "submit", str(ROOT / "config" / "jobs" / "mandelbrot.yaml"))
    assert farm.run(*job).returncode == 2, "a job from nobody"
    known = {**farm.environment, "FARMHAND_TOKEN": made.stdout.strip()}
    assert run(known, *job).returncode == 0

    for link in (first, again):
        stranger = browser.new_page()
        stranger.goto(link)
        expect(stranger.get_by_role("heading", name="This link does not work any more")).to_be_visible()

    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto(f"{farm.url}/jobs")
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password", exact=True).fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("The name and the password do not go together.")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{farm.url}/jobs")

    farm.run("farmhand", "restart", "manager")
    until(farm.answers, "the manager to be back")
    page.reload()
    expect(page.get_by_role("heading", name="Jobs", exact=True)).to_be_visible()
    assert len(links(farm)) == 2, "there is an admin, and still a link was printed"
