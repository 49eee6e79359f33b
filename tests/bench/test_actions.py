"""From the click on Apply until the page says that the worker has done it: each action, flavour and state.

What is measured is the click, the request, the bell, the worker's own calls, for a restart its exit and new start under
the supervisor, the live update, and the browser's drawing of it. Where the task has to end first, the time counts from
its end.
"""

import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median

import needs
from browser import chromium
from farm import Farm, running
from polling import until
from workers_page import WorkersPage

ROUNDS = 10
WORKER = "node-1"
TASK_SECONDS = 2

# The row says the word and nothing is pending: looked at before each frame that the browser draws.
DONE = """([id, word]) => {
  const row = document.getElementById(id);
  return row.querySelector('.c-status').textContent.trim() === word && !row.querySelector('.change');
}"""


@dataclass(frozen=True)
class Case:
    """From a state of the worker, by an action, to what the row says then."""

    state: str
    action: str
    then: str

    @property
    def waits_for_task(self) -> bool:
        return self.state == "busy" and "after task" in self.action


FLAVOURS = ("immediately", "after task is finished")
# What the row says after a restart: an aborted task is taken up again, a sleeper comes back asleep.
BACK = {("busy", "immediately"): "Working", ("asleep", "immediately"): "Asleep", ("asleep", FLAVOURS[1]): "Asleep"}
CASES = [
    *(
        Case(state, f"{action} ({flavour})", then or BACK.get((state, flavour), "Idle"))
        for state in ("idle", "busy", "asleep")
        for action, then in (("Shut Down", "Offline"), ("Restart", ""), ("Send to Sleep", "Asleep"))
        for flavour in FLAVOURS
        if (state, action) != ("asleep", "Send to Sleep")
    ),
    Case("asleep", "Wake Up", "Idle"),
]


@dataclass(frozen=True)
class Bench:
    farm: Farm
    page: WorkersPage

    def row_id(self) -> str:
        return f"w-{self.farm.workers()[WORKER]['id']}"

    def await_row(self, word: str) -> None:
        self.page.page.wait_for_function(DONE, arg=[self.row_id(), word], polling="raf", timeout=30_000)

    def api_status(self, status: str) -> None:
        worker = self.farm.workers()[WORKER]["id"]
        self.farm.api(f"/api/v3/worker-mgt/workers/{worker}/setstatus", {"status": status, "is_lazy": False})

    def bring_to(self, case: Case) -> None:
        """Put the worker into the state that the case begins with; so many starts a minute are not to count."""
        assert self.farm.run("farmhand", "reset-failed", "worker@1").returncode == 0
        if self.farm.statuses()[WORKER] == "offline":
            assert self.farm.run("farmhand", "start", "worker@1").returncode == 0
        self.clear_jobs()
        if self.farm.statuses()[WORKER] != ("asleep" if case.state == "asleep" else "awake"):
            self.api_status("asleep" if case.state == "asleep" else "awake")
        if case.state != "busy":
            self.await_row({"idle": "Idle", "asleep": "Asleep"}[case.state])
            return
        self.await_row("Idle")
        self.submit(TASK_SECONDS if case.waits_for_task else 60)
        self.page.says(WORKER, "Working")

    def submit(self, seconds: int) -> None:
        settings = {"message": "bench", "sleep_duration_seconds": seconds, "sleep_repeats": 1}
        body = {"name": "bench", "type": "echo-sleep-test", "priority": 50, "submitter_platform": "manager"}
        self.farm.api("/api/v3/jobs", {**body, "settings": settings})

    def clear_jobs(self) -> None:
        for job in self.farm.api("/api/v3/jobs")["jobs"]:
            if job["status"] in ("queued", "active"):
                body = {"status": "cancel-requested", "reason": "bench"}
                self.farm.api(f"/api/v3/jobs/{job['id']}/setstatus", body)

    def measure(self, case: Case) -> float:
        """Return the seconds from the click, or from the end of the task where that has to come first."""
        self.bring_to(case)
        began = time.time()
        self.page.choose(case.action, WORKER)
        self.await_row(case.then)
        return time.time() - (max(began, self.last_completion()) if case.waits_for_task else began)

    def last_completion(self) -> float:
        """Return when the newest task was completed, in seconds since the epoch."""
        jobs = [job for job in self.farm.api("/api/v3/jobs")["jobs"] if job["status"] == "completed"]
        return max(datetime.fromisoformat(job["updated"]).timestamp() for job in jobs)


@needs.program("chromium")
def test_from_click_to_confirmation(tmp_path: Path) -> None:
    with running(tmp_path / "data") as farm, chromium() as browser:
        for number in (2, 3):
            assert farm.run("farmhand", "stop", f"worker@{number}").returncode == 0
        until(lambda: list(farm.statuses().values()).count("offline") == 2, "the others to be offline")
        bench = Bench(farm, WorkersPage(browser.new_page(), farm.url).open())
        print(f"\n{'state':8}{'action':40}{'median s':>10}{'worst s':>10}")
        for case in CASES:
            seconds = [bench.measure(case) for _ in range(ROUNDS)]
            print(f"{case.state:8}{case.action:40}{median(seconds):10.3f}{max(seconds):10.3f}")
            if not case.waits_for_task:
                assert median(seconds) < 2
