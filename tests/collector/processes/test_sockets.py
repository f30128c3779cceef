"""Sockets by state: the kernel's tables, cAdvisor's names."""

from __future__ import annotations

import itertools
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.cgroup.faults import Faults
from collector.cgroup.files import Root
from collector.cgroup.parse import Malformed
from collector.processes.allowance import Allowance
from collector.processes.sockets import Sockets, parse_tcp, parse_udp
from collector.processes.turns import Turns

TCP = b"""\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:ACF7 00000000:0000 0A 00000000:00000001 00:00000000 00000000     0        0 27 2
   1: 0100007F:ACF7 0100007F:9000 01 00000000:00000000 00:00000000 00000000     0        0 28 1
   2: 0100007F:9000 0100007F:ACF7 01 00000000:00000000 00:00000000 00000000     0        0 29 1
   3: 0100007F:9001 0100007F:ACF7 06 00000000:00000000 03:00001770 00000000     0        0 0 3
"""
UDP = b"""\
   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode \
ref pointer drops
  175: 0100007F:0035 00000000:0000 07 00000010:00000A00 00:00000000 00000000     0        0 31 2 \
0000000000000000 5
  199: 00000000:0044 00000000:0000 07 00000001:00000000 00:00000000 00000000     0        0 32 2 \
0000000000000000 2
"""
STATES = (
    "established synsent synrecv finwait1 finwait2 timewait close closewait lastack listen closing"
)


def test_tcp_sockets_by_state() -> None:
    none = dict.fromkeys(STATES.split(), 0)
    assert parse_tcp(TCP) == {**none, "listen": 1, "established": 2, "timewait": 1}
    assert parse_tcp(TCP.splitlines(keepends=True)[0]) == none


def test_udp_sockets_their_queues_and_drops() -> None:
    assert parse_udp(UDP) == {"listen": 2, "dropped": 7, "rxqueued": 0xA00, "txqueued": 0x11}


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"", 1),
        (b"nonsense\n", 1),
        (TCP + b"   4: 0100007F:9001 0100007F:ACF7\n", 6),
        (TCP + b"   4: 0100007F:9001 0100007F:ACF7 FF 0:0\n", 6),
    ],
)
def test_no_table_of_tcp(data: bytes, line: int) -> None:
    with pytest.raises(Malformed) as caught:
        parse_tcp(data)
    assert caught.value.line == line


@pytest.mark.parametrize(
    "line", [b"  1: 0:0 0:0 07 1", b"  1: 0:0 0:0 07 x:1 0 0 0 0 0 0 0 0", b"\n"]
)
def test_no_table_of_udp(line: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        parse_udp(UDP + line)
    assert caught.value.line == 4


@pytest.fixture
def proc(tmp_path: Path) -> Iterator[Root]:
    (tmp_path / "5/net").mkdir(parents=True)
    (tmp_path / "5/net/tcp").write_bytes(TCP)
    (tmp_path / "5/net/tcp6").write_bytes(TCP.splitlines(keepends=True)[0])
    root = Root(tmp_path)
    yield root
    root.close()


def test_both_families_in_the_row_of_a_state(proc: Root) -> None:
    sockets = Sockets("tcp", proc, Allowance(), Turns(), Faults())
    found = sockets.read(5)
    assert " ".join(found) == STATES
    assert found["established"] == {
        "network_tcp_usage_total": 2,
        "network_tcp6_usage_total": 0,
    }


def test_a_node_without_ipv6_and_a_process_that_ended(proc: Root) -> None:
    (proc.path / "5/net/tcp6").unlink()
    sockets = Sockets("tcp", proc, Allowance(), Turns(), Faults())
    assert sockets.read(5)["listen"] == {"network_tcp_usage_total": 1}
    assert sockets.read(6) == {} and sockets.read(None) == {}


def test_a_table_that_is_too_long_is_no_figure_and_counted(proc: Root) -> None:
    lines = TCP.splitlines(keepends=True)
    (proc.path / "5/net/tcp").write_bytes(b"".join((*lines, *lines[1:] * 10)))
    sockets = Sockets("tcp", proc, Allowance(sweep=100, container=2), Turns(), Faults())
    assert sockets.read(5)["listen"] == {"network_tcp6_usage_total": 0}
    assert sockets.left_out == 1


def test_a_malformed_table_is_told_once_and_hides_not_the_other(
    proc: Root, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    good = (proc.path / "5/net/tcp6").read_bytes()
    (proc.path / "5/net/tcp6").write_bytes(b"nonsense\n")
    faults = Faults()
    sockets = Sockets("tcp", proc, Allowance(), Turns(), faults)
    assert sockets.read(5)["listen"] == sockets.read(5)["listen"] == {"network_tcp_usage_total": 1}
    assert faults.total == 2 and len(caplog.records) == 1
    (proc.path / "5/net/tcp6").write_bytes(good)
    assert len(sockets.read(5)["listen"]) == 2
    assert "no file of this name is broken any more" in caplog.text


def test_of_many_some_are_read_now_and_the_others_later(proc: Root) -> None:
    clock = itertools.count()  # a reading is seen to take a second
    turns = Turns(seconds=1.0, clock=lambda: float(next(clock)))
    many = [Sockets("tcp", proc, Allowance(), turns, Faults()) for _ in range(3)]
    read: list[list[bool]] = []
    for _ in range(20):
        turns.renew()
        read.append([bool(sockets.read(5)) for sockets in many])
    assert all(1 <= sum(one) <= 2 for one in read[5:])
    assert all(any(column) for column in zip(*read[-6:], strict=True))


def test_our_own_sockets() -> None:
    root = Root(Path("/proc"))
    enough = Allowance(10**6, 10**6)  # this machine may have many thousand connections
    tcp = Sockets("tcp", root, enough, Turns(), Faults())
    udp = Sockets("udp", root, enough, Turns(), Faults())

    def count(sockets: Sockets, state: str, field: str) -> int:
        value = sockets.read(os.getpid())[state][field]
        assert isinstance(value, int)
        return value

    with (
        socket.create_server(("127.0.0.1", 0)),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
    ):
        datagrams.bind(("127.0.0.1", 0))
        assert count(tcp, "listen", "network_tcp_usage_total") >= 1
        assert count(udp, "listen", "network_udp_usage_total") >= 1
    root.close()
