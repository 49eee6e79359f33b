"""What only a database on a server can do to its clients."""

import itertools
import threading

import pytest
from polling import until
from postgres import Server, fresh_database, server
from pretended import awake, job, register
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError

from farmhand.manager.config import Settings
from farmhand.manager.storage.store import Store

_names = itertools.count()


@pytest.fixture
def url():
    with fresh_database() as url:
        yield url


def opened(url, folder):
    return Store(folder, Settings(without_login=True), url=url)


def test_two_managers_that_start_at_once_make_the_tables_once(tmp_path):
    name = f"empty{next(_names)}"
    server().do(f"CREATE DATABASE {name}")
    stores, gate = [], threading.Barrier(2)

    def start():
        gate.wait()
        stores.append(opened(server().url(name), tmp_path))

    threads = [threading.Thread(target=start) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [store.workers() for store in stores] == [[], []]
    for store in stores:
        store.close()
    server().do(f"DROP DATABASE {name} WITH (FORCE)")


def test_what_one_manager_commits_the_other_hears(url, tmp_path):
    here, there = opened(url, tmp_path), opened(url, tmp_path)
    heard = []
    there.listen(heard.append)
    register(here, "node-1")
    until(lambda: heard and heard[-1] == here.newest(), "the other to hear")
    here.close()
    there.close()


def test_a_manager_hears_again_after_the_server_was_away(tmp_path):
    """What was committed while it could not hear is told as soon as it can again."""
    own = Server()
    try:
        own.do("CREATE DATABASE farm")
        here, there = opened(own.url("farm"), tmp_path), opened(own.url("farm"), tmp_path)
        heard = []
        there.listen(heard.append)
        register(here, "node-1")
        until(lambda: heard, "the other to hear")
        own.stop()
        with pytest.raises(OperationalError):
            here.workers()
        own.start()
        until(lambda: names(here) == ["node-1"], "a new connection")
        register(here, "node-2")
        until(lambda: heard[-1] == here.newest(), "the other to hear again")
        here.close()
        there.close()
    finally:
        own.remove()


def names(store):
    try:
        return [worker.name for worker in store.workers()]
    except OperationalError:
        return []


def test_a_manager_that_stands_still_in_a_transaction_holds_up_the_others_no_longer_than_it_may(url, tmp_path):
    frozen, other = opened(url, tmp_path), opened(url, tmp_path)

    def stand_still():
        with frozen.database.write() as change:
            change.connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = '300ms'"))
            register(other, "node-1")  # waits until the server has ended the other's connection
            change.connection.execute(text("SELECT 1"))

    with pytest.raises(DBAPIError, match="terminating connection"):
        stand_still()
    assert names(frozen) == ["node-1"]
    frozen.close()
    other.close()


def test_a_text_may_have_what_postgresql_has_no_place_for(url, tmp_path):
    store = opened(url, tmp_path)
    worker = awake(store, "node-1")
    job(store, tasks=1)
    work = worker.asks_for_work()
    worker.reports(work, steps=1, activity="one\0two")
    assert store.task(work.task.id).activity == "one\ufffdtwo"
    store.close()
