"""Appending, reopening, crashing, flipped bits, pulls in any order: only what was hit is lost."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from monitor.edgelog import Cursor, EdgeLog, Limits
from monitor.edgelog.frame import Frame, payload_of, walk
from tests.monitor.edgelog.helpers import lines, members, read_all

LIMITS = Limits(max_bytes=1 << 20)
"""Segments of 16 KiB; more than any run appends, so that nothing is dropped."""


class LogMachine(RuleBasedStateMachine):
    """The model: what was appended, by number, and which of it was hit on the disk."""

    def __init__(self) -> None:
        super().__init__()
        memory = Path("/dev/shm")
        root = memory if memory.is_dir() else None
        self.directory = Path(tempfile.mkdtemp(dir=root, prefix="weir-test-"))
        self.log = EdgeLog(self.directory, LIMITS)
        self.appended: dict[int, bytes] = {}
        self.hit: set[int] = set()
        self.delivered: dict[int, bytes] = {}
        self.cursor: Cursor | None = None

    def teardown(self) -> None:
        try:
            while self._pull(1 << 16):
                pass
            missing = self.appended.keys() - self.delivered.keys()
            assert missing <= self.hit
        finally:
            self.log.close()
            shutil.rmtree(self.directory)

    @rule(size=st.sampled_from([0, 100, 3000, 20_000]), count=st.integers(1, 4))
    def append(self, size: int, count: int) -> None:
        for _ in range(count):
            data = lines(len(self.appended), size)
            number = self.log.append(data)
            assert number > max(self.appended, default=0), "a number was given twice"
            self.appended[number] = data

    @rule(max_bytes=st.sampled_from([1, 2000, 100_000]), lost=st.booleans())
    def pull(self, max_bytes: int, lost: bool) -> None:
        """One pull; `lost` as if the consumer had died before it kept the answer."""
        if lost:
            self.log.pull("store", self.cursor, max_bytes)
        else:
            self._pull(max_bytes)

    def _pull(self, max_bytes: int) -> int:
        batch = self.log.pull("store", self.cursor, max_bytes)
        after = self.cursor.sequence if self.cursor else 0
        for data in members(batch.body):
            (number,) = [n for n, d in self.appended.items() if d == data]
            assert after < number <= batch.cursor.sequence, "out of order"
            assert number not in self.delivered, "delivered twice"
            self.delivered[number] = data
            after = number
        self.cursor = batch.cursor
        return batch.records

    @rule()
    def consumer_forgets(self) -> None:
        """The aggregator restarts: what it had not acknowledged comes again."""
        stored = self.directory / "consumers" / "store"
        done = int(stored.read_text().split()[0].split(":")[1]) if stored.exists() else 0
        self.cursor = None
        self.delivered = {n: d for n, d in self.delivered.items() if n <= done}

    @rule()
    def reopen(self) -> None:
        epoch = self.log.epoch
        self.log.close()
        self.log = EdgeLog(self.directory, LIMITS)
        assert self.log.epoch == epoch

    @rule(garbage=st.binary(max_size=200), partial=st.integers(0, 300))
    def crash(self, garbage: bytes, partial: int) -> None:
        """Killed in the middle of an append: part of a frame, or anything, behind the last."""
        last = self._segments()[-1]
        size = last.stat().st_size
        self.log.append(lines(10**9, 200))
        grown = self._segments()[-1]
        self.log.close()
        if grown == last:
            os.truncate(last, min(grown.stat().st_size - 8, size + partial))
        else:
            os.truncate(grown, min(grown.stat().st_size - 8, partial))
        if garbage:
            with self._segments()[-1].open("ab") as file:
                file.write(garbage)
        self.log = EdgeLog(self.directory, LIMITS)

    @precondition(lambda self: self.appended)
    @rule(data=st.data())
    def flip(self, data: st.DataObject) -> None:
        """One bit of a record that is whole; the log does not know."""
        whole = [found for path in self._segments() for found in _whole(path)]
        if not whole:
            return
        path, frame = data.draw(st.sampled_from(whole))
        bit = data.draw(st.integers(frame.offset * 8, frame.end * 8 - 1))
        with path.open("r+b") as file:
            file.seek(bit // 8)
            byte = file.read(1)[0]
            file.seek(bit // 8)
            file.write(bytes([byte ^ 1 << bit % 8]))
        self.hit.add(frame.sequence)

    @invariant()
    def what_was_not_hit_is_read(self) -> None:
        expected = [data for number, data in self.appended.items() if number not in self.hit]
        assert read_all(self.log, 10_000) == expected

    def _segments(self) -> list[Path]:
        return sorted((self.directory / "segments").iterdir())


def _whole(path: Path) -> list[tuple[Path, Frame]]:
    fd = os.open(path, os.O_RDONLY)
    try:
        frames = [f for f in walk(fd, 0, os.fstat(fd).st_size) if isinstance(f, Frame) and f.length]
        return [(path, f) for f in frames if payload_of(fd, f) is not None]
    finally:
        os.close(fd)


LogMachine.TestCase.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
TestLog = LogMachine.TestCase
