"""Waiting for descriptors, with rests and wake-ups."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator

import pytest

from collector.watch import Watch


class Pipes:
    """A watch over pipes; time passes by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.watch = Watch(lambda: self.now)
        self._ends: dict[str, tuple[int, int]] = {}

    def add(self, key: str) -> int:
        self._ends[key] = os.pipe()
        self.watch.add(self._ends[key][0], key)
        return self._ends[key][0]

    def write(self, key: str) -> None:
        os.write(self._ends[key][1], b"x")

    def close(self) -> None:
        self.watch.close()
        for ends in self._ends.values():
            for end in ends:
                os.close(end)


@pytest.fixture
def pipes() -> Iterator[Pipes]:
    pipes = Pipes()
    yield pipes
    pipes.close()


def test_it_tells_what_is_readable_and_nothing_else(pipes: Pipes) -> None:
    pipes.add("a"), pipes.add("b")
    assert pipes.watch.wait(0) == []
    pipes.write("b")
    assert pipes.watch.wait(60) == ["b"]


def test_what_was_removed_is_not_told_of(pipes: Pipes) -> None:
    end = pipes.add("a")
    pipes.write("a")
    pipes.watch.remove(end)
    assert pipes.watch.wait(0) == []


def test_what_rests_is_told_of_afterwards(pipes: Pipes) -> None:
    end = pipes.add("a")
    pipes.write("a")
    pipes.watch.rest(end, 2)
    assert pipes.watch.wait(0.01) == []
    pipes.now = 2
    assert pipes.watch.wait(60) == ["a"]
    pipes.watch.rest(end, 2)
    pipes.watch.remove(end)
    pipes.now = 4
    assert pipes.watch.wait(0) == []


def test_the_end_of_a_rest_ends_the_wait() -> None:
    reader, writer = os.pipe()
    watch = Watch()
    watch.add(reader, "a")
    os.write(writer, b"x")
    watch.rest(reader, 0.05)
    began = time.monotonic()
    assert watch.wait(60) == []
    assert watch.wait(60) == ["a"]
    assert 0.05 <= time.monotonic() - began < 10
    watch.close()
    os.close(reader), os.close(writer)


def test_another_thread_wakes_it_once(pipes: Pipes) -> None:
    threading.Timer(0.05, pipes.watch.wake).start()
    assert pipes.watch.wait(60) == []
    began = time.monotonic()
    assert pipes.watch.wait(0.05) == []
    assert time.monotonic() - began >= 0.05


def test_to_wake_what_is_closed_does_no_harm() -> None:
    watch = Watch()
    watch.close()
    watch.wake()
