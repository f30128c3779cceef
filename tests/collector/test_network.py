"""Network figures: the kernel's table, and who speaks for a namespace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.cgroup.faults import Faults
from collector.cgroup.files import Budget, Root
from collector.cgroup.parse import Malformed
from collector.network import Namespaces, Network, parse

HEAD = b"""Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes packets errs drop fifo colls
"""
ETH0 = b"  eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
FIELDS = {
    "network_receive_bytes_total": 1,
    "network_receive_packets_total": 2,
    "network_receive_errors_total": 3,
    "network_receive_packets_dropped_total": 4,
    "network_transmit_bytes_total": 9,
    "network_transmit_packets_total": 10,
    "network_transmit_errors_total": 11,
    "network_transmit_packets_dropped_total": 12,
}


def test_the_table() -> None:
    names = b"lo veth12ab docker0 br-0a virbr0 cni0 flannel.1 cali5 tunl0 sit0".split()
    others = b"".join(ETH0.replace(b"eth0", name) for name in names)
    assert parse(HEAD + ETH0 + others + ETH0.replace(b"eth0", b"wlan:1")) == {
        "eth0": FIELDS,
        "wlan:1": FIELDS,
    }
    assert parse(HEAD) == {}


def test_a_tap_counts_where_it_is_all_there_is() -> None:
    tap = ETH0.replace(b"eth0", b"tap0")
    loopback = ETH0.replace(b"eth0", b"lo")
    assert parse(HEAD + loopback + tap) == {"tap0": FIELDS}
    assert parse(HEAD + tap + ETH0) == {"eth0": FIELDS}
    assert parse(HEAD + ETH0.replace(b"eth0", b"tap1")) == {}


@pytest.mark.parametrize(
    ("data", "line"),
    [(b"", 1), (b"nonsense\n\n", 1), (HEAD + ETH0 + b"eth1: 1 2\n", 4), (HEAD + b"eth1\n", 3)],
)
def test_no_table(data: bytes, line: int) -> None:
    with pytest.raises(Malformed) as caught:
        parse(data)
    assert caught.value.line == line


class Proc:
    """A procfs with processes in namespaces of given names."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.put(1, "host")
        self.root = Root(path)
        self.namespaces = Namespaces(path)

    def put(self, pid: int, namespace: str) -> None:
        shared = self.path / f"{namespace}.dev"
        if not shared.exists():
            shared.write_bytes(HEAD + ETH0)
        (self.path / f"{pid}/net").mkdir(parents=True)
        (self.path / f"{pid}/net/dev").symlink_to(shared)

    def end(self, pid: int) -> None:
        (self.path / f"{pid}/net/dev").unlink()

    def network(self, descriptors: int = 10) -> Network:
        return Network(self.root, self.namespaces, Budget(descriptors), Faults())


@pytest.fixture
def proc(tmp_path: Path) -> Iterator[Proc]:
    proc = Proc(tmp_path)
    yield proc
    proc.root.close()


def test_the_hosts_namespace_is_not_a_containers(proc: Proc) -> None:
    proc.put(5, "host")
    assert proc.network().read((5,)) == {}


def test_one_speaks_for_a_shared_namespace_and_another_after_it(proc: Proc) -> None:
    for pid in (5, 6):
        proc.put(pid, "pod")
    first, second = proc.network(), proc.network()
    assert first.read((5,)) == {"eth0": FIELDS}
    assert second.read((6,)) == {}
    first.close()
    assert second.read((6,)) == {"eth0": FIELDS}


def test_the_first_process_may_end(proc: Proc) -> None:
    proc.put(5, "own")
    proc.put(6, "own")
    network = proc.network()
    network.read((5, 6))
    proc.end(5)
    assert network.read((6,)) == {"eth0": FIELDS}


@pytest.mark.parametrize("reused", [True, False])
def test_without_a_descriptor_another_process_is_looked_for(proc: Proc, reused: bool) -> None:
    proc.put(5, "own")
    proc.put(6, "own")
    network = proc.network(descriptors=0)
    assert network.read((5, 6)) == {"eth0": FIELDS}
    proc.end(5)
    if reused:
        (proc.path / "5/net").rmdir()
        (proc.path / "5").rmdir()
        proc.put(5, "another")
        (proc.path / "another.dev").write_bytes(HEAD)
    assert network.read((6,)) == {"eth0": FIELDS}


def test_no_process_no_figures(proc: Proc) -> None:
    assert proc.network().read(()) == {}
    assert proc.network().read((77,)) == {}


def test_the_namespace_is_found_when_the_process_has_moved_into_it(proc: Proc) -> None:
    """A runtime's first process is for a moment still in the host's."""
    proc.put(5, "host")
    network = proc.network()
    assert network.read((5,)) == {}
    proc.end(5)
    (proc.path / "own.dev").write_bytes(HEAD + ETH0)
    (proc.path / "5/net/dev").symlink_to(proc.path / "own.dev")
    assert network.read((5,)) == {"eth0": FIELDS}
