"""A store that forgets its newest when it is killed: nothing is acknowledged before it is safe."""

from __future__ import annotations

import logging
import random
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Mapping

import pytest

from monitor.aggregator.node import Node
from monitor.aggregator.settling import AtOnce, Later, Places, settling_of
from monitor.aggregator.store_watch import Seen, StoreWatch
from monitor.edgelog import Cursor
from monitor.errors import StoreUnavailable
from monitor.stores.protocols import Condition
from tests.monitor.aggregator.conftest import Start
from tests.monitor.aggregator.fakes import FakeNode, FakeWriter, line
from tests.real.process import wait_until

SETTLE_SECONDS, FLUSH_SECONDS = 0.4, 0.2


class ForgetfulWriter(FakeWriter):
    """Has what it took on its disk after FLUSH_SECONDS; killed, it has what is there only."""

    settle_seconds = SETTLE_SECONDS
    look_seconds = 0.05

    def __init__(self) -> None:
        super().__init__()
        self.starts = 1
        self.dropped = {"invalid": 5}
        self.away = False
        self._flushed_at: list[float] = []
        self._mutex = threading.Lock()

    def write(self, body: bytes) -> None:
        with self._mutex:
            super().write(body)
            new = len(self.lines) - len(self._flushed_at)
            self._flushed_at += [time.monotonic() + FLUSH_SECONDS] * new

    def look(self) -> Condition:
        with self._mutex:
            if self.away:
                raise StoreUnavailable("the store at X is away")
            return Condition(f"start {self.starts}", dict(self.dropped))

    def kill(self) -> int:
        """Killed and started again; how many lines it lost."""
        with self._mutex:
            now, before = time.monotonic(), len(self.lines)
            kept = sum(flushed_at <= now for flushed_at in self._flushed_at)
            del self.lines[kept:], self._flushed_at[kept:]
            self.starts += 1
            self.dropped = {}
            return before - kept


@pytest.fixture
def writer() -> ForgetfulWriter:
    return ForgetfulWriter()


def _append(node: FakeNode, first: int, count: int) -> set[bytes]:
    for number in range(first, first + count):
        node.log.append(line(number) + b"\n")
    return {line(number) for number in range(first, first + count)}


def _unacknowledged(node: FakeNode) -> int | None:
    return node.log.stats().backlog.get("aggregator")


def test_a_record_is_acknowledged_when_the_store_has_run_on(
    nodes: Callable[[], FakeNode], writer: ForgetfulWriter, start: Start
) -> None:
    node = nodes()
    expected = _append(node, 0, 5)
    start(node.url)
    wait_until(lambda: set(writer.lines) == expected, "all is written", 10)
    assert _unacknowledged(node) == 5
    expected |= _append(node, 5, 5)
    wait_until(lambda: set(writer.lines) == expected, "what follows is written meanwhile", 10)
    wait_until(lambda: _unacknowledged(node) == 0, "all is acknowledged", 10)


def test_twenty_kills_of_the_store_lose_nothing(
    nodes: Callable[[], FakeNode],
    writer: ForgetfulWriter,
    start: Start,
    caplog: pytest.LogCaptureFixture,
) -> None:
    several = [nodes() for _ in range(3)]
    expected: set[bytes] = set()
    moments = random.Random(20)
    lost = 0
    start(*(node.url for node in several))
    for kill in range(20):
        for index, node in enumerate(several):
            expected |= _append(node, 10_000 * index + 10 * kill, 10)
        time.sleep(moments.uniform(0, 2 * SETTLE_SECONDS))
        lost += writer.kill()
    wait_until(lambda: not any(map(_unacknowledged, several)), "all is acknowledged", 20)
    assert lost > 100, "the kills fell into the work"
    assert set(writer.lines) == expected
    assert "the store was started anew: its last minutes are written again" in caplog.text


def test_the_next_aggregator_goes_on_from_what_was_acknowledged(
    nodes: Callable[[], FakeNode], writer: ForgetfulWriter, start: Start
) -> None:
    node = nodes()
    expected = _append(node, 0, 5)
    aggregator = start(node.url)
    wait_until(lambda: set(writer.lines) == expected, "all is written", 10, pause=0.01)
    writer.away = True
    assert writer.kill() == 5
    aggregator.stop()
    assert not writer.lines, "it did not see the store's new start"
    writer.away = False
    start(node.url)
    wait_until(lambda: _unacknowledged(node) == 0, "all is acknowledged", 10)
    assert set(writer.lines) == expected


def test_a_store_that_cannot_be_looked_at_is_given_no_acknowledgement(
    nodes: Callable[[], FakeNode],
    writer: ForgetfulWriter,
    start: Start,
    caplog: pytest.LogCaptureFixture,
) -> None:
    node = nodes()
    writer.away = True
    expected = _append(node, 0, 5)
    start(node.url)
    wait_until(lambda: set(writer.lines) == expected, "all is written", 10)
    time.sleep(3 * SETTLE_SECONDS)
    assert _unacknowledged(node) == 5
    said = "the store cannot be looked at, nothing is acknowledged so long: the store at X is away"
    assert [record.getMessage() for record in caplog.records].count(said) == 1
    writer.away = False
    wait_until(lambda: _unacknowledged(node) == 0, "all is acknowledged", 10)


def test_rows_that_it_dropped_are_counted_and_said_once(
    nodes: Callable[[], FakeNode],
    writer: ForgetfulWriter,
    start: Start,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    aggregator = start(nodes().url)

    def counted(reason: str, count: int) -> bool:
        name = "weir_aggregator_store_dropped_rows_total"
        with urllib.request.urlopen(f"{aggregator.url}/metrics", timeout=5) as reply:
            return f'{name}{{reason="{reason}"}} {count}.0' in reply.read().decode()

    time.sleep(0.2)  # what was there before is not ours to say
    writer.dropped = {"invalid": 7, "small_timestamp": 1}
    wait_until(lambda: counted("invalid", 2) and counted("small_timestamp", 1), "counted", 10)
    writer.kill()
    writer.dropped = {"invalid": 3}
    wait_until(lambda: counted("invalid", 5), "since its new start", 10)
    said = [r.getMessage() for r in caplog.records if "dropped them" in r.getMessage()]
    assert len(said) == 1
    assert "(invalid: 2, small_timestamp: 1)" in said[0]


def test_a_fault_while_looking_does_not_end_it(
    writer: ForgetfulWriter, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: Mapping[str, int]) -> None:
        raise ArithmeticError("unforeseen")

    watch = StoreWatch(writer, fail)
    watch.start()
    wait_until(lambda: watch.seen.start == 1, "it was looked at", 10)
    writer.dropped = {"invalid": 6}
    wait_until(lambda: "a fault in Weir" in caplog.text, "it is said", 10)
    at = watch.seen.at
    wait_until(lambda: watch.seen.at > at, "it is looked at again", 10)
    watch.stop()


# -- the places themselves ----------------------------------------------------------------------


class Told:
    """A clock that is set by hand, and a store that is told how it is."""

    settle_seconds = 60.0
    look_seconds = 15.0

    def __init__(self) -> None:
        self.now = 1000.0
        self.started = "a"

    def look(self) -> Condition:
        return Condition(self.started, {})


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def watch(told: Told) -> StoreWatch:
    return StoreWatch(told, Counter[str]().update, lambda: told.now)


def _at(sequence: int) -> Cursor:
    return Cursor("ab", sequence)


def test_a_place_settles_once_it_was_seen_a_minute_later(told: Told, watch: StoreWatch) -> None:
    settling, node = Later(watch, 60.0, lambda: told.now), Node("n")
    watch.look()
    assert settling.places(node) == Places(None, None)
    node.cursor = "ab:1"
    assert settling.places(node) == Places(None, _at(1))
    node.cursor = "ab:5"
    told.now += 61.0
    assert settling.places(node) == Places(None, _at(5)), "nobody looked since"
    watch.look()
    assert settling.places(node) == Places(_at(1), _at(5))
    told.now += 59.0
    watch.look()
    assert settling.places(node) == Places(None, _at(5)), "it is the next, since 59 s"
    told.now += 1.0
    watch.look()
    assert settling.places(node) == Places(_at(5), _at(5))


def test_what_was_written_before_the_first_look_is_written_again(
    told: Told, watch: StoreWatch
) -> None:
    """The store may have been started anew between the write and the look."""
    settling, node = Later(watch, 60.0, lambda: told.now), Node("n", cursor="ab:1")
    assert settling.places(node) == Places(None, _at(1))
    watch.look()
    assert settling.places(node) == Places(None, None)


def test_a_start_that_is_seen_late_still_takes_all_back(told: Told, watch: StoreWatch) -> None:
    settling, node = Later(watch, 60.0, lambda: told.now), Node("n")
    watch.look()
    settling.places(node)
    node.cursor = "ab:1"
    settling.places(node)
    told.started = "b"
    told.now += 600.0
    node.cursor = "ab:9"
    assert settling.places(node) == Places(None, _at(9))
    watch.look()
    assert watch.seen == Seen(2, told.now)
    assert settling.places(node) == Places(None, None), "as the node knows it"


def test_a_store_of_its_word_is_acknowledged_at_once() -> None:
    settling = settling_of(FakeWriter(), Counter[str]().update)
    assert isinstance(settling, AtOnce)
    assert settling.places(Node("n", cursor="ab:3")) == Places(_at(3), None)
    assert settling.places(Node("n")) == Places(None, None)
