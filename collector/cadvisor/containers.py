"""What runs now, as cAdvisor sees a machine: a tree of names, `/` the machine itself at its top.

A container's name is its cgroup path. Directories on the way to one (`/docker`,
`/kubepods/burstable`) are containers too: they have what is below them, and no samples.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from posixpath import dirname
from typing import Any

from collector.cadvisor.requests import CannotAnswer
from collector.containers.names import SYSTEMD
from collector.latest import Current
from monitor.catalogue import TAGS
from monitor.record import Series, Value

Tags = tuple[tuple[str, str], ...]
Fields = Mapping[str, Value]

ROOT = "/"
_OWN = {measurement: frozenset(TAGS[measurement]) for measurement in ("container", "node")}


def split_tags(series: Series) -> tuple[Tags, Tags]:
    """A series' tags in two: who it is, and which part of it (an interface, a device, a mode)."""
    own = _OWN[series.measurement]
    whole = tuple(tag for tag in series.tags if tag[0] in own)
    return whole, tuple(tag for tag in series.tags if tag[0] not in own)


@dataclass(frozen=True, slots=True)
class Node:
    """One name of the tree. `measurement` and `tags` say whose rows are its own.

    A directory has no tags. `fields` are the newest, `parts` those of its interfaces, devices and
    so on; `start_ns` (Unix) is None where it is not known.
    """

    name: str
    measurement: str = ""
    tags: Tags = ()
    fields: Fields = field(default_factory=dict)
    parts: Mapping[Tags, Fields] = field(default_factory=dict)
    id: str = ""
    alias: str = ""
    namespace: str = ""
    image: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    start_ns: int | None = None

    @property
    def is_directory(self) -> bool:
        return not self.measurement

    @property
    def aliases(self) -> list[str]:
        """The runtime's name and id, in cAdvisor's order."""
        names = [self.alias, self.id] if self.alias != self.id else [self.id]
        if self.namespace == "containerd":
            names.reverse()
        return [name for name in names if name]

    def reference(self) -> dict[str, Any]:
        """ContainerReference."""
        found: dict[str, Any] = {"id": self.id} if self.id else {}
        found["name"] = self.name
        if self.aliases:
            found["aliases"] = self.aliases
        if self.namespace:
            found["namespace"] = self.namespace
        return found


class Tree:
    """All names of one moment. Methods that find raise CannotAnswer, in cAdvisor's words."""

    def __init__(self, rows: Iterable[Current]) -> None:
        found = _nodes(rows)
        self._nodes = {ROOT: Node(ROOT), **{node.name: node for node in found}}
        for name in [node.name for node in found]:
            while (name := dirname(name)) not in self._nodes:
                self._nodes[name] = Node(name)
        self._children: dict[str, list[Node]] = {}
        for node in sorted(self._nodes.values(), key=lambda one: one.name):
            if node.name != ROOT:
                self._children.setdefault(dirname(node.name), []).append(node)

    def get(self, name: str) -> Node:
        """The container of that absolute name."""
        node = self._nodes.get(name)
        if node is None:
            raise CannotAnswer(f'unknown container "{_shown(name)}"')
        return node

    def children(self, node: Node) -> Sequence[Node]:
        """What is directly below, by name."""
        return self._children.get(node.name, ())

    def subtree(self, name: str) -> list[Node]:
        """The container of that absolute name and all below it, by name."""
        found = [self.get(name)]
        for node in found:  # which grows meanwhile
            found.extend(self.children(node))
        return sorted(found, key=lambda one: one.name)

    def of_runtime(self, namespace: str) -> list[Node]:
        """All containers of a runtime, by name.

        A path such as /kubepods/pod…/ID does not say whose it is: it counts as any runtime's.
        """
        found = (n for n in self._nodes.values() if n.id and n.namespace in (namespace, ""))
        return sorted(found, key=lambda one: one.name)

    def by_alias(self, alias: str, namespace: str) -> Node:
        """The container of a runtime with that id or name, or with the beginning of one."""
        nodes = self.of_runtime(namespace)
        exact = [node for node in nodes if alias in node.aliases]
        near = exact or [n for n in nodes if alias and any(map(_begins(alias), n.aliases))]
        if len(near) > 1 and not exact:
            raise CannotAnswer(
                f'unable to find container in "{namespace}" namespace. '
                f'Container "{_shown(alias)}" is not unique'
            )
        if not near:
            raise CannotAnswer(
                f'unable to find container "{_shown(alias)}" in "{namespace}" namespace'
            )
        return near[0]


def _begins(alias: str) -> Any:
    return lambda name: name.startswith(alias)


def _nodes(rows: Iterable[Current]) -> list[Node]:
    wholes: dict[tuple[str, Tags], Fields] = {}
    parts: dict[tuple[str, Tags], dict[Tags, Fields]] = {}
    infos: dict[Tags, Fields] = {}
    for row in rows:
        if row.series.measurement == "container_info":
            infos[row.series.tags] = row.fields
        elif row.series.measurement in _OWN:
            own, part = split_tags(row.series)
            key = (row.series.measurement, own)
            if part:
                parts.setdefault(key, {})[part] = row.fields
            else:
                wholes[key] = row.fields
    nodes = []
    for (measurement, tags), fields in wholes.items():
        common = (measurement, tags, fields, parts.get((measurement, tags), {}))
        if measurement == "node":
            start = _nanoseconds(fields.get("boot_time_seconds"))
            nodes.append(Node(ROOT, *common, start_ns=start))
        elif tags in infos:
            nodes.append(_container(infos[tags], *common))
    return nodes


def _container(
    info: Fields, measurement: str, tags: Tags, fields: Fields, parts: Mapping[Tags, Fields]
) -> Node:
    is_service = info.get("runtime") == SYSTEMD  # which has neither id nor aliases there
    known = {} if is_service else info
    return Node(
        str(info.get("cgroup", "")),
        measurement,
        tags,
        fields,
        parts,
        id=str(known.get("id", "")),
        alias=str(known.get("name", "")),
        namespace=str(known.get("runtime", "")),
        image=str(info.get("image", "")),
        labels=_labels(str(info.get("labels", ""))),
        start_ns=_nanoseconds(fields.get("start_time_seconds")),
    )


def _labels(text: str) -> Mapping[str, str]:
    """The labels of a `container_info` row; whoever wrote it has capped them."""
    labels = json.loads(text) if text else {}
    return {str(key): str(value) for key, value in labels.items()}


def _nanoseconds(seconds: Value | None) -> int | None:
    """Of a time in Unix seconds; a float tells it to less than 1 µs."""
    return round(seconds * 1e6) * 1000 if isinstance(seconds, float | int) else None


def _shown(name: str) -> str:
    """A name that came from outside, on one line and not too long."""
    return name[:300].encode("unicode_escape").decode()
