"""Disks and networks of the host: whose they are, and that they move as the kernel says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from collector.host.devices import disks, network

DEV = """\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop
    lo: 9 9 0 0 0 0 0 0 9 9 0 0 0 0 0 0
  eth0: 1000 10 1 2 0 0 0 0 2000 20 3 4 0 0 0 0
 veth1: 5 5 0 0 0 0 0 0 5 5 0 0 0 0 0 0
"""


def put(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_the_network_is_that_of_the_hosts_first_process(tmp_path: Path) -> None:
    put(tmp_path / "1/net/dev", DEV)
    put(tmp_path / "net/dev", DEV.replace("eth0", "eth9"))
    (row,) = network(tmp_path)
    assert row.tags == {"device": "eth0"}
    assert row.fields == {
        "network_receive_bytes_total": 1000,
        "network_receive_packets_total": 10,
        "network_receive_errs_total": 1,
        "network_receive_drop_total": 2,
        "network_transmit_bytes_total": 2000,
        "network_transmit_packets_total": 20,
        "network_transmit_errs_total": 3,
        "network_transmit_drop_total": 4,
    }


def test_where_that_process_is_hidden_it_is_the_own_network(tmp_path: Path) -> None:
    put(tmp_path / "net/dev", DEV)
    assert [row.tags["device"] for row in network(tmp_path)] == ["eth0"]


def test_another_form_is_an_error_with_its_line(tmp_path: Path) -> None:
    put(tmp_path / "1/net/dev", DEV.replace("1000", "a lot"))
    with pytest.raises(ValueError, match="1/net/dev, line 4"):
        list(network(tmp_path))


def test_a_write_is_counted_at_its_disk(tmp_path: Path) -> None:
    def written() -> dict[str, tuple[float, float]]:
        return {
            row.tags["device"]: (
                float(row.fields["disk_writes_completed_total"]),
                float(row.fields["disk_written_bytes_total"]),
            )
            for row in disks()
        }

    before = written()
    if not before:
        pytest.skip("this machine's kernel counts no disk")
    with (tmp_path / "file").open("wb") as file:
        file.write(os.urandom(1 << 20))
        os.fsync(file.fileno())
    grown = [after[1] - before[disk][1] for disk, after in written().items() if disk in before]
    if tmp_path.stat().st_dev >> 8 == 0:
        pytest.skip("the temporary directory is on no disk")
    assert max(grown) >= 1 << 20
