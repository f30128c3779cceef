"""Bytes in flight: who waits for whom."""

from __future__ import annotations

import threading

from monitor.aggregator.in_flight import InFlight
from tests.real.process import wait_until


def test_who_finds_too_little_room_waits_until_some_is_given_back() -> None:
    in_flight = InFlight(100)
    entered = threading.Event()

    def other() -> None:
        with in_flight.room(50):
            entered.set()

    with in_flight.room(80) as room:
        thread = threading.Thread(target=other)
        thread.start()
        assert not entered.wait(0.1)
        room.shrink(60)
        assert not entered.wait(0.1)
        room.shrink(50)
        assert entered.wait(5)
        thread.join()
        assert in_flight.bytes == 50
        room.shrink(70)
        assert in_flight.bytes == 50, "it never grows"
    assert in_flight.bytes == 0


def test_what_is_larger_than_all_goes_alone() -> None:
    in_flight = InFlight(10)
    with in_flight.room(50):
        assert in_flight.bytes == 50
    with in_flight.room(5):
        assert in_flight.bytes == 5


def test_the_lane_has_one_inside_and_does_not_need_the_others_room() -> None:
    in_flight = InFlight(10)
    inside: list[int] = []
    most: list[int] = []
    leave = threading.Event()

    def enter(number: int) -> None:
        with in_flight.lane(7):
            inside.append(number)
            most.append(len(inside))
            leave.wait(5)
            inside.remove(number)

    with in_flight.room(10):
        threads = [threading.Thread(target=enter, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        wait_until(lambda: in_flight.bytes == 17, "one is inside", 5)
        leave.set()
        for thread in threads:
            thread.join()
    assert most == [1, 1, 1]
    assert in_flight.bytes == 0
