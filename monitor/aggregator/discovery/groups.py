"""Prometheus' target groups: [{"targets": ["HOST:PORT"], "labels": {"NAME": "VALUE"}}]."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from monitor.aggregator.discovery.source import Group

MAX_BYTES = 16 * 1024 * 1024
"""Of a file or an answer."""

MAX_TARGETS = 50_000
_MAX_LABELS = 64
_MAX_VALUE = 4096
_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,255}")


def groups(data: object) -> list[Group]:
    """The groups of decoded JSON or YAML. Raises ValueError that names the group.

    As in Prometheus a group's labels are those of its targets, the address is what stands in
    `targets`, `__scheme__` is its scheme, and other labels in `__` are for relabelling alone.
    """
    if not isinstance(data, list):
        raise ValueError('it is no list of groups like {"targets": ["HOST:PORT"], "labels": {}}')
    found = [_group(f"group {number}", group) for number, group in enumerate(data, 1)]
    if sum(len(group.addresses) for group in found) > MAX_TARGETS:
        raise ValueError(f"it names more than {MAX_TARGETS:,} targets")
    return found


def _group(place: str, group: object) -> Group:
    if not isinstance(group, dict):
        raise ValueError(f"{place} has no targets and labels")
    for key in group.keys() - {"targets", "labels"}:
        raise ValueError(f"{place} has {str(key)[:40]!r}; there are only targets and labels")
    addresses = group.get("targets") or []
    if not isinstance(addresses, list) or not all(isinstance(text, str) for text in addresses):
        raise ValueError(f'{place}: targets is no list of texts like "HOST:PORT"')
    labels = _labels(place, group.get("labels") or {})
    scheme = labels.get("__scheme__", "")
    kept = {name: value for name, value in labels.items() if not name.startswith("__")}
    return Group(addresses, scheme, json.dumps(kept, separators=(",", ":")))


def _labels(place: str, labels: object) -> Mapping[str, str]:
    if not isinstance(labels, dict):
        raise ValueError(f"{place}: labels is no mapping of names to values")
    if len(labels) > _MAX_LABELS:
        raise ValueError(f"{place} has {len(labels)} labels; {_MAX_LABELS} are allowed")
    for name, value in labels.items():
        if not isinstance(name, str) or _NAME.fullmatch(name) is None:
            raise ValueError(f"{place}: {str(name)[:40]!r} cannot be the name of a label")
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            raise ValueError(f"{place}: label {name} is no text; put it in quotes")
        if len(str(value)) > _MAX_VALUE:
            raise ValueError(f"{place}: label {name} is longer than {_MAX_VALUE} characters")
    return {name: str(value) for name, value in labels.items()}
