"""What the manager says of itself, as Blender's add-on asks it, and what it will not do."""

from pathlib import Path

import pytest
from callers import Caller, awake
from stores import fresh

from farmhand.manager.app import create_app
from farmhand.manager.config import Settings, this_platform
from farmhand.manager.rules.variables import Variable

FARM = (
    Variable("/farm", platforms=frozenset({this_platform()}), is_twoway=True),
    Variable("F:\\farm", platforms=frozenset({"windows"}), is_twoway=True),
    Variable("/Volumes/farm", "users", frozenset({"darwin"}), is_twoway=True),
)
BLENDER = (Variable("/opt/blender", "workers"), Variable("blender", "users"))
SETTINGS = Settings(without_login=True, shared_storage_path="/farm/jobs", variables={"farm": FARM, "blender": BLENDER})


@pytest.fixture
def submitter(tmp_path: Path):
    store = fresh(tmp_path, SETTINGS)
    yield Caller(create_app(store).test_client())
    store.close()


def test_the_version_names_the_manager(caller):
    answer = caller.get("/api/v3/version").json
    assert answer.keys() == {"version", "shortversion", "name", "git"}
    assert answer["name"] == "Farmhand"


def test_the_status_follows_jobs_and_workers(caller):
    assert caller.get("/api/v3/status").json == {"status": "inoperative"}
    worker = awake(caller)
    assert caller.get("/api/v3/status").json == {"status": "idle"}
    caller.submit()
    assert caller.get("/api/v3/status").json == {"status": "active"}
    worker.post("state-changed", {"status": "asleep"})
    assert caller.get("/api/v3/status").json == {"status": "waiting"}
    caller.call("DELETE", f"/api/v3/worker-mgt/workers/{worker.id}")
    assert caller.get("/api/v3/status").json == {"status": "inoperative"}


def test_where_the_storage_is_and_that_there_is_no_shaman(submitter):
    said = submitter.get("/api/v3/configuration").json
    assert said == {"storageLocation": "/farm/jobs", "shamanEnabled": False, "isFirstRun": False}


def test_variables_are_those_of_an_audience_on_a_platform(submitter):
    found = submitter.get("/api/v3/configuration/variables/users/windows").json
    assert found["farm"] == {"value": "F:\\farm", "is_twoway": True}
    assert found["blender"] == {"value": "blender", "is_twoway": False}
    assert submitter.get("/api/v3/configuration/variables/workers/linux").json["blender"]["value"] == "/opt/blender"
    assert submitter.get("/api/v3/configuration/variables/nobody/linux").status_code == 400


@pytest.mark.parametrize(
    ("audience", "platform", "location"),
    [
        ("workers", this_platform(), "/farm/jobs"),
        ("workers", "windows", "F:\\farm\\jobs"),
        ("users", "darwin", "/Volumes/farm/jobs"),
        pytest.param("workers", "darwin", "/farm/jobs", id="as it is where nobody says"),
    ],
)
def test_the_storage_has_another_name_elsewhere(submitter, audience, platform, location):
    said = submitter.get(f"/api/v3/configuration/shared-storage/{audience}/{platform}").json
    assert said == {"location": location, "audience": audience, "platform": platform}


def test_the_settings_have_the_names_of_flamencos_file(submitter):
    said = submitter.get("/api/v3/configuration/file").json
    assert said["_meta"] == {"version": 3}
    assert (said["shared_storage_path"], said["worker_timeout"], said["autodiscoverable"]) == (
        "/farm/jobs",
        "60s",
        False,
    )
    assert said["variables"]["blender"] == {
        "is_twoway": False,
        "values": [
            {"value": "/opt/blender", "audience": "workers", "platforms": ["all"]},
            {"value": "blender", "audience": "users", "platforms": ["all"]},
        ],
    }


REFUSED = [
    ("PUT", "configuration/file", 403, "edit it where the manager is"),
    ("POST", "configuration/setup-assistant", 403, "edit it where the manager is"),
    ("POST", "configuration/check/shared-storage", 403, "looks at no paths"),
    ("GET", "configuration/check/blender", 403, "starts no programs"),
    ("POST", "configuration/check/blender", 403, "starts no programs"),
    ("POST", "shaman/checkout/requirements", 503, "no Shaman"),
    ("POST", "shaman/checkout/create", 503, "no Shaman"),
    ("GET", "shaman/files/590c148428d5c35fab3ebad2f3365bb469ab9c531b60831f3e826c472027a0b9/3367", 503, "no Shaman"),
    ("POST", "shaman/files/590c148428d5c35fab3ebad2f3365bb469ab9c531b60831f3e826c472027a0b9/3367", 503, "no Shaman"),
]


@pytest.mark.parametrize(("method", "path", "code", "why"), REFUSED)
def test_what_it_will_not_do_it_refuses_with_the_reason(caller, method, path, code, why):
    answer = caller.call(method, f"/api/v3/{path}", {"settings": {}} if method != "GET" else None)
    assert (answer.status_code, answer.json["code"]) == (code, code)
    assert why in answer.json["message"]
