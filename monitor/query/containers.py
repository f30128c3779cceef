"""The rows of /api/v1/containers: what each container's newest samples say.

A sweep is read at once: the container's own row, its interfaces, its block devices.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from monitor.query import sweeps
from monitor.query.engine import MAX_SAMPLES
from monitor.query.newest import (
    MACHINE_NS,
    SWEEPS_NS,
    last,
    last_rate,
    last_text,
    newest_ns,
    ratio,
    spacing_ns,
    whole,
)
from monitor.query.nodes import PRESENT_SPACINGS, Node, NodeKey
from monitor.query.parameters import NS
from monitor.query.sweeps import ContainerKey, Window
from monitor.stores.protocols import Reader, Samples

_START = "start_time_seconds"
_CPU = "cpu_usage_seconds_total"
_GAUGES = ("memory_working_set_bytes", "memory_usage_bytes", "processes")
_LIMITS = ("spec_cpu_quota", "spec_cpu_period", "spec_memory_limit_bytes")
_NETWORK = ("network_receive_bytes_total", "network_transmit_bytes_total")
_BLOCK = ("fs_reads_bytes_total", "fs_writes_bytes_total")
_INFO = ("id", "image", "runtime")
_ALL = (_CPU, *_GAUGES, _START, *_LIMITS, *_NETWORK, *_BLOCK)


@dataclass(slots=True)
class _Parts:
    """What was read of one container; `rates` are summed over interfaces and devices.

    Limits are read from further back, rates are of samples since `since_ns` only.
    """

    own: Samples
    since_ns: int
    info: Samples | None = None
    rates: dict[str, float] = field(default_factory=dict)


def containers(reader: Reader, nodes: Mapping[NodeKey, Node], now_ns: int) -> list[dict[str, Any]]:
    """The containers that there are now, in order of their tags. Raises StoreError."""
    found: dict[ContainerKey, _Parts] = {}
    for window in sweeps.windows(nodes, now_ns):
        found |= _parts(reader, window)
    return [_row(key, found[key], nodes.get(key.node_key), now_ns) for key in sorted(found)]


def count(reader: Reader, nodes: Mapping[NodeKey, Node], now_ns: int) -> Counter[NodeKey]:
    """How many containers there are now on each node. Raises StoreError."""
    return Counter(
        key.node_key
        for window in sweeps.windows(nodes, now_ns)
        for key in sweeps.present(window, window.select(reader, (_CPU,)))
    )


def _parts(reader: Reader, window: Window) -> dict[ContainerKey, _Parts]:
    found: dict[ContainerKey, Samples] = {}
    others: list[tuple[ContainerKey, Samples, tuple[str, str]]] = []
    for key, samples in window.select(reader, _ALL, SWEEPS_NS):
        if newest_ns(samples) < window.start_ns:
            continue
        if "interface" in samples.tags:
            others.append((key, samples, _NETWORK))
        elif "device" in samples.tags:
            others.append((key, samples, _BLOCK))
        else:
            found[key] = samples
    own = sweeps.present(window, found.items())
    parts = {key: _Parts(samples, window.start_ns) for key, samples in own.items()}
    for key, samples, names in others:
        there = parts.get(key)
        if there and _goes_on(samples, there.own, window.since[key.node_key]):
            _add_rates(there, samples, names)
    if parts:
        _add_info(reader, window, parts)
    return parts


def _add_info(reader: Reader, window: Window, parts: Mapping[ContainerKey, _Parts]) -> None:
    for samples in reader.select(
        "container_info", _INFO, (), window.start_ns - MACHINE_NS, window.end_ns, MAX_SAMPLES
    ):
        known = parts.get(ContainerKey.of(samples))
        if known is not None:
            known.info = samples


def _goes_on(part: Samples, own: Samples, since_ns: int) -> bool:
    """Whether an interface or device, which may be read more rarely, is still there."""
    newest = newest_ns(part)
    if newest >= since_ns:
        return True
    rarer = max(spacing_ns(part) - spacing_ns(own), 0)
    return newest + round(PRESENT_SPACINGS * rarer) >= since_ns


def _add_rates(parts: _Parts, samples: Samples, names: tuple[str, ...]) -> None:
    for name in names:
        rate = last_rate(samples, name, parts.since_ns)
        if rate is not None:
            parts.rates[name] = parts.rates.get(name, 0.0) + rate


def _row(key: ContainerKey, parts: _Parts, node: Node | None, now_ns: int) -> dict[str, Any]:
    own, info, rates = parts.own, parts.info, parts.rates
    cores = last_rate(own, _CPU, parts.since_ns)
    quota, period, memory_limit = (last(own, name) for name in _LIMITS)
    limit_cores = ratio(quota, period)
    working_set, usage, processes = (last(own, name) for name in _GAUGES)
    ident, image, runtime = (last_text(info, name) if info else None for name in _INFO)
    return {
        **key._asdict(),
        "id": ident,
        "image": image,
        "runtime": runtime,
        "start_time_seconds": last(own, _START),
        "last_seen_seconds": max(now_ns - newest_ns(own), 0) / NS,
        "cpu_cores": cores,
        "cpu_limit_cores": limit_cores,
        "cpu_of_limit": ratio(cores, limit_cores),
        "cpu_of_node": ratio(cores, node.cpu_count if node else None),
        "memory_working_set_bytes": whole(working_set),
        "memory_usage_bytes": whole(usage),
        "memory_limit_bytes": whole(memory_limit),
        "memory_of_limit": ratio(working_set, memory_limit),
        "network_receive_bytes_per_second": rates.get(_NETWORK[0]),
        "network_transmit_bytes_per_second": rates.get(_NETWORK[1]),
        "fs_reads_bytes_per_second": rates.get(_BLOCK[0]),
        "fs_writes_bytes_per_second": rates.get(_BLOCK[1]),
        "processes": whole(processes),
    }
