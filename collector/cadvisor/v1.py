"""The shapes of versions 1.0 to 1.3: ContainerInfo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from collector.cadvisor.containers import ROOT, Node
from collector.cadvisor.figures import Stats
from collector.cadvisor.machine import Machine
from collector.cadvisor.machine_stats import Mounts, machine_stats
from collector.cadvisor.samples import Sample
from collector.cadvisor.spec import spec_v1
from collector.cadvisor.stats import container_stats


class Shaper:
    """Makes stats of samples; what the machine adds to them was read when it was made."""

    def __init__(self, machine: Machine) -> None:
        self.memory_capacity = machine.memory_capacity()
        self._numbers = machine.device_numbers()
        self._mounts: Mounts = machine.mounts()

    def stats(self, node: Node, samples: Sequence[Sample]) -> list[Stats]:
        """ContainerStats of info/v1, one of each sample."""
        if node.name == ROOT and node.measurement == "node":
            return [machine_stats(sample, self._numbers, self._mounts) for sample in samples]
        return [container_stats(sample, self._numbers) for sample in samples]


def container_info(
    node: Node, below: Sequence[Node], samples: Sequence[Sample], shaper: Shaper
) -> dict[str, Any]:
    """ContainerInfo; `below` are its direct subcontainers."""
    found = node.reference()
    if below:
        found["subcontainers"] = [{"name": child.name} for child in below]
    found["spec"] = spec_v1(node, shaper.memory_capacity)
    if samples:
        found["stats"] = shaper.stats(node, samples)
    return found
