"""Turns: a few at a time, in order; and the time that a request may take."""

from __future__ import annotations

import threading

import pytest

from monitor.errors import BadRequest, StoreUnavailable
from monitor.query.effort import Effort, Turns
from tests.real.process import wait_until


def test_a_few_work_at_once_and_the_others_in_the_order_in_which_they_came() -> None:
    turns = Turns(at_once=2)
    assert turns.take(0)
    assert turns.take(0)
    called: list[int] = []
    threads = []
    for number in range(3):
        threads.append(
            threading.Thread(target=lambda n=number: turns.take(30) and called.append(n))
        )
        threads[-1].start()
        wait_until(lambda n=number: len(turns._waiting) == n + 1, "it waits")
    for number in range(3):
        turns.give_back()
        threads[number].join(10)
        assert called == list(range(number + 1))


def test_who_waits_in_vain_leaves_the_queue() -> None:
    turns = Turns(at_once=1)
    assert turns.take(0)
    assert not turns.take(0.01)
    turns.give_back()
    assert turns.take(0)


def test_a_turn_ends_with_its_error_and_waiting_is_limited_too() -> None:
    turns = Turns(at_once=1)
    with pytest.raises(ZeroDivisionError), Effort(turns).turn():
        raise ZeroDivisionError
    with Effort(turns).turn():
        waiting = Effort(turns, seconds=0.01)
        with pytest.raises(StoreUnavailable, match="busy"), waiting.turn():
            pass


def test_time_that_is_over_is_a_bad_request_that_says_what_to_do() -> None:
    now = [0.0]
    effort = Effort(seconds=25, clock=lambda: now[0])
    effort.check()
    now[0] = 25.1
    with pytest.raises(BadRequest, match="25 s") as caught, effort.turn():
        pass
    assert "shorter range" in caught.value.hint
    assert caught.value.parameter == "start"
