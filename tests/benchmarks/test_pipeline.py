"""What the aggregator is compared with does its work too."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks.cluster.plan import Plan
from benchmarks.pipeline import loader, usage
from monitor.stores.config import StoreConfig
from monitor.stores.open import open_reader


def test_the_loader_writes_each_record_of_each_node_once(tmp_path: Path) -> None:
    plan = Plan(nodes=3, origin_ns=1_795_600_000_000_000_000, pods=2)
    store = StoreConfig(store=f"sqlite:{tmp_path}")
    assert loader.points_per_second(plan, 4, store) > 0
    field = "memory_usage_bytes"
    found = list(open_reader(store).select("container", [field], [], 0, 2**62))
    assert len(found) == 3 * 2 * 2
    assert {len(samples.times) for samples in found} == {4}


def test_memory_is_looked_at_while_the_block_runs() -> None:
    with usage.Resident(os.getpid()) as resident:
        pass
    assert resident.mib == pytest.approx(usage.resident_mib(os.getpid()), rel=0.1)
