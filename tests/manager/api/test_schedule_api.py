"""Sleep schedules over HTTP, Flamenco's call among them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from callers import Caller, WorkerCaller, awake, register

from farmhand.manager.storage.store import Store

NIGHT = {"days": "mo-fr", "start": "22:00", "end": "06:00"}
BERLIN = "Europe/Berlin"


@pytest.fixture
def worker(caller: Caller) -> WorkerCaller:
    return awake(caller)


def add(caller: Caller, worker: WorkerCaller, **more: object) -> dict[str, Any]:
    said = {"worker": worker.id, "windows": [NIGHT], "zone": BERLIN, **more}
    answer = caller.post("/api/farmhand/schedules", said)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json
    return made


def test_a_schedule_is_made_seen_changed_and_removed(caller: Caller, worker: WorkerCaller) -> None:
    made = add(caller, worker)
    windows = [{"days": "mo tu we th fr", "start": "22:00", "end": "06:00"}]
    kept = {"active": True, "lazy": True, "zone": BERLIN, "windows": windows, "changed_by": "127.0.0.1"}
    assert {key: made[key] for key in kept} == kept
    assert made["worker"] == {"id": worker.id, "name": "cap-1"}
    assert len(made["next"]) == 5
    path = f"/api/farmhand/schedules/{made['id']}"
    assert caller.get(path).json == made
    changed = caller.call("PATCH", path, {"lazy": False, "windows": [{}]})
    assert changed.json["windows"] == [{"days": "", "start": "00:00", "end": "24:00"}]
    assert (changed.json["lazy"], changed.json["zone"], changed.json["next"]) == (
        False,
        BERLIN,
        [{"begins": None, "ends": None}],
    )
    assert [each["id"] for each in caller.get("/api/farmhand/schedules").json["schedules"]] == [made["id"]]
    assert caller.call("DELETE", path).status_code == 204
    assert caller.get(path).status_code == caller.call("DELETE", path).status_code == 404


def test_a_worker_has_one_of_its_own(caller: Caller, worker: WorkerCaller) -> None:
    made = add(caller, worker)
    again = caller.post("/api/farmhand/schedules", {"worker": worker.id, "windows": [NIGHT]})
    assert again.status_code == 409
    assert made["id"] in again.json["message"]


def test_a_tag_has_one_that_its_workers_sleep_by(caller: Caller, worker: WorkerCaller) -> None:
    tag = caller.post("/api/v3/worker-mgt/tags", {"name": "desks"}).json
    caller.post(f"/api/v3/worker-mgt/workers/{worker.id}/settags", {"tag_ids": [tag["id"]]})
    always = caller.post("/api/farmhand/schedules", {"tag": tag["id"], "windows": [{}], "zone": "UTC"})
    assert always.json["tag"] == {"id": tag["id"], "name": "desks"}
    mine = add(caller, worker)
    said = caller.get(f"/api/farmhand/workers/{worker.id}/schedules").json
    assert [each["id"] for each in said["schedules"]] == [mine["id"], always.json["id"]]
    assert (said["status"], said["until"], said["held"]) == ("asleep", None, False)
    assert "the schedule of the tag desks says 00:00-24:00 (UTC)" in said["reason"]
    assert worker.get("state").json == {"status_requested": "asleep"}


def test_the_zone_is_the_managers_where_none_is_named(caller: Caller, worker: WorkerCaller, store: Store) -> None:
    said = caller.post("/api/farmhand/schedules", {"worker": worker.id, "windows": [NIGHT]}).json
    assert said["zone"] == store.settings.time_zone == "UTC"


def test_a_preview_keeps_nothing(caller: Caller, store: Store) -> None:
    now = datetime.fromtimestamp(store.clock() / 1000, UTC)
    at = f"{now.year}-03-28T20:59:59Z" if now.month < 6 else f"{now.year}-10-24T19:59:59Z"
    said = {"windows": [{"start": "22:00", "end": "06:00"}], "zone": BERLIN, "at": at}
    found = caller.post("/api/farmhand/schedules/preview", said).json
    assert (found["status"], found["reason"]) == ("awake", "no window of its sleep schedule is open")
    assert found["until"] == found["next"][0]["begins"]
    assert caller.get("/api/farmhand/schedules").json == {"schedules": []}


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"windows": [NIGHT, {"start": "25:00"}]}, 'windows[1].start: "25:00" is no time of day; write HH:MM'),
        ({"windows": [{"days": "m"}]}, 'windows[0].days: "m" is no day; write some of mo tu'),
        ({"windows": [{"start": "08:00", "end": "08:00"}]}, "windows[0].end: the window begins and ends at 08:00"),
        ({"windows": []}, '"windows"'),
        ({"windows": [NIGHT], "zone": "Europe/Berlim"}, 'zone: "Europe/Berlim" is no time zone; did you mean'),
        ({"windows": [NIGHT], "zone": "Europe"}, 'zone: "Europe" is no time zone'),
        ({"windows": [NIGHT], "zone": "../etc/passwd"}, 'zone: "../etc/passwd" is no time zone'),
        ({"windows": [NIGHT], "lazy": "yes"}, '"lazy" must be true or false'),
        ({"windows": [NIGHT], "at": "9999-01-01T00:00:00Z"}, "at: it is more than a year away"),
        ({}, '"windows" is missing'),
    ],
)
def test_what_is_wrong_is_told_with_its_place(caller: Caller, said: object, message: str) -> None:
    answer = caller.post("/api/farmhand/schedules/preview", said)
    assert answer.status_code == 400
    assert message in answer.json["message"]


@pytest.mark.parametrize("owner", [{}, {"worker": "0" * 8, "tag": "1" * 8}])
def test_a_schedule_is_of_one(caller: Caller, owner: dict[str, str]) -> None:
    ids = {kind: f"{id}-0000-4000-8000-000000000000" for kind, id in owner.items()}
    answer = caller.post("/api/farmhand/schedules", {**ids, "windows": [NIGHT]})
    assert (answer.status_code, "whose schedule" in answer.json["message"]) == (400, True)


@pytest.mark.parametrize("kind", ["worker", "tag"])
def test_nobody_who_is_not_there_has_one(caller: Caller, kind: str) -> None:
    missing = "0c5cae9f-8a51-4d1e-a1b2-0123456789ab"
    assert caller.post("/api/farmhand/schedules", {kind: missing, "windows": [NIGHT]}).status_code == 404


# -- Flamenco's call


def flamencos(worker_id: str) -> str:
    return f"/api/v3/worker-mgt/workers/{worker_id}/sleep-schedule"


FORM = {"is_active": True, "days_of_week": "mo tu", "start_time": "08:00", "end_time": "18:00"}


def test_flamencos_form_is_taken_and_answered(caller: Caller, worker: WorkerCaller) -> None:
    path = flamencos(worker.id)
    assert (caller.get(path).status_code, caller.get(path).data) == (204, b"")
    assert caller.post(path, FORM).status_code == 204
    assert FORM.items() <= caller.get(path).json.items()
    off = {**FORM, "is_active": False, "days_of_week": "", "start_time": "", "end_time": ""}
    assert caller.post(path, off).status_code == 204
    assert off.items() <= caller.get(path).json.items()


def test_a_start_after_the_end_is_a_night(caller: Caller, worker: WorkerCaller) -> None:
    form = {**FORM, "days_of_week": "", "start_time": "18:00", "end_time": "09:00"}
    caller.post(flamencos(worker.id), form)
    assert form.items() <= caller.get(flamencos(worker.id)).json.items()
    [kept] = caller.get("/api/farmhand/schedules").json["schedules"]
    times = [datetime.fromisoformat(kept["next"][1][key]) for key in ("begins", "ends")]
    assert (times[1] - times[0]).total_seconds() == 15 * 3600


def test_windows_that_flamencos_form_cannot_say_stay(caller: Caller, worker: WorkerCaller) -> None:
    made = add(caller, worker, windows=[NIGHT, {"days": "sa su"}], lazy=False)
    said = caller.get(flamencos(worker.id)).json
    assert (said["start_time"], len(said["windows"]), said["zone"], said["lazy"]) == ("22:00", 2, BERLIN, False)
    off = {key: said[key] for key in FORM} | {"is_active": False}
    caller.post(flamencos(worker.id), off)
    after = caller.get(f"/api/farmhand/schedules/{made['id']}").json
    assert (after["active"], len(after["windows"]), after["zone"], after["lazy"]) == (False, 2, BERLIN, False)
    caller.post(flamencos(worker.id), FORM)
    after = caller.get(f"/api/farmhand/schedules/{made['id']}").json
    assert (len(after["windows"]), after["zone"], after["lazy"]) == (1, BERLIN, False)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start_time": "25:00"}, 'start_time: "25:00" is no time of day'),
        ({"days_of_week": "m"}, 'days_of_week: "m" is no day'),
        ({"is_active": None}, '"is_active" must be true or false'),
    ],
)
def test_what_flamencos_form_says_wrongly_is_refused(
    caller: Caller, worker: WorkerCaller, change: dict[str, object], message: str
) -> None:
    answer = caller.post(flamencos(worker.id), {**FORM, **change})
    assert answer.status_code == 400
    assert message in answer.json["message"]
    assert caller.get(flamencos(worker.id)).status_code == 204


def test_a_sign_on_is_answered_by_the_schedule(caller: Caller) -> None:
    worker = register(caller)
    always = {"is_active": True, "days_of_week": "", "start_time": "", "end_time": ""}
    caller.post(flamencos(worker.id), always)
    assert worker.sign_on().json["status_requested"] == "asleep"
    worker.post("state-changed", {"status": "asleep"})
    caller.post(flamencos(worker.id), {**always, "is_active": False})
    assert worker.get("state").json == {"status_requested": "awake"}


def test_no_worker_no_schedule(caller: Caller) -> None:
    missing = flamencos("0c5cae9f-8a51-4d1e-a1b2-0123456789ab")
    assert caller.get(missing).status_code == caller.post(missing, FORM).status_code == 404
