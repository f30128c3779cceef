"""One sweep over a node's containers: find them, name them, read them, say who is gone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from collector.cgroup.cgroups import Cgroups
from collector.cgroup.faults import Faults
from collector.cgroup.files import Budget, Root
from collector.cgroup.group import Group
from collector.cgroup.hierarchy import detect
from collector.containers import rows
from collector.containers.container import Container
from collector.containers.directories import Changes, Directories
from collector.containers.discovery import Discovery
from collector.containers.names import SYSTEMD, Found, Names, Naming, fallback
from collector.containers.paths import find
from collector.containers.pods import Pods
from collector.containers.start import start_time
from collector.label_rules import NO_RULES, LabelRules
from collector.layers.surveyor import Surveyor
from collector.network import Namespaces, Network
from collector.processes.figures import ProcessFigures, Shared
from collector.ticker import Due
from monitor.record import Record, Series

NAME_WAIT_SECONDS = 2.0
INFO_SECONDS = 300.0


class Sweeper:
    """Reads all containers of one node; one thread calls its methods, any may see `containers`.

    `identity` holds the tags cluster and node; `descriptors` is how many may be kept open (see
    `claim_descriptors`), until `close`; `groups` are the optional ones of the catalogue that are to
    be read, huge pages where `sys_root` (sysfs) has some; `find` says what lives at a cgroup path;
    `rules` say which labels are kept; `faults` counts broken files, also for whoever else reads for
    the sweep; `watch` may give watches for the cgroup tree, which are then `directories`. Raises
    ConfigError where no cgroups are mounted.
    """

    def __init__(
        self,
        identity: Mapping[str, str],
        proc_root: Path,
        cgroup_root: Path,
        names: Names,
        descriptors: int,
        now_ns: Callable[[], int] = time.time_ns,
        monotonic: Callable[[], float] = time.monotonic,
        groups: frozenset[str] = frozenset(),
        sys_root: Path | None = None,
        find: Callable[[str], Found | None] = find,
        rules: LabelRules = NO_RULES,
        faults: Faults | None = None,
        watch: Callable[[Path], Directories | None] = lambda tree: None,
    ) -> None:
        self._identity = dict(identity)
        self._rules = rules
        self._names = names
        self._now_ns = now_ns
        self._monotonic = monotonic
        self.hierarchy = detect(cgroup_root)
        self._cgroups = Cgroups(
            self.hierarchy, proc_root, descriptors, faults or Faults(), sys_root, groups
        )
        self.directories = watch(self.hierarchy.tree)
        self._discovery = Discovery(self.hierarchy.tree, monotonic, find, self.directories)
        self._proc = Root(proc_root)
        self._namespaces = Namespaces(proc_root)
        budget, faults = self._cgroups.budget, self._cgroups.faults
        self._processes = Shared(groups, self._proc, budget, faults)
        self._surveyor = Surveyor(proc_root) if "disk" in groups else None
        self._pods = Pods(self._cgroups)
        self._containers: dict[str, Container] = {}
        self._taken: dict[Series, Container] = {}
        self._ended: list[Series] = []
        self._event_ns = 0
        self._has_swept = False

    @property
    def containers(self) -> tuple[Container, ...]:
        """Those that were there at the last sweep and have a name, in order of their discovery.

        A pod's sandbox is none of them: it holds the pod's network and does nothing.
        """
        return tuple(c for c in list(self._containers.values()) if c.started and c.is_shown)

    @property
    def all(self) -> Iterable[Container]:
        """All that have a group, with a name and a process or not yet."""
        return self._containers.values()

    @property
    def budget(self) -> Budget:
        """That of the descriptors."""
        return self._cgroups.budget

    def sweep(self, due: Due) -> list[Record]:
        """All rows about containers. Each has the time of its own reading."""
        records: list[Record] = []
        self._processes.renew()
        if due.limits:
            self._cgroups.look()
        self._discovery.poll()
        self._settle(records)
        if self._read_all(due, records):
            # A restarted container stands where the old one was: its group has the same path.
            self._discovery.poll()
            self._settle(records)
            new = Due(False, False)
            for container in [c for c in self._containers.values() if c.series is None]:
                self.read(container, new, records)
        self._pods.read(self._containers.values(), due, self._now_ns, records)
        self._has_swept = True
        self._ended.clear()  # a sweep shows them by having no rows of them
        return records

    def look(self, changes: Changes, records: list[Record]) -> None:
        """Find the containers that came and let go of those that went, where something changed."""
        for path in changes.gone & self._containers.keys():
            if self._containers[path].removed():
                self._end(self._containers[path], records)
        self._discovery.look(changes)
        self._settle(records)

    def read(self, container: Container, due: Due, records: list[Record]) -> None:
        """Append one container's rows, if it has a name; end it where its group is gone."""
        if self._named(container):
            before = len(records)
            container.read(due, self._now_ns, records)
            told = len(records) > before and container.is_shown
            if told and self._monotonic() >= container.info_due:
                container.info_due = self._monotonic() + INFO_SECONDS
                records.append(self._info(container))
                if container.is_new:
                    container.is_new = False
                    records.append(self._event(rows.started, container))
            if container.gone:
                self._discovery.forget(container.found.path)
                self._end(container, records)

    def read_end(self, container: Container) -> list[Record]:
        """The rows of a container that was read before, whose last process has just ended."""
        records: list[Record] = []
        container.read_end(self._now_ns, records)
        return records

    def read_nameless(self, container: Container, due: Due, records: list[Record]) -> None:
        """`read`, but without waiting for a name: the last process has ended."""
        if container.naming is None:
            self._call(container, self._names.name_of(container.found) or fallback(container.found))
        self.read(container, due, records)

    def ended(self) -> list[Series]:
        """The sample series of the containers that ended since the last call or sweep."""
        ended, self._ended = self._ended, []
        return ended

    @property
    def figures(self) -> Mapping[str, int]:
        """What the sweep knows about itself, as fields of the `weir` measurement."""
        layers = self._surveyor.faults.total if self._surveyor is not None else 0
        return {
            "sweep_errors_total": self._cgroups.faults.total + layers,
            "containers": len(self.containers),
            "parts_left_out": sum(c.left_out for c in self._containers.values()),
            "labels_left_out": sum(c.labels_left_out for c in self._containers.values()),
            "open_descriptors": self._cgroups.budget.kept,
        }

    def close(self) -> None:
        """Let all descriptors go."""
        for container in self._containers.values():
            container.close()
        self._containers = {}
        self._pods.close()
        if self._surveyor is not None:
            self._surveyor.close()
        self._cgroups.close()
        self._proc.close()
        if self.directories is not None:
            self.directories.close()

    def _settle(self, records: list[Record]) -> None:
        found = self._discovery.found
        for path in self._containers.keys() - found.keys():
            self._end(self._containers[path], records)
        for path in sorted(found.keys() - self._containers.keys()):
            self._containers[path] = self._make(found[path])

    def _make(self, found: Found) -> Container:
        cgroups, proc = self._cgroups, self._proc

        def start_of(pids: tuple[int, ...]) -> float | None:
            return start_time(proc.path, pids, self._now_ns() / 1e9)

        network = Network(proc, self._namespaces, cgroups.budget, cgroups.faults)
        is_new = self._has_swept
        processes = ProcessFigures(self._processes, network, is_new)
        layer = self._surveyor.add() if self._surveyor is not None else None
        group = Group(cgroups, found.path)
        seen = self._now_ns() / 1e9
        return Container(found, group, network, processes, layer, start_of, seen, is_new)

    def _read_all(self, due: Due, records: list[Record]) -> bool:
        """Whether some container was gone."""
        before = len(self._containers)
        for container in list(self._containers.values()):
            self.read(container, due, records)
        return len(self._containers) < before

    def _named(self, container: Container) -> bool:
        """Whether the container has a name by now; takes a new one where it has changed."""
        found = container.found
        naming = fallback(found) if found.runtime == SYSTEMD else self._names.name_of(found)
        if naming is None:
            waited = self._now_ns() / 1e9 - container.seen_seconds
            if container.naming is not None or waited < NAME_WAIT_SECONDS:
                return container.naming is not None
            naming = fallback(found)
        if naming is not container.naming and naming != container.naming:
            self._call(container, naming)
        return True

    def _call(self, container: Container, naming: Naming) -> None:
        self._release_name(container)
        series = rows.sample_series(self._identity, naming)
        if series in self._taken:  # two runtimes, or two runs of a pod's container at once
            series = rows.sample_series(self._identity, naming, f"-{container.found.id[:12]}")
        self._taken[series] = container
        container.call(naming, series, rows.pod_series(self._identity, naming))
        container.info_due = float("-inf")

    def _release_name(self, container: Container) -> None:
        if container.series is not None and self._taken.get(container.series) is container:
            del self._taken[container.series]

    def _end(self, container: Container, records: list[Record]) -> None:
        """Let go of a container whose group was removed."""
        del self._containers[container.found.path]
        self._release_name(container)
        container.close()
        self._names.forget(container.found)
        if container.series is not None:
            self._ended.append(container.series)
        if container.started and not (container.naming and container.naming.is_sandbox):
            records.append(self._event(rows.stopped, container))

    def _event(self, make: Callable[..., Record], container: Container) -> Record:
        # Events of one sweep may have the same tags, so each has a time of its own.
        self._event_ns = max(self._event_ns + 1, self._now_ns())
        naming = container.naming or fallback(container.found)
        return make(self._identity, container.found, naming, self._event_ns)

    def _info(self, container: Container) -> Record:
        assert container.series is not None and container.naming is not None  # noqa: S101
        naming = container.naming
        labels = self._rules.kept(naming.labels)
        few = rows.fitting(labels)
        container.labels_left_out = naming.labels_left_out + len(labels) - len(few)
        return rows.info(container.series, container.found, naming, few, self._now_ns())
