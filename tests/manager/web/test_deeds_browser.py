"""All that somebody does on pages: by the keyboard alone, and by the mouse without JavaScript."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

import needs
import pytest
from browser import chromium
from hands import Hands
from manager_server import serving
from playwright.sync_api import Browser, expect
from pretended import SECRET, Pretended, awake, job, register
from signed_in import ADMIN, sign_in
from stores import fresh

from farmhand.manager import passwords
from farmhand.manager.config import Settings
from farmhand.manager.rules.joining import Joining
from farmhand.manager.rules.workers import Announcement
from farmhand.manager.storage import agents, calls, people, sessions
from farmhand.manager.storage.agents import Enrolment, Seen
from farmhand.manager.storage.store import Store
from farmhand.manager.web.access.sessioncookie import PLAIN
from farmhand.worker.wire import Request, Status, TaskStatus

pytestmark = needs.program("chromium")

PASSWORD, OTHER = "nine horses and a battery", "a battery without any horses"
RUN = "0123456789abcdef" * 2


@dataclass(frozen=True)
class Farm:
    """A farm that kim, an admin, is signed in to; what deeds are about has names of its own."""

    store: Store
    url: str
    numbers: Iterator[int]

    def name(self, kind: str) -> str:
        return f"{kind}-{next(self.numbers):03}"

    def worker(self) -> Pretended:
        return awake(self.store, self.name("node"))

    def at_work(self) -> Pretended:
        """Make a worker that has a task."""
        worker = self.worker()
        job(self.store, self.name("job"), tasks=1)
        assert worker.asks_for_work() is not None
        return worker

    def job(self, tasks: int = 2) -> str:
        return job(self.store, self.name("job"), tasks=tasks)


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    store = fresh(tmp_path_factory.mktemp("data"), Settings(registration=Joining.OPEN))
    with serving(store) as url:
        yield Farm(store, url, count(1))
    store.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module", params=["keyboard", "mouse without JavaScript"])
def hands(request: pytest.FixtureRequest, browser: Browser, farm: Farm) -> Iterator[Hands]:
    """Hands of an admin. Each pair has a person of its own, as some deeds are about oneself."""
    by_keys = request.param == "keyboard"
    kim = sign_in(farm.store, farm.name("kim"), *ADMIN)
    context = browser.new_context(java_script_enabled=by_keys)
    context.add_cookies([{"name": PLAIN, "value": kim.cookie, "url": farm.url}])
    yield Hands(context.new_page(), farm.url, by_keys)
    context.close()


# -- workers


def a_lazy_restart_with_a_deadline_and_a_reason_is_taken_back(hands: Hands, farm: Farm) -> None:
    worker = farm.worker()
    hands.open(f"/workers/{worker.id}")
    hands.choose(f"Action for {worker.name}", "Restart (after task is finished)")
    hands.fill("at latest", "2h")
    hands.fill("Reason", "driver 570.86")
    hands.press("Apply")
    hands.sees("asked for by kim")
    hands.sees("“driver 570.86”")
    assert wished(farm, worker) == Request(Status.RESTART, lazy=True)
    hands.press(f"Take back “restart after task” for {worker.name}")
    hands.sees("Restart is withdrawn")
    assert wished(farm, worker) is None


def a_sleep_until_a_time_is_hurried_and_undone(hands: Hands, farm: Farm) -> None:
    worker = farm.at_work()
    hands.open(f"/workers/{worker.id}")
    hands.choose(f"Action for {worker.name}", "Send to Sleep (after task is finished)")
    hands.fill("until", "8h")
    hands.press("Apply")
    hands.sees("asked for by kim")
    assert wished(farm, worker) == Request(Status.ASLEEP, lazy=True)
    hands.press(f"Now instead of “sleep after task” for {worker.name}")
    hands.sees("1 task aborted and requeued")
    hands.press("Send to Sleep now")
    hands.sees("Nothing is aborted yet")
    hands.press("Undo")
    hands.sees("undone")
    assert wished(farm, worker) is None


def an_abort_is_not_what_the_first_button_of_its_plan_does(hands: Hands, farm: Farm) -> None:
    worker = farm.at_work()
    hands.open(f"/workers?q={worker.name}")
    hands.tick(f"Select {worker.name}")
    hands.choose("Action for the selected workers", "Shut Down (immediately)")
    hands.press("Apply")
    hands.press("Shut Down after task instead")
    hands.sees("Shut Down after task asked of 1 worker")
    assert wished(farm, worker) == Request(Status.OFFLINE, lazy=True)


def a_rolling_action_is_begun_paused_gone_on_with_and_abandoned(hands: Hands, farm: Farm) -> None:
    names = [farm.at_work().name for _ in range(2)]
    hands.open("/workers?q=node")
    for name in names:
        hands.tick(f"Select {name}")
    hands.choose("Action for the selected workers", "Restart (immediately)")
    hands.press("Apply")
    hands.unfold("A few at a time instead")
    hands.press("Begin")
    hands.sees("by kim")
    for button, words in (("Pause", "is paused"), ("Go on", "is resumed"), ("Cancel the rest", "is canceled")):
        hands.press(button)
        hands.sees(f"The rolling action {words}")


def tags_are_made_renamed_given_and_deleted(hands: Hands, farm: Farm) -> None:
    worker, name = farm.worker(), farm.name("tag")
    hands.open("/tags")
    hands.fill("Name", name)
    hands.fill("What it is for", "a large card")
    hands.press("Make")
    hands.press(name, role="link")
    hands.fill("Name", f"{name}-b")
    hands.press("Save")
    hands.sees("The tag is changed.")
    hands.open(f"/workers/{worker.id}")
    hands.tick(f"{name}-b")
    hands.press("Save tags")
    hands.sees("The tags are saved.")
    hands.open("/tags")
    hands.press(f"{name}-b", role="link")
    hands.press(f"Delete {name}-b")
    hands.sees(f"The tag {name}-b is deleted.")


def a_worker_is_forgotten_and_another_revoked(hands: Hands, farm: Farm) -> None:
    gone, foreign = farm.worker(), farm.worker()
    hands.open(f"/workers/{gone.id}/forget")
    hands.press("Forget it")
    hands.sees(f"{gone.name} is forgotten.")
    hands.open(f"/workers/{foreign.id}/revoke")
    hands.fill("Reason, which the worker says when it stops", "not ours")
    hands.press("Revoke its credentials")
    hands.sees(f"{foreign.name} is out")


def a_restart_is_drilled(hands: Hands, farm: Farm) -> None:
    worker = attended(farm)
    hands.open(f"/workers/{worker.id}")
    hands.press("Drill")
    hands.sees("asked for by kim")
    assert wished(farm, worker) is not None


def an_enrolment_code_is_made_and_revoked(hands: Hands, farm: Farm) -> None:
    hands.open("/workers/joining")
    hands.fill("Workers", "3")
    hands.press("Make a code")
    hands.sees("This enrolment code is shown")
    revoke = hands.page.get_by_role("button", name="Revoke").last.get_attribute("aria-label") or ""
    hands.press(revoke)
    hands.sees("The enrolment code lets in nobody any more")


# -- jobs


def a_job_is_paused_resumed_given_priority_canceled_and_deleted(hands: Hands, farm: Farm) -> None:
    hands.open(f"/jobs/{farm.job()}")
    hands.press("Pause job")
    hands.sees("Paused")
    hands.press("Resume job")
    hands.sees("Queued")
    hands.fill("Priority", "90")
    hands.press("Set the priority")
    expect(hands.page.locator("#facts")).to_contain_text("90")
    hands.press("Cancel job")
    hands.sees("Canceled")
    hands.press("Delete…", role="link")
    hands.press("Delete the job")
    hands.sees("is deleted.")


def a_task_that_failed_is_requeued(hands: Hands, farm: Farm) -> None:
    job_id = farm.job(tasks=1)
    farm.store.set_job_priority(job_id, 100, "kim")
    while farm.store.tasks(job_id)[0].status is not TaskStatus.FAILED:
        worker = farm.worker()
        worker.fails()
        farm.store.delete_worker(worker.id, "kim")
    hands.open(f"/jobs/{job_id}")
    hands.press("Requeue failed 1")
    hands.sees("0 of 1 tasks")
    assert farm.store.tasks(job_id)[0].status is TaskStatus.QUEUED
    hands.press("Cancel job")
    hands.sees("Canceled")


# -- people, tokens, oneself


def somebody_is_added_made_an_operator_and_let_in_no_more(hands: Hands, farm: Farm) -> None:
    name = farm.name("lee")
    hands.open("/people")
    hands.fill("Name", name)
    hands.press("Add and make a link")
    hands.sees(f"A link for {name}")
    hands.choose("Role", "Operator")
    hands.press("Save")
    hands.sees("operator")
    hands.press("Let them in no more")
    hands.sees("not let in")


def a_token_is_made_shown_once_and_revoked(hands: Hands, farm: Farm) -> None:
    name = farm.name("token")
    hands.open("/account/tokens")
    hands.fill("What it is for", name)
    hands.press("Make a token")
    hands.sees("It is shown this once")
    expect(hands.page.locator("#token")).to_be_in_viewport()
    hands.open("/account/tokens")
    expect(hands.page.locator("#token")).to_have_count(0)
    hands.press(f"Revoke {name}")
    hands.sees(f"The token “{name}” is revoked.")


def single_keys_are_turned_off_and_on_in_the_account(hands: Hands, farm: Farm) -> None:
    box = "Single keys such as / and x do something on pages"
    for words in ("Single keys do nothing any more", "Single keys do something again"):
        hands.open("/account")
        hands.tick(box)
        hands.press("Save")
        hands.sees(words)


def a_password_is_changed_and_other_browsers_are_signed_out(hands: Hands, farm: Farm) -> None:
    me = people.named(farm.store, hands.page.locator(".top [title^='Signed in as']").get_attribute("title")[13:])
    people.set_password(farm.store, me.id, passwords.hashed(PASSWORD), "test")
    begun = sessions.begin(farm.store, me.id, "127.0.0.1", "a test", stays=False, way="test")
    hands.page.context.add_cookies([{"name": PLAIN, "value": begun.secret, "url": farm.url}])
    sessions.begin(farm.store, me.id, "10.20.4.14", "another", stays=False, way="test")
    hands.open("/account")
    hands.press("Sign out everywhere else")
    hands.sees("this one")
    hands.fill("Present password", PASSWORD)
    hands.fill("New password", OTHER)
    hands.fill("New password again", OTHER)
    hands.press("Change password")
    hands.sees("Your password is changed.")
    hands.press("Sign out")
    hands.sees("No account?")
    hands.fill("Name", me.name)
    hands.fill("Password", OTHER)
    hands.press("Sign in")
    hands.sees("Workers")


DEEDS: tuple[Callable[[Hands, Farm], None], ...] = (
    a_lazy_restart_with_a_deadline_and_a_reason_is_taken_back,
    a_sleep_until_a_time_is_hurried_and_undone,
    an_abort_is_not_what_the_first_button_of_its_plan_does,
    a_rolling_action_is_begun_paused_gone_on_with_and_abandoned,
    tags_are_made_renamed_given_and_deleted,
    a_worker_is_forgotten_and_another_revoked,
    a_restart_is_drilled,
    an_enrolment_code_is_made_and_revoked,
    a_job_is_paused_resumed_given_priority_canceled_and_deleted,
    a_task_that_failed_is_requeued,
    somebody_is_added_made_an_operator_and_let_in_no_more,
    a_token_is_made_shown_once_and_revoked,
    single_keys_are_turned_off_and_on_in_the_account,
    a_password_is_changed_and_other_browsers_are_signed_out,
)


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
def test_deed(hands: Hands, farm: Farm, deed: Callable[[Hands, Farm], None]) -> None:
    deed(hands, farm)


def wished(farm: Farm, worker: Pretended) -> Request | None:
    found = farm.store.worker(worker.id).request
    return found.wish if found else None


def attended(farm: Farm) -> Pretended:
    """Make a worker that an agent keeps running, and attests that it comes back."""
    worker = register(farm.store, farm.name("attended"))
    run = worker.id.replace("-", "")
    assert farm.store.authenticate(worker.id, SECRET) is not None
    calls.sign_on(
        farm.store, worker.id, Announcement(worker.name, "0.1.0", ("misc",), True, "10.20.4.15", None, run, 47)
    )
    worker.becomes(Status.AWAKE)
    agent_id = agents.enrol(farm.store, Enrolment(worker.name, "linux", "0.1.0", "a secret", "00" * 32, "10.20.4.15"))
    why = "exit code 47 is in RestartForceExitStatus="
    seen = Seen("worker@1", run, "active", "", "success", 0, "", 47, True, why)
    agents.report(farm.store, agent_id, "farmhand", "", [seen])
    return worker
