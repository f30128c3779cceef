"""A log directory that was put back from a copy: its sequence numbers are given a second time."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.edgelog import Batch, Cursor, EdgeLog, LogError
from tests.monitor.edgelog.helpers import lines, members, read_all


class Node:
    """A log, what was appended to it, and its consumer."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.log = EdgeLog(directory)
        self.number = 0
        self.cursor: Cursor | None = None

    def append(self, count: int) -> list[bytes]:
        added = [lines(self.number + n) for n in range(1, count + 1)]
        for record in added:
            self.log.append(record)
        self.number += count
        return added

    def pull(self) -> Batch:
        batch = self.log.pull("store", self.cursor, 1 << 20)
        self.cursor = batch.cursor
        return batch

    def copied(self) -> Path:
        copy = self.directory.with_name("copy")
        shutil.copytree(self.directory, copy)
        return copy

    def put_back(self, copy: Path) -> None:
        self.log.close()
        shutil.rmtree(self.directory)
        shutil.copytree(copy, self.directory)
        self.log = EdgeLog(self.directory)

    def restart(self) -> None:
        self.log.close()
        self.log = EdgeLog(self.directory)


@pytest.fixture
def node(fast_path: Path) -> Node:
    return Node(fast_path / "log")


@pytest.mark.parametrize("again", [0, 3, 10, 30])
@pytest.mark.parametrize("restarts", [0, 1])
def test_records_under_numbers_of_before_are_delivered(
    node: Node, again: int, restarts: int
) -> None:
    """The copy has 5 records; the consumer had 15; `again` come before it is pulled."""
    node.append(5)
    node.pull()
    copy = node.copied()
    for _ in range(restarts):
        node.restart()
    node.append(10)
    node.pull()
    assert node.cursor is not None and node.cursor.sequence == 15
    node.put_back(copy)
    new = node.append(again)
    gap, *delivered = members(node.pull().body)
    assert b"or of a later state of this one" in gap and b"log_gap_first_seq=16i" in gap
    assert [record for record in delivered if record in new] == new
    assert node.append(1) == members(node.pull().body), "from here on all is as ever"


def test_it_is_said_once(node: Node, caplog: pytest.LogCaptureFixture) -> None:
    node.append(5)
    copy = node.copied()
    node.append(5)
    node.pull()
    before = node.cursor
    node.put_back(copy)
    for _ in range(3):
        node.cursor = before
        node.pull()
    assert caplog.text.count(f"consumer store came with the cursor {before}, of another log") == 1


def test_a_restart_is_no_gap(node: Node) -> None:
    first = node.append(3)
    assert members(node.pull().body) == first
    for _ in range(300):
        node.restart()
        node.pull()
    more = node.append(2)
    assert members(node.pull().body) == more


def test_an_old_cursor_of_an_earlier_run_is_still_good(node: Node) -> None:
    node.append(3)
    node.pull()
    node.restart()
    more = node.append(2)
    node.restart()
    assert members(node.log.read(node.cursor, 1 << 20).body) == more


@pytest.mark.parametrize("spoil", [lambda f: f.write_bytes(b"\xff\n\0"), lambda f: f.unlink()])
def test_without_its_runs_a_log_repeats_and_loses_nothing(
    node: Node, spoil: Callable[[Path], object]
) -> None:
    node.append(3)
    node.pull()
    node.log.close()
    spoil(node.directory / "runs")
    node.log = EdgeLog(node.directory)
    more = node.append(2)
    gap, *delivered = members(node.pull().body)
    assert b"log_gap_reason" in gap
    assert delivered[-2:] == more


def test_a_cursor_that_a_person_wrote_needs_no_run(node: Node) -> None:
    records = node.append(3)
    cursor = Cursor.parse(f"{node.log.epoch}:2")
    assert members(node.log.read(cursor, 1 << 20).body) == records[2:]


def test_two_processes_cannot_share_a_log_but_a_copy_is_free(node: Node) -> None:
    records = node.append(3)
    with pytest.raises(LogError, match="has it open"):
        EdgeLog(node.directory)
    copy = EdgeLog(node.copied())
    assert read_all(copy) == records
