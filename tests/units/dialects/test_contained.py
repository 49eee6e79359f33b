"""Docker, Kubernetes and Nomad: what a service means there, and definitions that have what each of them asks for.

None of the engines is asked: kubectl alone reads a manifest without one, by the types of the API.
"""

import json
import re
import subprocess
from dataclasses import replace
from typing import Any

import needs
import pytest
import yaml

from farmhand.units import contained
from farmhand.units.compare import answers
from farmhand.units.definition import made
from farmhand.units.dialect import Target
from farmhand.units.dialects.table import DIALECTS
from farmhand.units.errors import BadValue
from farmhand.units.render import best_way, render
from farmhand.units.rendered import Rendered
from farmhand.units.spec import INFINITY, Assignment, Command, Folder, Limit, Restart, Service, StatusSet

CONTAINED = ("container", "kubernetes", "nomad")
TARGET = Target(image="registry.example/worker:1")
PLAIN = Service("w", exec_start=(Command(("/bin/w", "--port", "47")),), start_limit_interval_sec=0.0)
WORKER = replace(
    PLAIN,
    restart="on-failure",
    restart_force_exit_status=StatusSet(frozenset({47})),
    restart_prevent_exit_status=StatusSet(frozenset({78})),
)
CONFINED = replace(
    PLAIN,
    user="1000",
    group="100",
    supplementary_groups=("44",),
    no_new_privileges=True,
    memory_max=str(512 * 1024 * 1024),
    cpu_quota=1.5,
    working_directory=Folder("/srv"),
    kept=tuple(
        Assignment("Service", key, value)
        for key, value in (
            ("CapabilityBoundingSet", ""),
            ("ProtectSystem", "strict"),
            ("ReadWritePaths", '/srv/out "/srv/b c"'),
            ("PrivateTmp", "yes"),
        )
    ),
)


def native(name: str, service: Service, **target: Any) -> Rendered:
    return render(DIALECTS[name], made(service), replace(TARGET, **target), "native")


def compose(service: Service) -> dict[str, Any]:
    (found,) = yaml.safe_load(native("container", service).text)["services"].values()
    return dict(found)


def pod(service: Service, **target: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    workload = yaml.safe_load(native("kubernetes", service, **target).text)
    spec = workload["spec"]["template"]["spec"]
    return spec, spec["containers"][0]


def group(service: Service, **target: Any) -> tuple[str, dict[str, Any]]:
    job = json.loads(native("nomad", service, **target).text)["Job"]
    return job["Type"], job["TaskGroups"][0]


# -- what is started again


@pytest.mark.parametrize("name", CONTAINED)
def test_what_no_exit_code_can_tell_an_engine_is_farmhands_to_do(name: str) -> None:
    assert best_way(DIALECTS[name], made(WORKER), TARGET) == "supervised"
    assert render(DIALECTS[name], made(WORKER), TARGET).losses == () or name == "nomad"


@pytest.mark.parametrize(
    ("restart", "policy"), [("no", "no"), ("on-failure", "on-failure"), ("always", "unless-stopped")]
)
def test_docker_has_three_of_the_policies(restart: Restart, policy: str) -> None:
    assert compose(replace(PLAIN, restart=restart))["restart"] == policy


def test_docker_takes_a_signal_for_a_failure_and_forgets_what_ended_well() -> None:
    service = replace(PLAIN, restart="on-failure", wanted_by=("multi-user.target",))
    meant = DIALECTS["container"].means(service, TARGET)
    said = {name: answer.up for name, answer in answers(meant).items()}
    assert (said["exit 0"], said["exit 1"], said["SIGTERM"]) == (False, True, True)
    assert {"RestartForceExitStatus", "WantedBy"} <= {loss.key for loss in native("container", service).losses}


def test_a_restart_code_is_no_loss_where_all_failures_are_restarted() -> None:
    codes = StatusSet(frozenset({47}))
    service = replace(PLAIN, restart="always", success_exit_status=codes, restart_force_exit_status=codes)
    assert not {loss.key for loss in native("kubernetes", service).losses} & {"SuccessExitStatus", "Restart"}


def test_a_pod_starts_again_whatever_it_ended_with_and_waits_longer_each_time() -> None:
    meant = DIALECTS["kubernetes"].means(replace(PLAIN, restart="on-failure"), TARGET)
    assert all(answer.up for name, answer in answers(meant).items() if name.startswith(("exit", "SIG", "six")))
    assert answers(meant)["six crashes"].words == "again, 10min 10s"  # 10, 20, 40, 80, 160, 300


@pytest.mark.parametrize(
    ("variant", "restart", "kind"),
    [
        ("system", "always", "system"),
        ("system", "on-failure", "sysbatch"),
        ("service", "always", "service"),
        ("service", "on-failure", "batch"),
    ],
)
def test_a_job_of_nomad_that_may_end_well_is_a_batch(variant: str, restart: Restart, kind: str) -> None:
    found, policies = group(replace(PLAIN, restart=restart), variant=variant)
    assert found == kind
    assert ("ReschedulePolicy" in policies) == (variant == "service")


@pytest.mark.parametrize("restart", ["no", "on-failure", "always"])
@pytest.mark.parametrize("limit", [(0.0, 5), (10.0, 5), (60.0, 3), (10.0, 1), (3.0, 5), (INFINITY, 5)])
@pytest.mark.parametrize("pause", [0.0, 0.1, 2.0, 3600.0, 40_000_000.0])
def test_nomad_takes_each_restart_policy(restart: Restart, limit: tuple[float, int], pause: float) -> None:
    """nomad/structs/structs.go, RestartPolicy.Validate; its times are 64-bit numbers of nanoseconds."""
    service = replace(
        PLAIN, restart=restart, start_limit_interval_sec=limit[0], start_limit_burst=limit[1], restart_sec=pause
    )
    policy = group(service)[1]["RestartPolicy"]
    assert policy["Mode"] == "fail" or policy["Attempts"] > 0
    assert 5_000_000_000 <= policy["Interval"] < 2**63
    assert policy["Attempts"] * policy["Delay"] <= policy["Interval"]


def test_nomad_stops_at_a_start_limit_where_it_can_be_reached() -> None:
    service = replace(PLAIN, restart="always", start_limit_interval_sec=60.0, start_limit_burst=3, restart_sec=2.0)
    assert group(service)[1]["RestartPolicy"]["Attempts"] == 2  # the first start is none
    meant = DIALECTS["nomad"].means(service, TARGET)
    assert answers(meant)["six crashes"].starts == 3


# -- what it may use, and how it stops


def test_docker_confines_it_as_it_is_asked_to() -> None:
    said = compose(CONFINED)
    assert (said["user"], said["group_add"], said["working_dir"]) == ("1000:100", ["44"], "/srv")
    assert (said["mem_limit"], said["cpus"], said["read_only"]) == (512 * 1024 * 1024, 1.5, True)
    assert (said["cap_drop"], said["security_opt"]) == (["ALL"], ["no-new-privileges:true"])
    assert [mount["source"] for mount in said["volumes"]] == ["/srv/out", "/srv/b c"]
    assert {loss.key for loss in native("container", CONFINED).losses} == {"KillMode"}


def test_a_pod_is_confined_as_it_is_asked_to() -> None:
    spec, container = pod(CONFINED)
    assert spec["securityContext"] == {"runAsUser": 1000, "runAsGroup": 100, "supplementalGroups": [44]}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert container["resources"] == {"limits": {"memory": str(512 * 1024 * 1024), "cpu": "1500m"}}
    assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/tmp", "/var/tmp", "/srv/out", "/srv/b c"}


def test_a_pod_knows_accounts_by_number_only() -> None:
    assert "User" in {loss.key for loss in native("kubernetes", replace(PLAIN, user="render")).losses}


def test_nomad_confines_it_and_tells_of_its_own_limits() -> None:
    task = group(CONFINED)[1]["Tasks"][0]
    assert (task["User"], task["Resources"]) == ("1000:100", {"MemoryMB": 512})
    assert (task["Config"]["cap_drop"], task["Config"]["readonly_rootfs"]) == (["all"], True)
    told = {loss.key for loss in native("nomad", replace(PLAIN, timeout_stop_sec=90.0)).losses}
    assert {"MemoryMax", "TimeoutStopSec"} <= told


@pytest.mark.parametrize(("span", "seconds"), [(90.0, 90), (0.2, 1), (INFINITY, 3_000_000_000)])
def test_a_stop_is_waited_for_in_whole_seconds(span: float, seconds: int) -> None:
    service = replace(PLAIN, timeout_stop_sec=span, kill_signal="SIGINT")
    assert (compose(service)["stop_grace_period"], compose(service)["stop_signal"]) == (f"{seconds}s", "SIGINT")
    assert pod(service)[0]["terminationGracePeriodSeconds"] == seconds


# -- the files


@pytest.mark.parametrize("name", CONTAINED)
def test_an_image_is_asked_for_where_none_is_named(name: str) -> None:
    assert "ExecStart" in {loss.key for loss in render(DIALECTS[name], made(PLAIN), Target(), "native").losses}
    with pytest.raises(BadValue, match="--image"):
        native(name, PLAIN, image="x\nRUN y")


def test_an_image_with_farmhand_is_built_where_the_compose_file_is() -> None:
    rendered = render(DIALECTS["container"], made(WORKER), TARGET)
    folder = rendered.path.removesuffix("compose.yaml")
    files = {file.path.removeprefix(folder): file.text for file in rendered.files}
    assert set(files) == {"w.yaml", "Dockerfile", "compose.yaml"}
    run = '["/usr/local/bin/farmhand", "run", "/etc/farmhand/w.yaml", "--show-output", "*"]'
    assert f"ENTRYPOINT {run}\n" in files["Dockerfile"]
    assert 'COPY ["w.yaml", "/etc/farmhand/w.yaml"]\n' in files["Dockerfile"]
    (said,) = yaml.safe_load(files["compose.yaml"])["services"].values()
    assert (said["entrypoint"], said["build"]) == (json.loads(run), ".")


@pytest.mark.parametrize("service", [PLAIN, WORKER, CONFINED], ids=["plain", "worker", "confined"])
def test_compose_files_have_the_types_of_the_specification(service: Service) -> None:
    """compose-spec.json, definitions/service: what is written, and nothing that is not in it."""
    types = {
        **dict.fromkeys(("image", "working_dir", "user", "restart", "stop_signal", "cpuset", "build"), str),
        **dict.fromkeys(("entrypoint", "group_add", "cap_drop", "security_opt", "tmpfs", "volumes"), list),
        **dict.fromkeys(("labels", "environment", "ulimits", "healthcheck"), dict),
        **dict.fromkeys(("mem_limit", "pids_limit", "oom_score_adj"), int),
        **dict.fromkeys(("init", "read_only"), bool),
        "stop_grace_period": str,
        "cpus": float,
    }
    limited = replace(service, limits={"NOFILE": Limit(10, None)}, oom_score_adjust=5, tasks_max="9")
    for way in ("native", "supervised"):
        rendered = render(DIALECTS["container"], made(limited), TARGET, way)  # type: ignore[arg-type]
        (said,) = yaml.safe_load(rendered.text)["services"].values()
        assert {key for key, value in said.items() if type(value) is not types[key]} == set()
        assert re.fullmatch(r"\d+s", said["stop_grace_period"])


@needs.program("kubectl")
@pytest.mark.parametrize("variant", DIALECTS["kubernetes"].variants)
@pytest.mark.parametrize("way", ["native", "supervised"])
def test_kubectl_knows_all_that_a_manifest_says(variant: str, way: Any) -> None:
    """It reads by the API's own types, without a cluster: what it does not know is gone from what it gives back."""
    odd = replace(CONFINED, description='a "b" $(C) y', environment={"Y": "y", "N": "0o7", "E": "1e3", "M": "a\nb"})
    rendered = render(DIALECTS["kubernetes"], made(odd), replace(TARGET, variant=variant), way)
    written = list(yaml.safe_load_all(rendered.text))
    command = ["kubectl", "annotate", "--local", "--output=json", "--filename=-", "none-"]
    read = subprocess.run(command, input=rendered.text, capture_output=True, text=True, check=True).stdout
    decoder, found = json.JSONDecoder(), []
    while read.strip():
        document, end = decoder.raw_decode(read.lstrip())
        found.append(document)
        read = read.lstrip()[end:]
    assert [_told(document) for document in found] == written
    command = ["kubectl", "set", "image", "--local", "--output=json", "--filename=-", "w=other"]
    workload = contained.manifest(written[-1])
    typed = subprocess.run(command, input=workload, capture_output=True, text=True, check=True).stdout
    written[-1]["spec"]["template"]["spec"]["containers"][0]["image"] = "other"
    assert _told(json.loads(typed)) == written[-1]


def _told(node: Any) -> Any:
    """Leave out what kubectl adds: fields that are null or empty, among them the state."""
    if isinstance(node, dict):
        lean = {key: _told(value) for key, value in node.items() if value is not None and key != "status"}
        return {key: value for key, value in lean.items() if value not in ({}, "") or key == "emptyDir"}
    return [_told(each) for each in node] if isinstance(node, list) else node
