"""config/monitoring in the real Prometheus: what its rules say when, and that a manager with sign-in answers it."""

import json
import subprocess
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
import yaml
from farm import free_port
from manager_server import serving
from polling import until
from pretended import ask, awake, job
from signed_in import VIEWER, sign_in

from farmhand.manager.rules.access import Role
from farmhand.manager.rules.tokens import Scope
from farmhand.manager.storage import tokens
from farmhand.worker.wire import Status

ROOT = Path(__file__).parents[3]
MONITORING = ROOT / "config" / "monitoring"
BIN = ROOT / "build" / "managers" / "usr" / "bin"

needed = pytest.mark.skipif(
    not (BIN / "promtool").exists(), reason="Prometheus needs tests/support/managers/fetch to be run"
)


def rules():
    return yaml.safe_load((MONITORING / "alerts.yaml").read_text())["groups"][0]["rules"]


def test_every_rule_is_tested_when_it_speaks_and_when_not():
    cases = yaml.safe_load((MONITORING / "alerts.test.yaml").read_text())["tests"]
    spoken = {check["alertname"] for case in cases for check in case["alert_rule_test"] if check.get("exp_alerts")}
    assert spoken == {rule["alert"] for rule in rules()}


@needed
def test_the_rules_speak_when_they_should():
    done = subprocess.run(
        [BIN / "promtool", "test", "rules", MONITORING / "alerts.test.yaml"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def prometheus(folder, target, token):
    """Run a Prometheus that asks a manager each second, as the how-to page says; yield its address."""
    (folder / "token").write_text(token)
    scrape = {
        "job_name": "farmhand",
        "static_configs": [{"targets": [target]}],
        "authorization": {"credentials_file": str(folder / "token")},
    }
    said = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(MONITORING / "alerts.yaml")],
        "scrape_configs": [scrape],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(said))
    port = free_port()
    words = (f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data")
    running = subprocess.Popen(
        [BIN / "prometheus", *words, f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]
    )
    try:
        yield f"http://127.0.0.1:{port}/api/v1"
    finally:
        running.terminate()
        running.wait(timeout=60)


def asked(url: str, **query: str) -> Any:
    try:
        with urlopen(f"{url}?{urlencode(query)}", timeout=30) as answer:
            return json.load(answer)["data"]
    except HTTPError as error:
        if error.code != 503:  # it has not begun to serve
            pytest.fail(f"{query}: {error.read().decode()}")
        return None
    except OSError:  # nor to listen
        return None


@needed
def test_a_manager_with_sign_in_is_scraped_by_a_token_and_every_query_is_answered(store, tmp_path):
    worker = awake(store, "node-1")
    job(store)
    worker.finishes(worker.asks_for_work())
    ask(store, Status.ASLEEP, worker, lazy=True)
    store.settings = replace(store.settings, without_login=False)
    kim = sign_in(store, "kim", *VIEWER).person
    token = tokens.make(store, kim.id, "prometheus", Scope(Role.VIEWER), 3_600_000, kim.name).text
    with serving(store) as url, prometheus(tmp_path, url.removeprefix("http://"), token) as api:
        up = until(lambda: (asked(f"{api}/query", query="up == 1") or {}).get("result"), "a scrape", seconds=60)
        assert [each["metric"]["job"] for each in up] == ["farmhand"]
        board = json.loads((MONITORING / "dashboard.json").read_text())
        found = {
            target["expr"]: asked(f"{api}/query", query=target["expr"])["result"]
            for panel in board["panels"]
            for target in panel.get("targets", ())
        }
        assert len(found) > 20
        awake_now = found['max without (instance) (farmhand_workers{status="awake"})']
        assert [each["value"][1] for each in awake_now] == ["1"]
        healthy = until(lambda: evaluated(api), "all rules to be evaluated", seconds=60)
        assert healthy == {rule["alert"] for rule in rules()}


def evaluated(api):
    found = [rule for group in asked(f"{api}/rules")["groups"] for rule in group["rules"]]
    assert [rule for rule in found if rule["health"] == "err"] == []
    return {rule["name"] for rule in found if rule["health"] == "ok"} if found else None
