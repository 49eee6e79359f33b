"""Tags over Flamenco's operator API."""

import pytest
from callers import awake

TAGS = "/api/v3/worker-mgt/tags"
NOBODY = "00000000-0000-0000-0000-000000000000"


def tag(caller, name, **more):
    answer = caller.post(TAGS, {"name": name, **more})
    assert answer.status_code == 200, answer.text
    return answer.json


def test_a_tag_from_its_making_to_its_end(caller):
    gpu = tag(caller, "gpu", description="with a fast card")
    path = f"/api/v3/worker-mgt/tag/{gpu['id']}"
    assert gpu == {"id": gpu["id"], "name": "gpu", "description": "with a fast card"}
    assert caller.get(TAGS).json == {"tags": [gpu]}
    assert caller.call("PUT", path, {"name": "cuda"}).status_code == 204
    assert caller.get(path).json == {"id": gpu["id"], "name": "cuda"}
    assert caller.call("DELETE", path).status_code == 204
    for method, body in (("GET", None), ("DELETE", None), ("PUT", {"name": "x"})):
        assert caller.call(method, path, body).status_code == 404
    assert caller.get(TAGS).json == {"tags": []}


def test_a_tag_may_come_with_its_id(caller):
    assert tag(caller, "gpu", id="ABCDEF01-0000-4000-8000-000000000000")["id"].startswith("abcdef01-")
    assert tag(caller, "cpu", id="")["id"]


@pytest.mark.parametrize("name", ["", "   ", "two\nlines", None])
def test_a_tag_has_a_name(caller, name):
    assert caller.post(TAGS, {"name": name}).status_code == 400
    made = tag(caller, "gpu")
    assert caller.call("PUT", f"/api/v3/worker-mgt/tag/{made['id']}", {"name": name}).status_code == 400
    assert caller.get(TAGS).json == {"tags": [made]}


def test_no_two_tags_have_the_same_name(caller):
    tag(caller, "gpu")
    other = tag(caller, "cpu")
    answer = caller.post(TAGS, {"name": " gpu "})
    assert (answer.status_code, answer.json["message"]) == (409, 'there is a tag "gpu" already')
    assert caller.call("PUT", f"/api/v3/worker-mgt/tag/{other['id']}", {"name": "gpu"}).status_code == 409


def test_a_worker_has_the_tags_it_was_given_last(caller):
    gpu, cpu = tag(caller, "gpu"), tag(caller, "cpu")
    worker = awake(caller)
    path = f"/api/v3/worker-mgt/workers/{worker.id}"
    assert "tags" not in caller.get(path).json
    for given, has in (([gpu["id"], cpu["id"]], [cpu, gpu]), ([gpu["id"].upper(), NOBODY], [gpu]), ([], None)):
        assert caller.post(f"{path}/settags", {"tag_ids": given}).status_code == 204
        assert caller.get(path).json.get("tags") == has
    assert caller.post(f"{path}/settags", {}).status_code == 400
    assert caller.post(f"/api/v3/worker-mgt/workers/{NOBODY}/settags", {"tag_ids": []}).status_code == 404
