"""The pages as a browser without JavaScript uses them."""

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from pretended import Pretended, ask, awake, job
from signed import OPERATOR, person, signed_in
from stores import opened
from werkzeug.test import TestResponse

from farmhand.manager.app import create_app
from farmhand.manager.config import Settings
from farmhand.manager.rules.access import Grant, Role
from farmhand.manager.storage import calls, tags
from farmhand.manager.storage.store import Store
from farmhand.worker.wire import JobStatus, Status

PNG = bytes.fromhex("89504e470d0a1a0a")


@pytest.fixture
def workers(store: Store) -> list[Pretended]:
    """Three idle workers, the last of which cannot restart."""
    return [awake(store, f"node-{n}", can_restart=n != 3) for n in (1, 2, 3)]


def act(client: FlaskClient, action: str, *workers: Pretended, back: str = "/workers") -> TestResponse:
    form = {"action": action, "worker": [worker.id for worker in workers], "back": back}
    return client.post("/workers/act", data=form, follow_redirects=True)


def rows(page: TestResponse) -> list[str]:
    return re.findall(r'class="name" href="[^"]*" title="[^"]*">([^<]*)<', page.text)


def test_home_is_the_list_of_workers(client: FlaskClient) -> None:
    assert client.get("/").location == "/workers"


def test_no_page_has_script_or_style_of_its_own(client: FlaskClient, store: Store, workers: list[Pretended]) -> None:
    job_id, node = job(store), workers[0].id
    for path in (
        "/workers",
        f"/workers/{node}",
        f"/workers/{node}/install",
        f"/workers/{node}/sleep",
        "/jobs",
        f"/jobs/{job_id}",
        "/nothing",
    ):
        text = client.get(path).text
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?! type=\"module\" src=\"/static/)", text), path
        assert not re.search(r'(?:href|src)="https?://', text), path


def test_filters_come_from_the_address(client: FlaskClient, workers: list[Pretended]) -> None:
    workers[1].signs_off()
    assert rows(client.get("/workers?status=idle&sort=-name")) == ["node-3", "node-1"]
    assert rows(client.get("/workers?q=NODE-2")) == ["node-2"]
    assert "None of the 3 workers has “blade”" in client.get("/workers?q=blade").text


@pytest.mark.parametrize("query", ["status=happy", "sort=size", "page=x"])
def test_a_list_that_does_not_exist_is_an_error_page(client: FlaskClient, query: str) -> None:
    page = client.get(f"/workers?{query}")
    assert page.status_code == 400
    assert query.partition("=")[0] in page.text


# -- actions


def test_an_action_is_asked_of_several_in_one_transaction(
    client: FlaskClient, store: Store, workers: list[Pretended]
) -> None:
    commits: list[int] = []
    store.listen(commits.append)
    page = act(client, "restart-lazy", *workers, back="/workers?q=node")
    assert len(commits) == 1
    assert "Restart after task asked of 2 workers; node-3 cannot restart" in page.text
    assert page.request.path == "/workers"
    assert page.request.args["q"] == "node"
    assert page.text.count('class="change"') == 2
    assert "<b>2</b> asked" in page.text
    assert "<b>0</b> restarted" in page.text
    assert [store.worker(worker.id).request is not None for worker in workers] == [True, True, False]


def test_what_was_said_after_a_click_is_said_once(client: FlaskClient, workers: list[Pretended]) -> None:
    assert "asked of 1 worker" in act(client, "asleep", workers[0]).text
    assert "asked of 1 worker" not in client.get("/workers").text


def test_a_refusal_says_why_and_changes_nothing(client: FlaskClient, store: Store, workers: list[Pretended]) -> None:
    before = store.newest()
    page = act(client, "restart", workers[2])
    assert "Restart immediately asked of nobody; node-3 cannot restart" in page.text
    assert "toast" not in page.request.query_string.decode()
    assert store.newest() == before


@pytest.mark.parametrize(
    ("action", "picks", "says"),
    [
        ("", 2, "Choose an action, then press Apply"),
        ("dance", 2, "Choose an action, then press Apply"),
        ("asleep", 0, "Select the workers that it is for, then press Apply"),
    ],
)
def test_a_form_that_is_not_complete_comes_back_as_it_was(
    client: FlaskClient, store: Store, workers: list[Pretended], action: str, picks: int, says: str
) -> None:
    before = store.newest()
    page = act(client, action, *workers[:picks], back="/workers?q=node-")
    assert page.status_code == 400
    assert says in page.text
    assert len(re.findall(r'name="worker" value="[^"]*" [^>]*checked', page.text)) == picks
    assert ('value="asleep" selected' in page.text) is (action == "asleep")
    assert 'name="q" value="node-"' in page.text
    assert store.newest() == before


def test_an_unknown_worker_is_named(client: FlaskClient, workers: list[Pretended]) -> None:
    form = {"action": "asleep", "worker": ["nobody", workers[0].id]}
    page = client.post("/workers/act", data=form, follow_redirects=True)
    assert "asked of 1 worker" in page.text
    assert "nobody is not known here" in page.text


def test_a_form_on_the_install_tab_that_is_not_complete_is_answered_on_the_workers_page(
    client: FlaskClient, workers: list[Pretended]
) -> None:
    text = client.get(f"/workers/{workers[0].id}/install").text
    back = re.search(r'name="back" value="([^"]*)"', text)
    assert back is not None
    page = act(client, "", workers[0], back=back[1])
    assert page.status_code == 400
    assert "Choose an action, then press Apply" in page.text


@pytest.mark.parametrize(
    "back", ["https://evil.example/workers", "//evil.example/workers", "/\\evil.example", "/jobs", "/workersx", ""]
)
def test_a_form_leads_back_to_a_page_for_workers_only(client: FlaskClient, workers: list[Pretended], back: str) -> None:
    form = {"action": "asleep", "worker": workers[0].id, "back": back}
    assert re.match(r"/workers(\?|$)", client.post("/workers/act", data=form).location)


def test_a_pending_change_is_taken_back(client: FlaskClient, store: Store, workers: list[Pretended]) -> None:
    ask(store, Status.OFFLINE, workers[0], lazy=True)
    page = client.post("/workers/withdraw", data={"worker": workers[0].id}, follow_redirects=True)
    assert "Shut Down is withdrawn" in page.text
    assert store.worker(workers[0].id).request is None
    assert client.post("/workers/withdraw", data={}).status_code == 400


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303),
        ({"Origin": "http://localhost"}, 303),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}, 303),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
    ],
)
def test_forms_of_other_sites_are_refused(
    client: FlaskClient, store: Store, workers: list[Pretended], headers: dict[str, str], status: int
) -> None:
    before = store.newest()
    form = {"action": "asleep", "worker": workers[0].id}
    answer = client.post("/workers/act", data=form, headers=headers)
    assert answer.status_code == status
    assert (store.newest() > before) is (status == 303)


def test_a_workers_page_tells_its_last_change_however_many_tasks_followed(
    client: FlaskClient, store: Store, workers: list[Pretended]
) -> None:
    node = workers[0]
    ask(store, Status.RESTART, node)
    node.learns()
    node.restarts()
    job(store, tasks=120)
    for _ in range(120):
        work = node.asks_for_work()
        assert work is not None
        node.finishes(work)
    text = client.get(f"/workers/{node.id}").text
    recent = text[text.index('id="recent"') : text.index('id="tasks"')]
    assert re.findall("<b>([^<]*)</b>", recent) == [
        "Restart immediately asked for",
        "Seen by the worker",
        "Signed off",
        "Signed on again",
        "Restarted, as asked",
    ]
    assert "Frame 120" in text


def test_a_workers_page_tells_its_tags(client: FlaskClient, store: Store, workers: list[Pretended]) -> None:
    wanted = [tags.add(store, name, "", "kim").id for name in ("gpu", "linux only")]
    tags.give(store, workers[0].id, wanted, "kim")
    assert client.get(f"/workers/{workers[0].id}").text.count(" checked><span") == 2
    assert " checked><span" not in client.get(f"/workers/{workers[1].id}").text


# -- errors


def test_errors_are_pages_for_people_and_json_for_programs(client: FlaskClient) -> None:
    page = client.get("/workers/nobody")
    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert "nobody" in page.text
    assert "Nothing is at /nothing." in client.get("/nothing").text
    answer = client.get("/api/v3/nothing")
    assert (answer.status_code, answer.get_json()) == (404, {"message": "Not Found"})


def test_what_a_job_cannot_do_now_is_a_conflict(client: FlaskClient, store: Store) -> None:
    job_id = job(store)
    assert client.post(f"/jobs/{job_id}/status", data={"status": "canceled"}).status_code == 303
    assert store.job(job_id).status is JobStatus.CANCELED
    assert client.post(f"/jobs/{job_id}/status", data={"status": "paused"}).status_code == 409
    assert client.post(f"/jobs/{job_id}/status", data={"status": "happy"}).status_code == 400


# -- hostile text

HOSTILE = '"><script>alert(1)</script>&amp;{{ 7*7 }}\u2028'


def test_names_and_logs_are_text(client: FlaskClient, store: Store) -> None:
    node = awake(store, HOSTILE)
    job_id = job(store, HOSTILE)
    work = node.asks_for_work()
    assert work is not None
    node.reports(work, 1, HOSTILE, activity=HOSTILE)
    ask(store, Status.ASLEEP, node)
    for path in ("/workers", f"/workers/{node.id}", f"/workers/{node.id}/install", "/jobs", f"/jobs/{job_id}"):
        text = client.get(path).text
        assert "<script>alert" not in text, path
        assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;{{ 7*7 }}" in text, path
    log = client.get(f"/tasks/{work.task.id}/log")
    assert HOSTILE.replace("\u2028", "\ufffd") in log.text
    assert log.mimetype == "text/plain"


def test_what_would_mislead_is_shown_as_what_it_is(client: FlaskClient, store: Store) -> None:
    node = awake(store, "node\u202e1-\x1b[31m")
    job_id = job(store, "Shot\u2067")
    ask(store, Status.ASLEEP, node)
    for path in ("/workers", f"/workers/{node.id}", "/jobs", f"/jobs/{job_id}"):
        text = client.get(path).text
        assert not re.search("[\x1b\u202e\u2067]", text), path
        assert "\ufffd" in text, path


def test_a_log_is_read_without_colours_and_kept_with_them(client: FlaskClient, store: Store) -> None:
    node = awake(store, "node-1")
    job(store)
    work = node.asks_for_work()
    assert work is not None
    node.reports(work, 1, "\x1b[1;31mError\x1b[0m \x1b]8;;http://x\x07link\u202e\x00\ttab\n")
    assert client.get(f"/tasks/{work.task.id}/log").text.partition("\n")[2] == "Error link\ufffd\ufffd\ttab\n"
    assert "\x1b[1;31m" in client.get(f"/tasks/{work.task.id}/log?all=1").text


def test_the_end_of_a_long_log_says_where_the_whole_of_it_is(client: FlaskClient, store: Store) -> None:
    node = awake(store, "node-1")
    job(store)
    work = node.asks_for_work()
    assert work is not None
    node.reports(work, 1, "a line\n" * 50_000)
    log = client.get(f"/tasks/{work.task.id}/log").text
    whole = re.search(r"the whole of it is at http://localhost(\S+)", log)
    assert whole is not None
    assert client.get(whole[1]).text.count("a line\n") == 50_000


# -- jobs, logs, pictures


def test_a_jobs_page_shows_tasks_and_pictures(client: FlaskClient, store: Store, workers: list[Pretended]) -> None:
    job_id = job(store, tasks=2)
    work = workers[0].asks_for_work()
    assert work is not None
    calls.add_picture(store, workers[0], work.task.id, PNG, "image/png")
    text = client.get(f"/jobs/{job_id}").text
    assert "0 of 2 tasks" in text
    source = re.search(r'<img src="(/tasks/[^"]*)"', text)
    assert source is not None
    picture = client.get(source[1].replace("&amp;", "&"))
    assert (picture.data, picture.mimetype) == (PNG, "image/png")
    assert picture.headers["Cache-Control"] == "max-age=3600, private"


def test_a_job_that_waits_for_a_deleted_tag_says_so_and_is_given_another(client: FlaskClient, store: Store) -> None:
    gpu, cpu = tags.add(store, "gpu", "", "kim"), tags.add(store, "cpu", "", "kim")
    job_id = job(store)
    page = f"/jobs/{job_id}"
    assert client.post(f"{page}/tag", data={"tag": gpu.id}).headers["Location"] == page
    assert f'<option value="{gpu.id}" selected>' in client.get(page).text
    tags.remove(store, gpu.id, "kim")
    for text in (client.get(page).text, client.get("/jobs").text):
        assert "Waits: its tag &#34;gpu&#34; was deleted; give it another tag, or none" in text
    for wrong in ({"tag": gpu.id}, {"tag": ""}, {}):
        assert client.post(f"{page}/tag", data=wrong).status_code == 400
    assert client.post(f"{page}/tag", data={"tag": cpu.id}).status_code == 303
    assert "Waits:" not in client.get(page).text
    assert store.job(job_id).tag == cpu
    assert client.post(f"{page}/tag", data={"tag": "none"}).status_code == 303
    assert store.job(job_id).tag is None


def test_a_task_without_log_or_picture_says_so(client: FlaskClient, store: Store) -> None:
    task = store.tasks(job(store))[0]
    assert "nothing has been logged yet" in client.get(f"/tasks/{task.id}/log").text
    assert client.get(f"/tasks/{task.id}/picture").status_code == 404


# -- what is selected goes along from page to page


@pytest.fixture
def many(store: Store) -> list[Pretended]:
    """Three pages of 25 workers."""
    return [awake(store, f"node-{n:02}") for n in range(60)]


def test_what_is_ticked_goes_along_to_another_page(client: FlaskClient, many: list[Pretended]) -> None:
    back = "/workers?q=node&rows=25&page=2"
    form = {"worker": [many[0].id, many[30].id], "back": back, "page": "3"}
    turned = client.post("/workers/turn", data=form)
    pick = f"{many[0].id[:8]},{many[30].id[:8]}"
    assert turned.location == f"/workers?q=node&rows=25&page=3&pick={pick}"
    page = client.get(turned.location).text
    assert "2 on other pages are selected" in page
    assert [f'<input type="hidden" name="worker" value="{many[n].id}">' in page for n in (0, 30, 55)] == [1, 1, 0]
    assert 'formaction="/workers/turn" formnovalidate name="page" value="2"' in page
    on_first = client.get(f"/workers?q=node&rows=25&pick={pick}").text
    assert "1 on other pages is selected" in on_first
    assert re.search(rf'value="{many[0].id}" [^>]*checked', on_first)


def test_a_page_that_is_none_is_not_turned_to(client: FlaskClient, many: list[Pretended]) -> None:
    assert client.post("/workers/turn", data={"worker": many[0].id, "page": "x"}).status_code == 400


def test_a_refused_form_keeps_what_was_selected_elsewhere(client: FlaskClient, many: list[Pretended]) -> None:
    page = act(client, "dance", many[0], many[30], back="/workers?rows=25&page=2")
    assert page.status_code == 400
    assert "1 on other pages is selected" in page.text
    assert f'<input type="hidden" name="worker" value="{many[0].id}">' in page.text


def test_an_operator_of_some_tags_is_told_beforehand_whom_that_leaves_out(tmp_path: Path) -> None:
    with opened("sqlite", tmp_path, settings=Settings()) as store:
        mine, other = awake(store, "node-1"), awake(store, "node-2")
        gpu = tags.add(store, "gpu", "", "kim")
        tags.give(store, mine.id, [gpu.id], "kim")
        lee = person(store, "lee", [Grant(Role.OPERATOR, gpu.id)])
        browser = signed_in(create_app(store), store, lee)
        page = browser.get("/workers").text
        assert "You are an operator of gpu: other workers are left out of what you ask for." in page
        assert re.search(rf'id="w-{other.id}"[^>]* data-spared>', page)
        assert re.search(rf'id="w-{mine.id}"[^>]*"yes">', page)
        elsewhere = browser.get(f"/workers?q=node-1&pick={other.id[:8]}").text
        assert f'value="{other.id}" data-spared>' in elsewhere
        theirs, mine_own = (browser.get(f"/workers/{worker.id}").text for worker in (other, mine))
        assert "this worker is not yours to change" in theirs
        assert ("data-apply" in theirs, "data-apply" in mine_own, "Save tags" in mine_own) == (False, True, False)


def test_who_may_not_let_workers_in_is_not_shown_how(tmp_path: Path) -> None:
    with opened("sqlite", tmp_path, settings=Settings()) as store:
        gpu = tags.add(store, "gpu", "", "kim")
        awake(store, "node-1")
        browser = signed_in(create_app(store), store, person(store, "lee", [Grant(Role.OPERATOR, gpu.id)]))
        for path in ("/workers", "/workers/joining"):
            page = browser.get(path).text
            assert ("Operators of the whole farm can let them in" in page, "Let in" in page) == (True, False), path
        assert "Make a code" not in browser.get("/workers/joining").text


def test_who_may_act_on_some_tags_is_shown_no_form_for_the_whole_farm(tmp_path: Path) -> None:
    with opened("sqlite", tmp_path, settings=Settings()) as store:
        gpu = tags.add(store, "gpu", "", "kim")
        app, lee = create_app(store), person(store, "lee", [Grant(Role.OPERATOR, gpu.id)])
        theirs, everybodys = signed_in(app, store, lee), signed_in(app, store, person(store, "kim", OPERATOR))
        for path in ("/tags", f"/tags/{gpu.id}", f"/tags/{gpu.id}/sleep"):
            forms = [
                'method="post"' in browser.get(path).text.partition("<main")[2] for browser in (theirs, everybodys)
            ]
            assert forms == [False, True], path
