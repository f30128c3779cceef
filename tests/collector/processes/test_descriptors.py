"""Open files and sockets, and the limit of them."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.cgroup.faults import Faults
from collector.cgroup.files import Budget, Root
from collector.cgroup.parse import Malformed
from collector.processes.allowance import Allowance
from collector.processes.descriptors import Descriptors, parse_limits

LIMITS = b"""\
Limit                     Soft Limit           Hard Limit           Units
Max cpu time              unlimited            unlimited            seconds
Max open files            1024                 524288               files
Max locked memory         8388608              8388608              bytes
"""


def test_the_soft_limit_of_open_files() -> None:
    assert parse_limits(LIMITS) == {"max_open_files": {"ulimits_soft": 1024}}
    assert parse_limits(LIMITS.replace(b"1024  ", b"unlimited")) == {}
    assert parse_limits(b"") == {}


@pytest.mark.parametrize("soft", [b"many", b"    ", b"-1  "])
def test_a_limit_that_the_kernel_does_not_write(soft: bytes) -> None:
    line = b"Max open files            " + soft + b"\n"
    with pytest.raises(Malformed) as caught:
        parse_limits(LIMITS.splitlines(keepends=True)[0] + line)
    assert caught.value.line == 2


class Proc:
    """A procfs with processes that have descriptors open."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = Root(path)
        self.faults = Faults()

    def put(self, pid: int, *links: str) -> None:
        (self.path / f"{pid}/fd").mkdir(parents=True)
        (self.path / f"{pid}/limits").write_bytes(LIMITS.replace(b"1024", b"%4d" % pid))
        for number, link in enumerate(links):
            (self.path / f"{pid}/fd/{number}").symlink_to(link)

    def descriptors(self, allowance: Allowance | None = None) -> Descriptors:
        return Descriptors(self.root, allowance or Allowance(), Budget(0), self.faults)


@pytest.fixture
def proc(tmp_path: Path) -> Iterator[Proc]:
    proc = Proc(tmp_path)
    yield proc
    proc.root.close()


def test_the_sum_over_processes_without_those_that_ended(proc: Proc) -> None:
    proc.put(5, "/dev/null", "socket:[1]", "pipe:[7]")
    proc.put(6, "socket:[2]", "socket:[3]")
    descriptors = proc.descriptors()
    assert descriptors.read((5, 6, 77)) == {"file_descriptors": 5, "sockets": 3}
    assert proc.faults.total == descriptors.left_out == 0


@pytest.mark.parametrize("pids", [(), (0,), (5, 0)])
def test_what_cannot_be_seen_whole_has_no_sum(proc: Proc, pids: tuple[int, ...]) -> None:
    proc.put(5, "/dev/null")
    assert proc.descriptors().read(pids) == {}


def test_too_many_have_no_sum_and_are_counted(proc: Proc) -> None:
    for pid in range(1, 6):
        proc.put(pid, "/dev/null", "/dev/null")
    descriptors = proc.descriptors(Allowance(sweep=100, container=9))
    assert descriptors.read((1, 2, 3, 4, 5)) == {}
    assert descriptors.left_out == 2  # three processes of two files are nine readings
    assert descriptors.read((1, 2, 3)) == {"file_descriptors": 6, "sockets": 0}
    assert descriptors.left_out == 0


def test_one_sweep_has_an_end(proc: Proc) -> None:
    proc.put(1, "/dev/null", "/dev/null")
    allowance = Allowance(sweep=4, container=4)
    assert proc.descriptors(allowance).read((1,)) != {}
    second = proc.descriptors(allowance)
    assert second.read((1,)) == {} and second.left_out == 1
    allowance.renew()
    assert second.read((1,)) != {}


def test_limits_are_the_first_processs(proc: Proc) -> None:
    proc.put(20)
    proc.put(7)
    descriptors = proc.descriptors()
    assert descriptors.ulimits((20, 7)) == {"max_open_files": {"ulimits_soft": 7}}
    assert descriptors.ulimits((20,)) == {"max_open_files": {"ulimits_soft": 20}}
    assert descriptors.ulimits(()) == {}


def test_broken_limits_hide_nothing_and_are_taken_back_with_the_container(proc: Proc) -> None:
    proc.put(5, "/dev/null")
    (proc.path / "5/limits").write_bytes(b"Max open files            much\n")
    descriptors = proc.descriptors()
    assert descriptors.ulimits((5,)) == {}
    assert descriptors.read((5,)) == {"file_descriptors": 1, "sockets": 0}
    assert proc.faults.total == 1


@pytest.mark.root
def test_denied_is_said_once_until_it_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    root, faults = Root(Path("/proc")), Faults()
    descriptors = Descriptors(root, Allowance(), Budget(0), faults)
    os.seteuid(65534)
    try:
        assert [descriptors.read((1,)) for _ in range(3)] == [{}, {}, {}]
        assert descriptors.ulimits((1,)) != {}
        assert faults.total == 1 and descriptors.left_out == 0
        descriptors.retry()
        assert descriptors.read((1,)) == {} and faults.total == 2
        assert len(caplog.records) == 1 and "CAP_SYS_PTRACE" in caplog.text
    finally:
        os.seteuid(0)
    assert descriptors.read((1,)) == {}
    descriptors.retry()
    assert descriptors.read((1,))["file_descriptors"] > 0
    root.close()


@pytest.mark.root
def test_what_is_denied_costs_others_nothing() -> None:
    root, faults, allowance = Root(Path("/proc")), Faults(), Allowance(sweep=10, container=8)
    os.seteuid(65534)
    try:
        assert Descriptors(root, allowance, Budget(0), faults).read((1,)) == {}
    finally:
        os.seteuid(0)
    assert allowance.share() == 8
    root.close()


def test_our_own_process_has_what_it_opened() -> None:
    root = Root(Path("/proc"))
    descriptors = Descriptors(root, Allowance(), Budget(0), Faults())
    before = descriptors.read((os.getpid(),))
    with socket.socket(), Path("/dev/null").open():
        after = descriptors.read((os.getpid(),))
    assert after["file_descriptors"] == before["file_descriptors"] + 2
    assert after["sockets"] == before["sockets"] + 1
    root.close()
