"""The rows about a container that are no samples: what it is, and that it ended."""

from __future__ import annotations

import json
from collections.abc import Mapping

from collector.containers.names import Found, Naming
from monitor.escaping import MAX_VALUE_BYTES, safe_text
from monitor.record import Record, Series


def sample_series(identity: Mapping[str, str], naming: Naming, suffix: str = "") -> Series:
    """The series of a container's samples. `identity` holds the tags cluster and node."""
    return Series.of("container", {**identity, **_tags(naming, suffix)})


def pod_series(identity: Mapping[str, str], naming: Naming) -> Series | None:
    """The series of the pod's own figures; None outside Kubernetes, or where no name is known."""
    if naming.pod is None or naming.namespace is None:
        return None
    return Series.of("pod", {**identity, "namespace": naming.namespace, "pod": naming.pod})


def info(
    samples: Series, found: Found, naming: Naming, labels: Mapping[str, str], time_ns: int
) -> Record:
    """`container_info`: what is too long, or changes too often, for a tag.

    `labels` are those of the naming's that may be kept and fit.
    """
    fields = {
        "id": found.id,
        "image": naming.image,
        "runtime": found.runtime,
        "name": naming.name,
        "cgroup": safe_text(found.path),  # a directory's name may be any bytes
        "labels": _json(labels),
    }
    return Record(Series("container_info", samples.tags), fields, time_ns)


def started(identity: Mapping[str, str], found: Found, naming: Naming, time_ns: int) -> Record:
    """The `event` that a container was seen that had not been there before."""
    return _event(identity, found, naming, time_ns, "Started", "its first process was seen")


def stopped(identity: Mapping[str, str], found: Found, naming: Naming, time_ns: int) -> Record:
    """The `event` that a container's group was removed."""
    return _event(identity, found, naming, time_ns, "Stopped", "its cgroup was removed")


def _event(
    identity: Mapping[str, str],
    found: Found,
    naming: Naming,
    time_ns: int,
    reason: str,
    message: str,
) -> Record:
    tags = {
        **identity,
        "namespace": naming.namespace,
        "kind": "Container",
        "reason": reason,
        "type": "Normal",
    }
    fields = {
        "message": message,
        "object": naming.container,
        "id": found.id,
        "cgroup": safe_text(found.path),
    }
    return Record(Series.of("event", tags), fields, time_ns)


def fitting(labels: Mapping[str, str]) -> dict[str, str]:
    """Those, in order of their names, that fit into a text field together; a large one is skipped.

    They are capped in number and length already, by whoever read them.
    """
    few: dict[str, str] = {}
    room = MAX_VALUE_BYTES - len("{}")
    for name in sorted(labels):
        size = len(_json({name: labels[name]}).encode("utf-8", "replace"))
        if size <= room:
            few[name] = labels[name]
            room -= size
    return few


def _json(labels: Mapping[str, str]) -> str:
    return json.dumps(labels, ensure_ascii=False)


def _tags(naming: Naming, suffix: str) -> dict[str, str | None]:
    return {
        "namespace": naming.namespace,
        "pod": naming.pod,
        "container": f"{naming.container}{suffix}",
    }
