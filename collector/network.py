"""A container's network figures, from /proc/PID/net/dev of one of its processes.

That file is the one of the process's network namespace, and its inode number is a namespace's own:
so anyone, without rights over the process, can tell who shares one. Two kinds of containers have
no figures of their own: those in the host's namespace, and those that share another container's (a
pod's, `--network container:`), where one of them, the first that was found, speaks for all.

A kept descriptor outlives the process, and keeps the namespace; it is let go with the container.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from collector.cgroup.faults import Faults
from collector.cgroup.files import Budget, KernelFile, Root
from collector.cgroup.parse import Fields, Malformed
from collector.interfaces import counts

Interfaces = dict[str, Fields]
_ROOTLESS = b"tap0"

_COLUMNS = (
    ("network_receive_bytes_total", 0),
    ("network_receive_packets_total", 1),
    ("network_receive_errors_total", 2),
    ("network_receive_packets_dropped_total", 3),
    ("network_transmit_bytes_total", 8),
    ("network_transmit_packets_total", 9),
    ("network_transmit_errors_total", 10),
    ("network_transmit_packets_dropped_total", 11),
)
_MOST_ASKED = 8


def parse(data: bytes) -> Interfaces:
    """/proc/PID/net/dev by interface, of those that count.

    A rootless container has all its traffic on slirp4netns's tap; elsewhere, as under virtual
    machines in pods, a tap carries again what another interface does.
    """
    lines = data.splitlines()
    if len(lines) < 2 or not lines[0].startswith(b"Inter-"):
        raise Malformed(1, lines[0] if lines else b"", rest={})
    interfaces: Interfaces = {}
    rootless: Interfaces = {}
    for line_number, line in enumerate(lines[2:], 3):
        name, _, rest = line.rpartition(b":")
        shown, into = _shown(name.strip()), interfaces
        if name.strip() == _ROOTLESS:
            shown, into = _ROOTLESS.decode(), rootless
        if shown is None:
            continue
        columns = rest.split()
        if len(columns) < 16 or not rest.replace(b" ", b"").isdigit():
            raise Malformed(line_number, line, rest=interfaces)
        into[shown] = {field: int(columns[place]) for field, place in _COLUMNS}
    return interfaces or rootless


@lru_cache(maxsize=1024)
def _shown(name: bytes) -> str | None:
    text = name.decode("utf-8", "replace")
    return text if counts(text) else None


class Namespaces:
    """Who speaks for which network namespace."""

    def __init__(self, proc: Path) -> None:
        self._proc = proc
        self._owners: dict[int, object] = {}
        self._host: int | None = None

    def claim(self, pid: int, owner: object) -> int | None:
        """The namespace of the process `pid`, for `owner`; None if it is another's or the host's.

        Raises OSError when the process is gone.
        """
        namespace = self.of(pid)
        if self._host is None:
            self._host = self.of(1)
        if namespace == self._host:
            return None
        return namespace if self._owners.setdefault(namespace, owner) is owner else None

    def release(self, namespace: int, owner: object) -> None:
        """Give the namespace back, so that another container in it can speak."""
        if self._owners.get(namespace) is owner:
            del self._owners[namespace]

    def of(self, pid: int) -> int:
        """The namespace of the process. Raises OSError when it is gone."""
        return (self._proc / f"{pid}/net/dev").stat().st_ino


class Network:
    """One container's network."""

    def __init__(self, proc: Root, namespaces: Namespaces, budget: Budget, faults: Faults) -> None:
        self._proc = proc
        self._namespaces = namespaces
        self._budget = budget
        self._faults = faults
        self._namespace: int | None = None
        self._pid = 0
        self._file: KernelFile[Interfaces] | None = None

    def read(self, pids: tuple[int, ...]) -> Interfaces:
        """Figures by interface. `pids` are the container's processes now."""
        if self._file is not None and not self._file.kept and self._pid not in pids:
            self.close()  # without a descriptor, a number that was given anew would mislead
        if self._file is None and pids:
            self._attach(pids[0])
        if self._file is None:
            return {}
        interfaces = self._file.read()
        if self._file.absent:
            self.close()
        return interfaces or {}

    def member(self, pids: tuple[int, ...]) -> int | None:
        """A process of the namespace that this container speaks for; None if it speaks for none."""
        for pid in pids[:_MOST_ASKED] if self._namespace is not None else ():
            try:
                if self._namespaces.of(pid) == self._namespace:
                    return pid
            except OSError:
                continue  # it ended in between
        return None

    @property
    def descriptors(self) -> list[int]:
        """The kept descriptor, if any."""
        return [self._file.descriptor] if self._file is not None and self._file.kept else []

    def close(self) -> None:
        """Let the namespace go."""
        if self._file is not None:
            self._file.close()
            self._file = None
        if self._namespace is not None:
            self._namespaces.release(self._namespace, self)
            self._namespace = None

    def _attach(self, pid: int) -> None:
        try:
            self._namespace = self._namespaces.claim(pid, self)
        except OSError:
            return  # the process ended in between; the next reading has another
        if self._namespace is not None:
            self._pid = pid
            path = f"{pid}/net/dev"
            self._file = KernelFile(self._proc, path, parse, self._budget, self._faults)
