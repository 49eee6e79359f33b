"""The Install tab, as a browser without JavaScript uses it."""

import html
import json
import os
import re
import subprocess
import urllib.request
from dataclasses import replace
from pathlib import Path

import needs
import pytest
from flask.testing import FlaskClient
from pretended import Pretended, awake, register
from signed_in import VIEWER, browser, sign_in

from farmhand.manager.config import Settings
from farmhand.manager.rules import drift
from farmhand.manager.rules.access import Role
from farmhand.manager.rules.tokens import Scope
from farmhand.manager.rules.workers import Announcement
from farmhand.manager.storage import calls, tokens
from farmhand.manager.storage.store import Store
from farmhand.units import recipe
from farmhand.units.carried import digest
from farmhand.units.dialects import systemd
from farmhand.units.dialects.table import DIALECTS


@pytest.fixture
def node(store: Store) -> Pretended:
    return awake(store, "node-1")


def downloads(page: str) -> dict[str, str]:
    """Return the address of each file that a page offers, by its name."""
    return {name: html.unescape(link) for link, name in re.findall(r'href="([^"]*)" download="([^"]*)"', page)}


def hashes(page: str) -> list[str]:
    return re.findall(r'class="digest">([0-9a-f]{64})<', page)


def installed(worker: Pretended, system: str = "systemd", *, change: bytes = b"", **form: str) -> None:
    """Have a worker sign on under a definition that was made for it; change: what its files are instead."""
    likely = {"name": worker.name, "manager": "http://farm:8080/", "program": "/opt/farmhand/bin/farmhand-worker"}
    made = recipe.make(recipe.read({"system": system, **likely, **form}))
    files = {file.path: digest(change or file.text.encode()) for file in made.seen}
    said = {"recipe": recipe.text_of(made.recipe), "files": files, "drop_ins": ["local.conf"] if change else []}
    unit = drift.keep(said)
    calls.sign_on(worker.store, worker.id, Announcement(worker.name, "1", ("misc",), True, "10.0.0.1", unit))


def test_the_unit_is_made_for_that_very_worker(client: FlaskClient, node: Pretended) -> None:
    query = "manager=http://farm.local:8080/&code=99&user=render&folder=/srv/farm"
    page = client.get(f"/workers/{node.id}/install?{query}").text
    file = client.get(downloads(page)["farmhand-worker.service"])
    assert file.headers["Content-Disposition"] == "attachment; filename=farmhand-worker.service"
    service = systemd.read("farmhand-worker.service", file.text).service
    words = service.exec_start[0].words
    assert words[1:7] == ("--manager", "http://farm.local:8080/", "--restart-exit-code", "99", "--name", "node-1")
    assert (service.user, service.restart_force_exit_status.codes) == ("render", {99})


@pytest.mark.parametrize("system", DIALECTS)
def test_every_file_is_shown_line_by_line_with_its_own_hash(client: FlaskClient, node: Pretended, system: str) -> None:
    page = client.get(f"/workers/{node.id}/install?system={system}").text
    shown = re.findall(r'<ol class="listing".*?</ol>', page, re.S)
    files = [client.get(address).data for address in downloads(page).values()]
    assert hashes(page) == [digest(content) for content in files]
    for listing, content in zip(shown, files, strict=True):
        lines = [re.sub(r"<[^>]*>", "", code) for code in re.findall(r"<code>(.*?)</code>", listing, re.S)]
        assert html.unescape("\n".join([*lines, ""])) == content.decode()


@pytest.mark.parametrize("system", DIALECTS)
def test_every_service_manager_has_a_tab(client: FlaskClient, node: Pretended, system: str) -> None:
    page = client.get(f"/workers/{node.id}/install?system={system}&name=other&user=render").text
    tabs = re.findall(r'<a class="chip" href="\?([^"]*)"( aria-current="page")?>([^<]*)</a>', page)
    assert [title for _, _, title in tabs] == [row.title for row in DIALECTS.values()]
    assert [title for _, current, title in tabs if current] == [DIALECTS[system].title]
    assert all("name=other" in query and "user=render" in query for query, _, _ in tabs)


@pytest.mark.parametrize("platform", ["linux", "darwin", "windows", "plan9"])
def test_the_first_tab_is_that_of_the_workers_system(client: FlaskClient, store: Store, platform: str) -> None:
    said = calls.Registration("node-1", "secret", platform, ("misc",), "10.0.0.1")
    page = client.get(f"/workers/{calls.register(store, said)}/install").text
    system = {"darwin": "macos", "windows": "windows"}.get(platform, "linux")
    home = next((row for row in DIALECTS.values() if row.system == system), DIALECTS["farmhand"])
    assert f'aria-current="page">{home.title}</a>' in page


def test_what_a_service_manager_would_lose_is_said_and_can_be_had(client: FlaskClient, node: Pretended) -> None:
    page = client.get(f"/workers/{node.id}/install?system=runit").text
    assert "so it keeps Farmhand running" in page
    assert "<b>WatchdogSec</b>: runit has nothing like it" in page
    assert "Silent for a minute, it hangs" in page
    link = re.search(r'href="\?([^"]*way=native[^"]*)">Write it for runit alone', page)
    assert link is not None
    native = client.get(f"/workers/{node.id}/install?{html.unescape(link[1])}").text
    assert "What is lost" in native
    assert "Write it for runit with Farmhand" in native
    assert "farmhand-worker.yaml" not in "".join(downloads(native))


def test_nothing_is_said_of_another_way_where_nothing_is_lost(client: FlaskClient, node: Pretended) -> None:
    page = client.get(f"/workers/{node.id}/install").text
    assert "systemd runs the worker itself, and nothing is lost" in page
    assert "Write it for" not in page


def test_a_profile_changes_what_it_is_kept_from(client: FlaskClient, node: Pretended) -> None:
    pages = {name: client.get(f"/workers/{node.id}/install?profile={name}").text for name in ("gpu", "cpu", "compat")}
    assert "Exposed: 1.5 of 10 at most" in pages["cpu"]
    assert re.search(r"<option selected>cpu<", pages["cpu"])
    assert "What the hardening leaves open" in pages["compat"]
    assert len({hashes(page)[0] for page in pages.values()}) == 3


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("code=1", "1 is how any program reports a failure"),
        ("code=abc", "is not an exit code"),
        ("code=٤٧", "is not an exit code"),
        ("program=worker", "is not an absolute path"),
        ("name=x%0ARestart=no", "line break"),
        ("name=", "name: it is missing"),
        ("user=a:b", "user:"),
        ("profile=none", "profile:"),
        ("way=sideways", "way:"),
        ("system=kubernetes&as=pod", "as: Kubernetes has no"),
    ],
)
def test_a_unit_that_cannot_be_made_says_which_field(
    client: FlaskClient, node: Pretended, query: str, says: str
) -> None:
    page = client.get(f"/workers/{node.id}/install?{query}")
    assert page.status_code == 400
    assert says in page.text
    likely = "name=n&manager=http://farm/&program=/opt/farmhand-worker"
    file = client.get(f"/workers/{node.id}/install/farmhand-worker.service?{query}&{likely}")
    assert file.status_code == 400


@pytest.mark.parametrize(("query", "field"), [("code=1", "code"), ("manager=%00", "manager"), ("output=x", "output")])
def test_the_field_that_is_wrong_is_marked(client: FlaskClient, node: Pretended, query: str, field: str) -> None:
    page = client.get(f"/workers/{node.id}/install?{query}").text
    assert re.findall(r'name="(\w+)"[^>]*aria-invalid="true"', page) == [field]


def test_a_file_that_a_definition_has_not_is_not_there(client: FlaskClient, node: Pretended) -> None:
    query = "name=n&manager=http://farm/&program=/opt/farmhand-worker"
    assert client.get(f"/workers/{node.id}/install/passwd?{query}").status_code == 404
    assert client.get(f"/workers/nobody/install/farmhand-worker.service?{query}").status_code == 404


def test_a_worker_without_a_restart_code_has_a_unit_without_one(client: FlaskClient, node: Pretended) -> None:
    page = client.get(f"/workers/{node.id}/install?code=").text
    text = client.get(downloads(page)["farmhand-worker.service"]).text
    assert "restart-exit-code" not in text
    assert "RestartForceExitStatus" not in text


# -- drift


def test_a_worker_that_says_nothing_of_its_definition_is_unknown(client: FlaskClient, node: Pretended) -> None:
    for page in (f"/workers/{node.id}", f"/workers/{node.id}/install"):
        assert '<span class="badge ">Unknown</span>' in client.get(page).text


def test_a_definition_as_it_would_be_made_today_is_shown_as_such(client: FlaskClient, node: Pretended) -> None:
    installed(node, "runit", code="52", user="render")
    for page in (f"/workers/{node.id}", f"/workers/{node.id}/install"):
        assert '<span class="badge ok">As generated</span>' in client.get(page).text
    assert "runit with Farmhand" in client.get(f"/workers/{node.id}").text


def test_another_definition_is_shown_with_what_to_do(client: FlaskClient, node: Pretended) -> None:
    installed(node, change=b"edited")
    page = client.get(f"/workers/{node.id}/install").text
    assert '<span class="badge warn">Differs</span>' in page
    assert "/etc/systemd/system/farmhand-worker.service is not as it would be made today" in page
    assert "Changed by local.conf beside it" in page
    assert "Install it again" in page


def test_the_form_is_filled_in_with_what_is_installed(client: FlaskClient, node: Pretended) -> None:
    installed(node, "runit", code="52", user="render", folder="/srv/farm", group="artists")
    page = client.get(f"/workers/{node.id}/install").text
    for name, value in {"code": "52", "user": "render", "group": "artists", "manager": "http://farm:8080/"}.items():
        assert re.search(rf'name="{name}" value="{re.escape(value)}"', page), name
    assert 'aria-current="page">runit</a>' in page
    other = client.get(f"/workers/{node.id}/install?system=systemd").text
    assert 'name="code" value="47"' in other


def test_what_is_shown_is_what_is_installed_where_it_is_as_generated(client: FlaskClient, node: Pretended) -> None:
    installed(node, "systemd", profile="cpu", code="47", output="/mnt/a:/mnt/b")
    page = client.get(f"/workers/{node.id}/install").text
    unit = store_unit(node)
    assert hashes(page) == [*unit.values()]


def store_unit(worker: Pretended) -> dict[str, str]:
    kept = worker.store.worker(worker.id).unit
    assert kept is not None
    files: dict[str, str] = json.loads(kept)["files"]
    return files


def test_what_a_worker_says_is_text(client: FlaskClient, node: Pretended) -> None:
    hostile = "<script>alert(1)</script>"
    said = {"recipe": f"system={hostile}", "files": {f"/{hostile}": None}, "drop_ins": [f"{hostile}.conf"]}
    unit = drift.keep(said)
    assert unit is not None
    calls.sign_on(node.store, node.id, Announcement("n", "1", ("misc",), True, "10.0.0.1", unit))
    for page in (f"/workers/{node.id}", f"/workers/{node.id}/install"):
        answer = client.get(page)
        assert answer.status_code == 200
        assert hostile not in answer.text


def test_a_sign_on_without_a_definition_forgets_the_last_one(client: FlaskClient, node: Pretended) -> None:
    installed(node)
    node.sign_on()
    assert "Unknown" in client.get(f"/workers/{node.id}/install").text


def test_a_worker_that_never_signed_on_has_a_tab(client: FlaskClient, store: Store) -> None:
    worker = register(store, "node-2")
    assert client.get(f"/workers/{replace(worker).id}/install").status_code == 200


# -- where people sign in


@needs.program("curl")
def test_the_commands_fetch_the_files_by_a_token_where_people_sign_in(
    store: Store, node: Pretended, url: str, tmp_path: Path
) -> None:
    store.settings = Settings(without_login=False)
    kim = sign_in(store, "kim", *VIEWER)
    token = tokens.make(store, kim.person.id, "install", Scope(Role.VIEWER), 60_000, "kim").text
    request = urllib.request.Request(f"{url}/workers/{node.id}/install", headers=kim.headers)
    with urllib.request.urlopen(request, timeout=20) as answer:
        page = html.unescape(re.sub("</?span>", "", answer.read().decode()))
    fetch = re.findall(r"<code>(curl [^<]*)</code>", page)
    compare = re.findall(r"<code>(printf [^<]*)</code>", page)
    assert len(fetch) == len(compare) == 1
    words = ["sh", "-ec", "\n".join(fetch + compare)]
    for secret, code in ((token, 0), ("", 1)):
        (folder := tmp_path / f"there-{code}").mkdir()
        environment = {**os.environ, "FARMHAND_TOKEN": secret}
        assert subprocess.run(words, cwd=folder, env=environment, capture_output=True, check=False).returncode == code


def test_in_powershell_the_token_is_a_header_too(client: FlaskClient, store: Store, node: Pretended) -> None:
    kim = sign_in(store, "kim", *VIEWER)
    store.settings = Settings(without_login=False)
    page = browser(client.application, kim).get(f"/workers/{node.id}/install?system=winsw")
    assert page.status_code == 200
    assert '-Headers @{Authorization="Bearer $env:FARMHAND_TOKEN"}' in html.unescape(re.sub("</?span>", "", page.text))
