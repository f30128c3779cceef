"""TCP sockets by state, and UDP sockets, of a network namespace: /proc/PID/net/tcp and its like.

Names and states are cAdvisor's, whose `…_usage_total` are no totals but gauges.
"""

from __future__ import annotations

import os

from collector.cgroup.faults import Fault, Faults
from collector.cgroup.files import Root
from collector.cgroup.parse import Fields, Malformed
from collector.processes.allowance import Allowance
from collector.processes.turns import Turns

States = dict[str, int]

_TCP = {
    b"01": "established",
    b"02": "synsent",
    b"03": "synrecv",
    b"04": "finwait1",
    b"05": "finwait2",
    b"06": "timewait",
    b"07": "close",
    b"08": "closewait",
    b"09": "lastack",
    b"0A": "listen",
    b"0B": "closing",
}
_STATE, _QUEUES, _DROPS = 3, 4, 12
_CHUNK_BYTES = 65_536
_READ_BYTES = 1024
"""So much of a table costs about what one reading of a process's file does."""


def parse_tcp(data: bytes) -> States:
    """`net/tcp` or `net/tcp6`: how many sockets are in each state, 0 included."""
    states = dict.fromkeys(_TCP.values(), 0)
    for line_number, line in enumerate(_sockets(data), 2):
        try:
            states[_TCP[line.split(None, _STATE + 1)[_STATE]]] += 1
        except (IndexError, KeyError):
            raise Malformed(line_number, line) from None
    return states


def parse_udp(data: bytes) -> States:
    """`net/udp` or `net/udp6`: sockets, packets dropped, bytes queued in all sockets.

    `dropped` is the sum over the sockets that there are, so it falls when one is closed.
    """
    states = {"listen": 0, "dropped": 0, "rxqueued": 0, "txqueued": 0}
    for line_number, line in enumerate(_sockets(data), 2):
        parts = line.split()
        try:
            to_send, _, received = parts[_QUEUES].partition(b":")
            states["txqueued"] += int(to_send, 16)
            states["rxqueued"] += int(received, 16)
            states["dropped"] += int(parts[_DROPS])
        except (IndexError, ValueError):
            raise Malformed(line_number, line) from None
        states["listen"] += 1
    return states


def _sockets(data: bytes) -> list[bytes]:
    """The table's lines without its head."""
    lines = data.splitlines()
    if not lines or not lines[0].split()[:2] == [b"sl", b"local_address"]:
        raise Malformed(1, lines[0] if lines else b"")
    return lines[1:]


class Sockets:
    """Those of one container. `left_out` is how many tables, of too many sockets, were not read."""

    def __init__(
        self,
        protocol: str,
        proc: Root,
        allowance: Allowance,
        turns: Turns,
        faults: Faults,
    ) -> None:
        self.left_out = 0
        self._parse = parse_tcp if protocol == "tcp" else parse_udp
        self._tables = {
            f"net/{protocol}": f"network_{protocol}_usage_total",
            f"net/{protocol}6": f"network_{protocol}6_usage_total",
        }
        self._proc = proc
        self._allowance = allowance
        self._turns = turns
        self._fault = Fault(faults)

    def read(self, pid: int | None) -> dict[str, Fields]:
        """Figures by state, of the namespace of `pid`, when it is our turn.

        A table that is too long gives none.
        """
        self.left_out = 0
        found: dict[str, Fields] = {}
        if pid is None:
            self._turns.leave(self)
            return found
        if not self._turns.begin(self):
            return found
        for table, field in self._tables.items():
            for state, count in self._states(f"{pid}/{table}").items():
                found.setdefault(state, {})[field] = count
        self._turns.end(self)
        self._fault.settle()
        return found

    def close(self) -> None:
        """Take back what was said about a container that is gone."""
        self._turns.leave(self)
        self._fault.good()

    def _states(self, path: str) -> States:
        try:
            data = self._read(path)
            return {} if data is None else self._parse(data)
        except (FileNotFoundError, ProcessLookupError):
            return {}  # it ended, or there is no IPv6
        except OSError as error:
            self._fault.bad(f"{self._proc.path}/{path}", error.strerror or str(error))
        except Malformed as error:
            self._fault.bad(f"{self._proc.path}/{path}", str(error))
        return {}

    def _read(self, path: str) -> bytes | None:
        """All of the file; None if that is more than may be read."""
        share = self._allowance.share()
        data = bytearray()
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._proc.fd)
        try:
            while chunk := os.read(fd, _CHUNK_BYTES):
                data += chunk
                if len(data) > share * _READ_BYTES:
                    self.left_out += 1
                    return None
        finally:
            os.close(fd)
            self._allowance.spend(1 + len(data) // _READ_BYTES)
        return bytes(data)
