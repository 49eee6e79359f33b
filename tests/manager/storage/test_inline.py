"""Who waits for the lock gets it in turn."""

import threading

from polling import until

from farmhand.manager.storage.inline import InLine


def test_who_takes_it_again_at_once_waits_behind_those_who_waited():
    turn, order, entered = InLine(), [], threading.Event()

    def greedy():
        for _ in range(3):
            with turn:
                entered.set()
                until(lambda: len(turn._waiting) >= 1 or "patient" in order, "somebody to wait")
                order.append("greedy")

    def patient():
        entered.wait()
        with turn:
            order.append("patient")

    threads = [threading.Thread(target=each) for each in (greedy, patient)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert order == ["greedy", "patient", "greedy", "greedy"]


def test_it_is_free_again_after_an_error():
    turn = InLine()
    for _ in range(2):
        try:
            with turn:
                raise ZeroDivisionError
        except ZeroDivisionError:
            pass
    with turn:
        pass
