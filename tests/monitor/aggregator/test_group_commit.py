"""Many workers' bodies in one write: who goes with whom, and who hears of which error."""

from __future__ import annotations

import contextlib
import gc
import gzip
import random
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from monitor.aggregator.gate import Gate
from monitor.aggregator.group_commit import MAX_DECODED_BYTES, GroupCommit
from monitor.aggregator.telemetry import Telemetry
from monitor.errors import StoreError, StoreRejected, StoreTooLarge, StoreUnavailable
from tests.monitor.aggregator.fakes import FakeWriter
from tests.real.process import wait_until


class Workers:
    """Threads that each write one line; the store holds its writes until `release()`."""

    def __init__(self, writer: FakeWriter, **settings: Any) -> None:
        self.writer = writer
        self.telemetry = Telemetry()
        self.gate = Gate(writer, self.telemetry.on_store_error)
        settings = {"max_bytes": 1 << 20, "writers": 1} | settings
        self.groups = GroupCommit(self.gate, self.telemetry, **settings)
        self._pool = ThreadPoolExecutor(64)

    def write(self, text: str, size: int = 3, *, alone: bool = False) -> Future[None]:
        """Returns once the worker is in the queue, or writes."""
        before = self._inside()
        body = gzip.compress(f"{text}\n".encode())
        future = self._pool.submit(self.groups.write, body, size, alone=alone)
        wait_until(lambda: self._inside() > before, "it is in the queue, or writes", 10, 0.001)
        return future

    def release(self) -> None:
        self.writer.hold.set()
        self._pool.shutdown()

    def _inside(self) -> int:
        return len(self.groups._queue) + self.writer.entered


@pytest.fixture
def store() -> Iterator[FakeWriter]:
    writer = FakeWriter()
    writer.hold.clear()
    yield writer
    writer.hold.set()


def _bodies(writer: FakeWriter) -> list[str]:
    return [lines.decode().replace("\n", "") for lines in writer.asked]


def test_what_comes_during_a_write_goes_together_in_the_next(store: FakeWriter) -> None:
    workers = Workers(store)
    written = [workers.write(text) for text in "abcdef"]
    workers.release()
    assert [each.result() for each in written] == [None] * 6
    assert _bodies(store) == ["a", "bcdef"]
    metrics = {m.name: m for m in workers.telemetry.registry.collect()}
    counts = {s.name: s.value for s in metrics["weir_aggregator_write_bodies"].samples}
    assert counts["weir_aggregator_write_bodies_sum"] == 6
    assert counts["weir_aggregator_write_bodies_count"] == 2


def test_a_lone_body_waits_for_nobody(store: FakeWriter) -> None:
    workers = Workers(store, writers=2)
    written = [workers.write(text) for text in "abcd"]
    assert store.entered == 2, "as many writes as there are writers"
    workers.release()
    for each in written:
        each.result()
    assert sorted(_bodies(store)) == ["a", "b", "cd"]


@pytest.mark.parametrize(
    ("bound", "sizes"),
    [({"max_bytes": 3 * len(gzip.compress(b"x\n"))}, 3), ({}, MAX_DECODED_BYTES // 3)],
)
def test_a_group_is_bounded_compressed_and_decoded(
    store: FakeWriter, bound: dict[str, int], sizes: int
) -> None:
    workers = Workers(store, **bound)
    for text in "abcdefgh":
        workers.write(text, sizes)
    workers.release()
    assert _bodies(store) == ["a", "bcd", "efg", "h"]


def test_a_body_larger_than_the_bound_goes_by_itself(store: FakeWriter) -> None:
    workers = Workers(store, max_bytes=1)
    for text in "abc":
        workers.write(text)
    workers.release()
    assert _bodies(store) == ["a", "b", "c"]


def test_who_wants_to_be_alone_is(store: FakeWriter) -> None:
    workers = Workers(store)
    for text in "abCde":
        workers.write(text, alone=text.isupper())
    workers.release()
    assert _bodies(store) == ["a", "b", "C", "de"]


def test_nobody_is_blamed_for_another(store: FakeWriter) -> None:
    workers = Workers(store)
    store.refuse = lambda lines: StoreRejected("c is bad") if b"c" in lines else None
    written = {text: workers.write(text) for text in "abcd"}
    workers.release()
    with pytest.raises(StoreRejected, match="c is bad"):
        written.pop("c").result()
    assert [each.result() for each in written.values()] == [None] * 3
    assert sorted(store.lines) == [b"a", b"b", b"d"]
    assert _bodies(store)[:2] == ["a", "bcd"]
    assert sorted(_bodies(store)[2:]) == ["b", "c", "d"]


def test_an_error_of_the_store_is_everyones(store: FakeWriter) -> None:
    workers = Workers(store)
    errors: dict[bytes, StoreError] = {b"a\n": StoreUnavailable("away")}
    store.refuse = errors.get
    written = [workers.write(text) for text in "abc"]
    workers.release()
    for each in written:
        with pytest.raises(StoreUnavailable, match="away"):
            each.result()
    assert _bodies(store) == ["a"], "the gate is shut: the others are not even tried"


def test_a_fault_of_the_writer_is_everyones_and_the_next_go_on(store: FakeWriter) -> None:
    def broken(lines: bytes) -> None:
        if b"b" in lines:
            raise ZeroDivisionError

    store.refuse = broken
    workers = Workers(store)
    written = [workers.write(text) for text in "abc"]
    workers.release()
    assert written[0].result() is None
    for each in written[1:]:
        with pytest.raises(ZeroDivisionError):
            each.result()
    workers.groups.write(gzip.compress(b"d\n"), 2)
    assert store.lines == [b"a", b"d"]


def test_groups_become_as_small_as_the_store_wants_them(store: FakeWriter) -> None:
    workers = Workers(store, max_bytes=10 << 20)
    noise = random.Random(1).randbytes(50_000).hex()
    store.refuse = lambda lines: StoreTooLarge("413") if len(lines) > 250_000 else None
    written = [workers.write(text + noise) for text in "abcdef"]
    workers.release()
    assert [each.result() for each in written] == [None] * 6
    assert sorted(line[:1] for line in store.lines) == [b"a", b"b", b"c", b"d", b"e", b"f"]
    before, size = len(store.asked), workers.groups.max_bytes
    assert 120_000 < size < 160_000, "half of what was refused"
    store.hold.clear()
    again = Workers(store, max_bytes=size)
    for text in "uvwxyz":
        again.write(text + noise)
    again.release()
    assert [len(lines) // len(noise) for lines in store.asked[before:]] == [1, 2, 2, 1]


@pytest.mark.parametrize("error", [None, StoreUnavailable, StoreRejected, StoreTooLarge])
def test_no_body_outlives_its_write(error: type[StoreError] | None) -> None:
    """Not even until the garbage collector comes by."""
    writer = FakeWriter()
    writer.refuse = lambda lines: error("no") if error else None
    workers = Workers(writer)
    bodies = [gzip.compress(b"%d\n" % number) for number in range(20)]

    def write(body: bytes) -> None:
        with contextlib.suppress(StoreError):
            workers.groups.write(body, 3)

    before = [sys.getrefcount(body) for body in bodies]
    gc.disable()
    try:
        with ThreadPoolExecutor(20) as pool:
            list(pool.map(write, bodies))
        assert [sys.getrefcount(body) for body in bodies] == before
    finally:
        gc.enable()


def test_no_worker_is_forgotten_however_they_meet() -> None:
    writer = FakeWriter()
    writer.refuse = lambda lines: StoreRejected("bad") if b"7" in lines else None
    workers = Workers(writer, writers=2, max_bytes=200)
    refused = []
    start = threading.Barrier(32)

    def work(number: int) -> None:
        start.wait()
        for turn in range(30):
            text = b"%d\n" % (number * 30 + turn)
            try:
                workers.groups.write(gzip.compress(text), len(text), alone=turn % 5 == 0)
            except StoreRejected:
                refused.append(text)

    with ThreadPoolExecutor(32) as pool:
        list(pool.map(work, range(32)))
    numbers = [b"%d" % number for number in range(32 * 30)]
    assert sorted(set(writer.lines)) == sorted(n for n in numbers if b"7" not in n)
    assert sorted(refused) == sorted(n + b"\n" for n in numbers if b"7" in n)
