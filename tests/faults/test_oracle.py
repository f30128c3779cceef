"""The oracle itself: it finds one sample that is missing, invented or changed."""

from __future__ import annotations

import time
import zlib
from pathlib import Path

import pytest

from monitor.stores.config import StoreConfig
from monitor.stores.open import open_reader, open_writer
from tests.faults.fleet import FIELDS, Counts, Fleet, compare, delivered

START_NS = (time.time_ns() // 10**9 - 3600) * 10**9
SAMPLES = 8 * 3 * 20 * len(FIELDS)


@pytest.fixture
def store(tmp_path: Path, fleet: Fleet) -> StoreConfig:
    """Three sweeps of each node, all of them written."""
    config = StoreConfig(store=f"sqlite:{tmp_path / 'store'}")
    for node in fleet.nodes:
        for _ in range(3):
            node.sweep(START_NS + len(node.times) * 10**9)
        _write(config, node.log.read(None, 1 << 20).body)
    return config


def test_what_is_equal_is_found_equal(store: StoreConfig, fleet: Fleet) -> None:
    assert compare(fleet.nodes, open_reader(store)) == Counts(SAMPLES)


def test_one_record_missing(store: StoreConfig, fleet: Fleet) -> None:
    fleet.nodes[3].sweep(START_NS + 5 * 10**9)
    expected = Counts(SAMPLES + 80, missing=80)
    assert compare(fleet.nodes, open_reader(store)) == expected
    with pytest.raises(AssertionError, match="missing 80, invented 0"):
        delivered(fleet.nodes, open_reader(store), seconds=0)


@pytest.mark.parametrize(
    ("line", "after_ns", "expected"),
    [
        (b"%s processes=7i", 500, Counts(SAMPLES, invented=1)),
        (b"%s processes=7i", 0, Counts(SAMPLES, changed=1)),
        (b"%s,pod=p processes=0i", 0, Counts(SAMPLES, invented=1)),
        (b"weir,node=n log_gap_first_seq=1i", 0, Counts(SAMPLES, invented=1)),
    ],
)
def test_one_line_too_many(
    store: StoreConfig, fleet: Fleet, line: bytes, after_ns: int, expected: Counts
) -> None:
    line = line.replace(b"%s", fleet.nodes[0].series[0].key.encode())
    _write(store, zlib.compress(b"%s %d\n" % (line, START_NS + after_ns), wbits=31))
    assert compare(fleet.nodes, open_reader(store)) == expected


def _write(config: StoreConfig, body: bytes) -> None:
    writer = open_writer(config)
    writer.write(body)
    writer.close()
