"""The labels that say where a container belongs, and how many of any are kept."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.escaping import safe_name, safe_text

MAX_LABELS = 64
COMPOSE_PROJECT = "com.docker.compose.project"
POD_NAME = "io.kubernetes.pod.name"
POD_NAMESPACE = "io.kubernetes.pod.namespace"
POD_UID = "io.kubernetes.pod.uid"
POD_CONTAINER = "io.kubernetes.container.name"
"""Those of the kubelet, whatever the runtime."""

SANDBOX = "POD"
"""What the kubelet and cAdvisor call the container that only holds a pod's namespaces."""


def kept(name: str | None) -> str | None:
    """The name as it may stand in a tag; None where there is none."""
    return safe_name(name) if name else None


def capped(labels: Mapping[str, str]) -> dict[str, str]:
    """At most 64 labels, by name; names of at most 256 bytes, values of at most 4 KiB."""
    return {safe_name(key): safe_text(labels[key]) for key in sorted(labels)[:MAX_LABELS]}
