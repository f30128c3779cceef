"""Scheduler figures: sums that only grow, whoever comes and goes."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.cgroup.faults import Faults
from collector.cgroup.files import Root
from collector.cgroup.parse import Malformed
from collector.processes.allowance import Allowance
from collector.processes.schedstat import Counters, Schedstat, parse
from tests.real.process import wait_until

SECOND = 10**9


def test_three_numbers() -> None:
    assert parse(b"123 45 6\n") == Counters(123, 45, 6)


@pytest.mark.parametrize("data", [b"", b"1 2", b"1 2 3 4", b"1 -2 3", b"a b c"])
def test_anything_else_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse(data)


class Proc:
    """A procfs with threads that ran for so many seconds."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = Root(path)
        self.faults = Faults()

    def ran(self, pid: int, seconds: int, thread: int = 0) -> None:
        task = self.path / f"{pid}/task/{thread or pid}"
        task.mkdir(parents=True, exist_ok=True)
        (task / "schedstat").write_text(f"{seconds * SECOND} {2 * seconds * SECOND} {seconds}\n")

    def end(self, pid: int, thread: int = 0) -> None:
        shutil.rmtree(self.path / (f"{pid}/task/{thread}" if thread else f"{pid}"))

    def schedstat(self, allowance: Allowance | None = None, is_new: bool = True) -> Schedstat:
        return Schedstat(self.root, allowance or Allowance(), self.faults, is_new)


@pytest.fixture
def proc(tmp_path: Path) -> Iterator[Proc]:
    proc = Proc(tmp_path)
    yield proc
    proc.root.close()


def seconds(schedstat: Schedstat, *pids: int) -> object:
    return schedstat.read(pids).get("cpu_schedstat_run_seconds_total")


def test_the_sum_over_all_threads(proc: Proc) -> None:
    proc.ran(5, 1)
    proc.ran(5, 2, thread=6)
    proc.ran(9, 4)
    assert proc.schedstat().read((5, 9)) == {
        "cpu_schedstat_run_seconds_total": 7.0,
        "cpu_schedstat_runqueue_seconds_total": 14.0,
        "cpu_schedstat_run_periods_total": 7,
    }


def test_it_does_not_fall_when_a_thread_or_a_process_ends(proc: Proc) -> None:
    proc.ran(5, 1)
    proc.ran(5, 2, thread=6)
    proc.ran(9, 4)
    schedstat = proc.schedstat()
    assert seconds(schedstat, 5, 9) == 7.0
    proc.end(5, thread=6)
    proc.ran(5, 2)
    assert seconds(schedstat, 5, 9) == 8.0
    proc.end(9)
    assert seconds(schedstat, 5, 9) == 8.0  # it ended between the listing and the reading
    assert seconds(schedstat, 5) == 8.0


def test_a_number_that_is_given_anew_is_another_thread(proc: Proc) -> None:
    proc.ran(5, 4)
    schedstat = proc.schedstat()
    assert seconds(schedstat, 5) == 4.0
    proc.ran(5, 1)
    assert seconds(schedstat, 5) == 5.0


def test_what_was_there_before_the_collector_begins_at_0(proc: Proc) -> None:
    proc.ran(5, 100)
    schedstat = proc.schedstat(is_new=False)
    assert seconds(schedstat, 5) == 0.0
    proc.ran(5, 101)
    proc.ran(6, 3)
    assert seconds(schedstat, 5, 6) == 4.0


def test_of_too_many_each_has_its_turn(proc: Proc) -> None:
    pids = tuple(range(1, 6))
    for pid in pids:
        proc.ran(pid, 1)
    schedstat = proc.schedstat(Allowance(sweep=1000, container=4))  # a process is two readings
    assert (seconds(schedstat, *pids), schedstat.left_out) == (2.0, 3)
    assert (seconds(schedstat, *pids), schedstat.left_out) == (4.0, 3)
    assert (seconds(schedstat, *pids), schedstat.left_out) == (5.0, 3)
    proc.ran(4, 3)
    seconds(schedstat, *pids)
    assert seconds(schedstat, *pids) == 7.0


def test_of_too_many_that_were_there_before_none_is_an_increase(proc: Proc) -> None:
    pids = tuple(range(1, 6))
    for pid in pids:
        proc.ran(pid, 100)
    schedstat = proc.schedstat(Allowance(sweep=1000, container=4), is_new=False)
    assert [seconds(schedstat, *pids) for _ in range(4)] == [0.0] * 4


def test_a_process_of_too_many_threads_holds_no_other_up(proc: Proc) -> None:
    for thread in range(100, 110):
        proc.ran(5, 1, thread)
    proc.ran(6, 1)
    schedstat = proc.schedstat(Allowance(sweep=1000, container=8))
    assert (seconds(schedstat, 5, 6), schedstat.left_out) == (1.0, 1)
    assert (seconds(schedstat, 5, 6), schedstat.left_out) == (1.0, 1)


def test_nothing_is_read_once_a_sweep_has_spent_its_allowance(proc: Proc) -> None:
    proc.ran(5, 1)
    allowance = Allowance(sweep=2, container=2)
    assert seconds(proc.schedstat(allowance), 5) == 1.0
    late = proc.schedstat(allowance)
    assert (seconds(late, 5), late.left_out) == (None, 1)
    allowance.renew()
    assert (seconds(late, 5), late.left_out) == (1.0, 0)


def test_absent_where_there_is_no_such_file_or_no_process_to_be_seen(proc: Proc) -> None:
    (proc.path / "5/task/5").mkdir(parents=True)
    for pids in ((), (0,), (5,), (77,)):
        assert proc.schedstat().read(pids) == {}
    assert proc.faults.total == 0


def test_a_malformed_file_is_counted_and_hides_no_other_thread(proc: Proc) -> None:
    proc.ran(5, 1)
    proc.ran(6, 1)
    (proc.path / "5/task/5/schedstat").write_text("nonsense\n")
    assert seconds(proc.schedstat(), 5, 6) == 1.0
    assert proc.faults.total == 1


def test_our_own_threads_ran() -> None:
    root = Root(Path("/proc"))
    schedstat = Schedstat(root, Allowance(), Faults(), is_new=False)
    pid = int(Path("/proc/self").readlink().name)
    assert seconds(schedstat, pid) == 0.0

    def spin() -> None:
        until = time.thread_time() + 0.2
        while time.thread_time() < until:
            pass

    began = time.process_time()
    threads = [threading.Thread(target=spin) for _ in range(2)]
    stop = threading.Event()
    waiting = threading.Thread(target=stop.wait)
    waiting.start()
    for thread in threads:
        thread.start()

    def ran() -> float:
        return float(schedstat.read((pid,))["cpu_schedstat_run_seconds_total"])

    wait_until(lambda: ran() > 0.01, "the threads have run")
    shown = ran()
    stop.set()
    assert shown <= time.process_time() - began + 0.01
    for thread in (*threads, waiting):
        thread.join()
