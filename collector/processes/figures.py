"""The optional figures of one container's processes: those whose groups are enabled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from collector.cgroup.faults import Faults
from collector.cgroup.files import Budget, Root
from collector.cgroup.parse import Fields
from collector.cgroup.sources import Kind
from collector.network import Network
from collector.processes.allowance import Allowance
from collector.processes.descriptors import Descriptors
from collector.processes.schedstat import Schedstat
from collector.processes.sockets import Sockets
from collector.processes.turns import Turns

ULIMIT: Kind = ("ulimit",)


@dataclass(frozen=True, slots=True)
class Shared:
    """What the figures of all containers of a node share. `groups` are those that are enabled."""

    groups: frozenset[str]
    proc: Root
    budget: Budget
    faults: Faults
    allowance: Allowance = field(default_factory=Allowance)
    tcp: Turns = field(default_factory=Turns)
    udp: Turns = field(default_factory=Turns)

    def renew(self) -> None:
        """Begin another sweep."""
        self.allowance.renew()
        self.tcp.renew()
        self.udp.renew()


class _Reader(Protocol):
    left_out: int

    def close(self) -> None: ...


class ProcessFigures:
    """Those of one container; `is_new` as for the container itself."""

    def __init__(self, shared: Shared, network: Network, is_new: bool) -> None:
        groups, proc, allowance = shared.groups, shared.proc, shared.allowance
        self._network = network
        self._descriptors = self._schedstat = None
        if "descriptors" in groups:
            self._descriptors = Descriptors(proc, allowance, shared.budget, shared.faults)
        if "sched" in groups:
            self._schedstat = Schedstat(proc, allowance, shared.faults, is_new)
        self._sockets: dict[Kind, Sockets] = {
            (f"{protocol}_state",): Sockets(protocol, proc, allowance, turns, shared.faults)
            for protocol, turns in (("tcp", shared.tcp), ("udp", shared.udp))
            if protocol in groups
        }
        some = (self._descriptors, self._schedstat, *self._sockets.values())
        self._readers: list[_Reader] = [reader for reader in some if reader is not None]

    @property
    def left_out(self) -> int:
        """How many processes and tables of sockets, of too many, the last reading left out."""
        return sum(reader.left_out for reader in self._readers)

    def add(self, row: Fields, pids: tuple[int, ...]) -> None:
        """Add to the container's own row what is summed over its processes."""
        if self._descriptors is not None:
            row.update(self._descriptors.read(pids))
        if self._schedstat is not None:
            row.update(self._schedstat.read(pids))

    def limits(self, pids: tuple[int, ...]) -> dict[Kind, Mapping[str, Fields]]:
        """The limits of the container's first process."""
        if self._descriptors is None:
            return {}
        return {ULIMIT: self._descriptors.ulimits(pids)}

    def sockets(self, pids: tuple[int, ...]) -> dict[Kind, Mapping[str, Fields]]:
        """Sockets by state, of the network that this container speaks for."""
        found: dict[Kind, Mapping[str, Fields]] = {}
        for kind, sockets in self._sockets.items():
            found[kind] = sockets.read(self._network.member(pids))
        return found

    def retry(self) -> None:
        """Look again, at the next reading, at what was denied."""
        if self._descriptors is not None:
            self._descriptors.retry()

    def close(self) -> None:
        """Take back what was said about a container that is gone."""
        for reader in self._readers:
            reader.close()
