"""What operators' programs call to submit jobs and to look after them and their tasks: Flamenco's operator API."""

import io
import threading
from dataclasses import replace

import pytest
from callers import awake
from drawn import bomb, picture
from PIL import Image
from polling import until

from farmhand.manager.config import this_platform
from farmhand.manager.rules.variables import Variable
from farmhand.manager.storage import tags
from farmhand.manager.storage.pictures import WAITING

NOBODY = "00000000-0000-0000-0000-000000000000"


def test_job_types_are_described_for_submitters(caller):
    found = {type["name"]: type for type in caller.get("/api/v3/jobs/types").json["job_types"]}
    assert {"echo-sleep-test", "simple-blender-render"} <= found.keys()
    type = caller.get("/api/v3/jobs/type/simple-blender-render").json
    assert type == found["simple-blender-render"]
    settings = {setting["key"]: setting for setting in type["settings"]}
    assert settings["chunk_size"]["default"] == 1
    assert settings["scene"]["eval"] == "C.scene.name"
    assert caller.get("/api/v3/jobs/type/simple-blender-rendr").status_code == 404


def test_a_submitted_job_has_its_defaults_and_its_tasks(caller):
    job = caller.submit(message="hi", sleep_repeats=2)
    assert job["status"] == "queued"
    assert job["settings"] == {"message": "hi", "sleep_duration_seconds": 1, "sleep_repeats": 2}
    tasks = caller.get(f"/api/v3/jobs/{job['id']}/tasks").json["tasks"]
    assert [(task["name"], task["index_in_job"], task["status"]) for task in tasks] == [
        ("echo", 0, "queued"),
        ("sleep", 1, "queued"),
        ("sleep", 2, "queued"),
    ]
    assert caller.get(f"/api/v3/jobs/{job['id']}").json == job
    assert [each["id"] for each in caller.get("/api/v3/jobs").json["jobs"]] == [job["id"]]


SUBMISSION = {"name": "j", "type": "echo-sleep-test", "priority": 50, "settings": {"message": "hi"}}


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ({"name": None}, 400, '"name" must be a string, and is null'),
        ({"type": "echo"}, 400, 'there is no job type "echo"'),
        ({"priority": 101}, 400, '"priority" must be 100 at most'),
        ({"priority": "high"}, 400, '"priority" must be an integer'),
        ({"settings": []}, 400, '"settings" must be an object'),
        ({"settings": {}}, 400, 'the setting "message" is missing'),
        ({"settings": {"message": "hi", "sleep_repeat": 3}}, 400, 'did you mean "sleep_repeats"?'),
        ({"settings": {"message": "hi", "sleep_repeats": -1}}, 400, "must be 0 at least"),
        ({"settings": {"message": "hi", "sleep_repeats": "3"}}, 400, "must be an integer, and is '3'"),
        ({"type_etag": "old"}, 412, "has changed"),
    ],
)
def test_a_bad_submission_stores_nothing(caller, change, code, message):
    answer = caller.post("/api/v3/jobs", {**SUBMISSION, **change})
    assert answer.status_code == code
    assert message in answer.json["message"]
    assert caller.get("/api/v3/jobs").json == {"jobs": []}


def test_a_null_stands_for_what_is_left_out(caller):
    job = caller.post("/api/v3/jobs", {**SUBMISSION, "priority": None, "metadata": None, "initial_status": None}).json
    assert (job["priority"], job["metadata"], job["status"]) == (50, {}, "queued")


def test_a_job_may_begin_paused(caller):
    job = caller.post("/api/v3/jobs", {**SUBMISSION, "initial_status": "paused"}).json
    assert awake(caller).post("task").status_code == 204
    assert caller.post(f"/api/v3/jobs/{job['id']}/setstatus", {"status": "queued", "reason": "go"}).status_code == 204
    assert awake(caller).post("task").status_code == 200


def test_a_job_is_cancelled_and_queued_again(caller):
    path = f"/api/v3/jobs/{caller.submit()['id']}"
    assert caller.post(f"{path}/setstatus", {"status": "cancel-requested", "reason": "oops"}).status_code == 204
    assert caller.get(path).json["status"] == "canceled"
    again = caller.post(f"{path}/setstatus", {"status": "cancel-requested"})
    assert (again.status_code, again.json["message"]) == (409, "the job is canceled already")
    assert caller.post(f"{path}/setstatus", {"status": "requeueing"}).status_code == 204
    assert caller.get(path).json["status"] == "queued"


def test_a_job_is_given_a_priority_and_deleted(caller):
    path = f"/api/v3/jobs/{caller.submit()['id']}"
    assert caller.post(f"{path}/setpriority", {"priority": 90}).status_code == 204
    assert caller.get(path).json["priority"] == 90
    assert caller.post(f"{path}/setpriority", {"priority": -1}).status_code == 400
    assert caller.call("DELETE", path).status_code == 204
    assert caller.get(path).status_code == 404


# -- tasks


def test_a_task_is_shown_whole(caller):
    job = caller.submit()
    worker = awake(caller)
    task_id = worker.post("task").json["uuid"]
    found = caller.get(f"/api/v3/tasks/{task_id}").json
    assert found["worker"] == {"id": worker.id, "name": "cap-1", "address": "127.0.0.1"}
    assert (found["job_id"], found["failed_by_workers"]) == (job["id"], [])
    assert found["commands"][0]["parameters"] == {"message": "hello"}


def test_a_tasks_log_is_found_and_read(caller):
    caller.submit()
    worker = awake(caller)
    task_id = worker.post("task").json["uuid"]
    worker.post(f"task/{task_id}", {"log": "x" * 3000 + "\nthe last line\n"})
    info = caller.get(f"/api/v3/tasks/{task_id}/log").json
    assert info["url"] == f"/job-files/job-{info['job_id'][:4]}/{info['job_id']}/task-{task_id}.txt"
    assert info["size"] > 3000
    assert len(caller.get(info["url"]).data) == info["size"]
    assert caller.get(f"/api/v3/tasks/{task_id}/logtail").text == "the last line\n"


def test_a_task_without_a_log_has_none(caller):
    job = caller.submit()
    task = caller.get(f"/api/v3/jobs/{job['id']}/tasks").json["tasks"][0]["id"]
    for path in ("log", "logtail"):
        assert caller.get(f"/api/v3/tasks/{task}/{path}").status_code == 204


def test_a_task_is_cancelled_and_not_made_active(caller):
    job = caller.submit()
    task = caller.get(f"/api/v3/jobs/{job['id']}/tasks").json["tasks"][0]["id"]
    refused = caller.post(f"/api/v3/tasks/{task}/setstatus", {"status": "active"})
    assert refused.status_code == 409
    assert "what can be asked for" in refused.json["message"]
    assert caller.post(f"/api/v3/tasks/{task}/setstatus", {"status": "canceled"}).status_code == 204
    assert caller.get(f"/api/v3/tasks/{task}").json["status"] == "canceled"


@pytest.mark.parametrize("status", ["completed", "failed", "paused"])
def test_a_person_says_how_a_task_ended(caller, status):
    job = caller.submit(message="hi", sleep_repeats=2)
    task = caller.get(f"/api/v3/jobs/{job['id']}/tasks").json["tasks"][0]["id"]
    answer = caller.post(f"/api/v3/tasks/{task}/setstatus", {"status": status, "reason": "seen to it"})
    assert answer.status_code == 204
    found = caller.get(f"/api/v3/tasks/{task}").json
    assert (found["status"], found["activity"]) == (status, "seen to it")


@pytest.mark.parametrize("path", ["job-0000/{job}/task-{task}.txt", "job-{start}/{other}/task-{task}.txt"])
def test_a_log_is_only_where_it_is_said_to_be(caller, path):
    job = caller.submit()
    worker = awake(caller)
    task = worker.post("task").json["uuid"]
    there = path.format(job=job["id"], start=NOBODY[:4], other=NOBODY, task=task)
    assert caller.get(f"/job-files/{there}").status_code == 404


def test_the_files_of_a_job_are_logs_and_pictures_and_nothing_else(caller, store):
    job = caller.submit()
    (store.files.folder(job["id"])).mkdir(parents=True)
    (store.files.folder(job["id"]) / "secret.jpg").write_bytes(b"secret")
    for name in ("secret.jpg", "..%2Fsecret.jpg", "last-rendered.jpg"):
        assert caller.get(f"/job-files/job-{job['id'][:4]}/{job['id']}/{name}").status_code == 404


# -- submissions


def test_a_submission_is_checked_and_nothing_stored(caller):
    assert caller.post("/api/v3/jobs/check", SUBMISSION).status_code == 204
    answer = caller.post("/api/v3/jobs/check", {**SUBMISSION, "settings": {}})
    assert (answer.status_code, answer.json["setting"]) == (400, "message")
    assert caller.post("/api/v3/jobs/check", {**SUBMISSION, "type_etag": "old"}).status_code == 412
    assert caller.get("/api/v3/jobs").json == {"jobs": []}


def test_what_flamencos_programs_send_is_taken(caller):
    said = {**SUBMISSION, "submitter_platform": "linux", "metadata": {"project": "x"}, "worker_tag": ""}
    job = caller.post("/api/v3/jobs", {**said, "storage": {"shaman_checkout_id": "a/b"}}).json
    assert (job["submitter_platform"], job["metadata"]) == ("", {"project": "x"})
    assert job["storage"] == {"shaman_checkout_id": "a/b"}
    assert "worker_tag" not in job


def folders(store):
    values = {"linux": "/mnt/farm", "windows": "F:\\farm", "darwin": "/Volumes/farm"}
    share = tuple(Variable(value, platforms=frozenset({name}), is_twoway=True) for name, value in values.items())
    store.settings = replace(store.settings, variables={**store.settings.variables, "share": share})
    return values


@pytest.mark.parametrize("platform", ["linux", "windows", "darwin", "manager"])
def test_a_path_of_the_submitters_is_the_workers_when_it_is_handed_out(caller, store, platform):
    folder = folders(store)[this_platform() if platform == "manager" else platform]
    said = {**SUBMISSION, "submitter_platform": platform, "settings": {"message": f"{folder}/a"}}
    job = caller.post("/api/v3/jobs", said).json
    assert job["settings"]["message"] == "{share}/a"
    assert awake(caller).post("task").json["commands"][0]["parameters"] == {"message": "/mnt/farm/a"}


def test_the_folder_of_all_jobs_is_called_as_the_workers_platform_has_it(caller, store):
    folders(store)
    store.settings = replace(store.settings, shared_storage_path="/mnt/farm/jobs")
    caller.post("/api/v3/jobs", {**SUBMISSION, "settings": {"message": "{jobs}/a"}})
    assert awake(caller, platform="windows").post("task").json["commands"][0]["parameters"] == {
        "message": "F:\\farm\\jobs/a"
    }


# -- tags


def test_a_job_with_a_tag_is_for_workers_that_have_it(caller, store):
    gpu = tags.add(store, "gpu", "", "kim")
    worker = awake(caller)
    job = caller.post("/api/v3/jobs", {**SUBMISSION, "worker_tag": gpu.id.upper()}).json
    assert job["worker_tag"] == gpu.id
    assert worker.post("task").status_code == 204
    assert caller.post(f"/api/v3/worker-mgt/workers/{worker.id}/settags", {"tag_ids": [gpu.id]}).status_code == 204
    assert worker.post("task").json["job"] == job["id"]


def test_a_job_of_a_tag_that_is_not_there_is_refused(caller):
    answer = caller.post("/api/v3/jobs", {**SUBMISSION, "worker_tag": NOBODY})
    assert (answer.status_code, answer.json["message"]) == (400, f'worker_tag: there is no tag "{NOBODY}"')


def test_a_jobs_tag_is_changed_by_id_or_name_and_taken_away(caller, store):
    gpu = tags.add(store, "gpu", "", "kim")
    path = f"/api/v3/jobs/{caller.submit()['id']}"
    for said, tag in (({"id": gpu.id}, gpu.id), ({}, None), ({"name": "gpu"}, gpu.id), ({"id": ""}, None)):
        assert caller.post(f"{path}/settag", said).status_code == 204
        assert caller.get(path).json.get("worker_tag") == tag
    for said in ({"name": "cpu"}, {"id": NOBODY}):
        assert caller.post(f"{path}/settag", said).status_code == 406


def test_a_job_says_that_it_waits_for_a_deleted_tag(caller, store):
    gpu = tags.add(store, "gpu", "", "kim")
    job = caller.post("/api/v3/jobs", {**SUBMISSION, "worker_tag": gpu.id}).json
    assert caller.call("DELETE", f"/api/v3/worker-mgt/tag/{gpu.id}").status_code == 204
    found = caller.get(f"/api/v3/jobs/{job['id']}").json
    assert found["waits"] == found["activity"] == 'waits: its tag "gpu" was deleted; give it another tag, or none'
    assert found["worker_tag"] == gpu.id
    assert awake(caller).post("task").status_code == 204
    caller.post(f"/api/v3/jobs/{job['id']}/settag", {})
    assert "waits" not in caller.get(f"/api/v3/jobs/{job['id']}").json


# -- looking after jobs


def test_a_blocked_worker_is_listed_and_let_try_again(caller, store):
    bad, _other = awake(caller), awake(caller)
    job = caller.submit(message="hi", sleep_repeats=40)
    path = f"/api/v3/jobs/{job['id']}/blocklist"
    assert caller.get(path).json == []
    echo = caller.get(f"/api/v3/jobs/{job['id']}/tasks").json["tasks"][0]["id"]
    caller.post(f"/api/v3/tasks/{echo}/setstatus", {"status": "completed"})
    for _ in range(3):
        task = bad.post("task").json["uuid"]
        assert bad.post(f"task/{task}", {"taskStatus": "failed"}).status_code == 204
    assert bad.post("task").status_code == 204
    [entry] = caller.get(path).json
    assert entry == {"worker_id": bad.id, "task_type": "misc", "worker_name": "cap-1"}
    before = store.newest()
    assert caller.call("DELETE", path, [{"worker_id": NOBODY, "task_type": "misc"}]).status_code == 204
    assert caller.get(path).json == [entry]
    assert caller.call("DELETE", path, [entry]).status_code == 204
    assert caller.get(path).json == []
    assert store.bell(bad.id) > before
    assert bad.post("task").status_code == 200


def test_a_job_that_is_not_there_has_nothing(caller):
    for path in ("", "/tasks", "/blocklist", "/last-rendered", "/what-would-delete-do"):
        assert caller.get(f"/api/v3/jobs/{NOBODY}{path}").status_code == 404


def test_old_jobs_are_deleted_together(caller):
    old, new = caller.submit(), caller.submit()
    caller.post(f"/api/v3/jobs/{old['id']}/setpriority", {"priority": 40})
    old, new = (caller.get(f"/api/v3/jobs/{job['id']}").json for job in (new, old))
    for unfit in ("x", "2020-01-01", "2016-12-31T23:59:60Z", "0000-01-01T00:00:00Z"):
        assert caller.call("DELETE", "/api/v3/jobs/mass-delete", {"last_updated_max": unfit}).status_code == 400
    before = {"last_updated_max": "2020-01-01T01:00:00.123456789+01:00"}
    assert caller.call("DELETE", "/api/v3/jobs/mass-delete", before).status_code == 416
    said = {"last_updated_max": max(old["updated"], new["updated"])}
    assert caller.call("DELETE", "/api/v3/jobs/mass-delete", said).status_code == 204
    assert caller.get("/api/v3/jobs").json == {"jobs": []}


def test_deleting_a_job_deletes_no_files_of_others(caller):
    job = caller.submit()
    assert caller.get(f"/api/v3/jobs/{job['id']}/what-would-delete-do").json == {"shaman_checkout": False}


def test_a_job_is_given_up(caller):
    path = f"/api/v3/jobs/{caller.submit()['id']}"
    assert caller.post(f"{path}/setstatus", {"status": "failed", "reason": "wrong file"}).status_code == 204
    assert [caller.get(path).json[key] for key in ("status", "activity")] == ["failed", "wrong file"]
    assert {task["status"] for task in caller.get(f"{path}/tasks").json["tasks"]} == {"canceled"}


# -- pictures


def test_the_last_picture_of_a_job_and_of_the_farm(caller, store):
    job, worker = caller.submit(), awake(caller)
    task = worker.post("task").json["uuid"]
    for path in (f"/api/v3/jobs/{job['id']}/last-rendered", "/api/v3/jobs/last-rendered"):
        assert caller.get(path).status_code == 204
    sent = {"data": picture((800, 600)), "headers": {"Content-Type": "image/png"}}
    assert worker.post(f"task/{task}/output-produced", **sent).status_code == 202
    until(lambda: store.job(job["id"]).picture_at, "the small pictures")
    for path in (f"/api/v3/jobs/{job['id']}/last-rendered", "/api/v3/jobs/last-rendered"):
        found = caller.get(path).json
        assert found["base"] == f"/job-files/job-{job['id'][:4]}/{job['id']}"
        served = [caller.get(f"{found['base']}/{suffix}") for suffix in found["suffixes"]]
        assert [Image.open(io.BytesIO(it.data)).size for it in served] == [(800, 600), (451, 338), (149, 112)]
        assert {it.mimetype for it in served} == {"image/jpeg"}
    page = caller.get(f"/jobs/{job['id']}").text
    assert f'src="{found["base"]}/last-rendered-small.jpg?v=' in page


def test_a_picture_with_more_pixels_than_memory_is_413(caller):
    caller.submit()
    worker = awake(caller)
    task = worker.post("task").json["uuid"]
    answer = worker.post(
        f"task/{task}/output-produced", data=bomb(60_000, 60_000), headers={"Content-Type": "image/png"}
    )
    assert (answer.status_code, answer.json["code"]) == (413, 413)
    assert "pixels" in answer.json["message"]


def test_a_picture_too_many_is_429(caller, store):
    caller.submit()
    worker = awake(caller)
    task = worker.post("task").json["uuid"]
    go_on = threading.Event()
    for _ in range(WAITING + 1):
        until(lambda: store.pictures.offer(picture(), store.files.root, lambda: go_on.wait(10)), "the queue to be full")
    sent = {"data": picture(), "headers": {"Content-Type": "image/png"}}
    answer = worker.post(f"task/{task}/output-produced", **sent)
    go_on.set()
    assert (answer.status_code, answer.json["code"]) == (429, 429)
    assert store.picture_path(store.task(task)) is None
