"""What Docker's rows and events say about a container, made fit to be kept: names, labels, events.

Names and labels are written by whoever starts a container, so they are capped and freed of control
characters here, before anything else sees them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from collector.containers.labels import (
    COMPOSE_PROJECT,
    POD_CONTAINER,
    POD_NAME,
    POD_NAMESPACE,
    SANDBOX,
    capped,
    kept,
)
from collector.containers.names import Naming
from monitor.escaping import safe_name

_SANDBOX_TYPE = ("io.kubernetes.docker.type", "podsandbox")
"""The label that cri-dockerd, and before it the kubelet, gives to the container of a pod itself."""
_NO_LABELS = frozenset({"name", "image", "oldName", "exitCode", "signal", "execDuration"})
"""Attributes of an event that are Docker's own and not labels."""


@dataclass(frozen=True, slots=True)
class ContainerEvent:
    """Something that happened to a container; `type` is Normal or Warning, as in Kubernetes."""

    time_ns: int
    id: str
    naming: Naming
    reason: str
    type: str
    message: str


def naming_of_row(row: Mapping[str, Any]) -> Naming:
    """The naming in a row of `GET /containers/json`."""
    names = [name.lstrip("/") for name in row.get("Names") or ()]
    # A linked container is also listed as "/other/alias"; its own name has no second slash.
    own = next((name for name in names if "/" not in name), str(row["Id"])[:12])
    return _naming(own, str(row.get("Image") or ""), row.get("Labels") or {})


def naming_of_event(event: Mapping[str, Any]) -> Naming:
    """The naming in an event's attributes, where Docker mixes labels with words of its own."""
    attributes = event["Actor"]["Attributes"]
    labels = {key: value for key, value in attributes.items() if key not in _NO_LABELS}
    name = attributes.get("name") or event["Actor"]["ID"][:12]
    return _naming(name.lstrip("/"), attributes.get("image", ""), labels)


def _naming(name: str, image: str, labels: Mapping[str, str]) -> Naming:
    pod, container = labels.get(POD_NAME), labels.get(POD_CONTAINER)
    kind, sandbox = _SANDBOX_TYPE
    few = capped(labels)
    return Naming(
        container=safe_name(container or name),
        namespace=kept(labels.get(POD_NAMESPACE) if pod else labels.get(COMPOSE_PROJECT)),
        pod=kept(pod),
        image=safe_name(image),
        name=safe_name(name),
        labels=few,
        labels_left_out=len(labels) - len(few),
        is_sandbox=pod is not None and (labels.get(kind) == sandbox or container == SANDBOX),
    )


def event_of(event: Mapping[str, Any], naming: Naming, restarted: bool) -> ContainerEvent | None:
    """The event to be kept, or None for one that says nothing about the container's health."""
    action = event["Action"]
    if action == "die":
        code = str(event["Actor"]["Attributes"].get("exitCode", "?"))
        kind = "Normal" if code == "0" else "Warning"
        reason, message = "Died", f"exited with code {safe_name(code)}"
    elif action == "oom":
        kind, reason, message = "Warning", "OOMKilled", "a process was killed for want of memory"
    elif action == "start" and restarted:
        kind, reason, message = "Normal", "Restarted", "started again"
    else:
        return None
    return ContainerEvent(
        int(event["timeNano"]), event["Actor"]["ID"], naming, reason, kind, message
    )
