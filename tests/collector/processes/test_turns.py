"""Turns: a sweep has a bound, and nobody is left out for good."""

from __future__ import annotations

from collector.processes.turns import Turns


class Clock:
    """Time that passes only in turns."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def sweep(turns: Turns, clock: Clock, names: str, cost: float) -> str:
    """Who had a turn."""
    turns.renew()
    had = ""
    for name in names:
        if turns.begin(name):
            clock.seconds += cost
            turns.end(name)
            had += name
    return had


def test_those_who_cost_little_all_have_their_turn() -> None:
    clock = Clock()
    turns = Turns(seconds=1.0, clock=clock)
    assert [sweep(turns, clock, "abcdef", 0.001) for _ in range(3)] == ["abcdef"] * 3


def test_of_those_who_cost_much_the_longest_waiting_come_first() -> None:
    clock = Clock()
    turns = Turns(seconds=1.0, clock=clock)
    sweep(turns, clock, "abcdef", 0.4)
    had = [sweep(turns, clock, "abcdef", 0.4) for _ in range(6)]
    assert all(len(one) == 2 for one in had[1:])
    assert {name: "".join(had).count(name) for name in "abcdef"} == dict.fromkeys("abcdef", 2)


def test_one_has_its_turn_even_if_it_costs_too_much() -> None:
    clock = Clock()
    turns = Turns(seconds=1.0, clock=clock)
    sweep(turns, clock, "ab", 100.0)
    assert [sweep(turns, clock, "ab", 100.0) for _ in range(4)] == ["a", "b", "a", "b"]


def test_who_leaves_takes_nobodys_turn() -> None:
    clock = Clock()
    turns = Turns(seconds=1.0, clock=clock)
    sweep(turns, clock, "abc", 100.0)
    turns.leave("a")
    turns.leave("a")
    assert [sweep(turns, clock, "bc", 100.0) for _ in range(2)] == ["b", "c"]


def test_a_newcomer_has_a_turn_at_once_while_there_is_room() -> None:
    clock = Clock()
    turns = Turns(seconds=1.0, clock=clock)
    sweep(turns, clock, "a", 0.001)
    turns.renew()
    assert turns.begin("new")
