"""The collector's row about itself."""

from __future__ import annotations

import os

import psutil
import pytest

from collector.own import Own
from monitor.catalogue import CATALOGUE
from monitor.edgelog import LogStats


def test_the_row_agrees_with_psutil_and_the_catalogue() -> None:
    stats = LogStats(
        total_bytes=10, segments=1, oldest_ns=None, last_sequence=3, dropped_records=2,
        lost_records=1, refused_records=4, damaged=5, backlog={"a": 3, "b": 7},
    )  # fmt: skip
    own = Own({"cluster": "c", "node": "n"})
    own.row({}, stats, 0.5, 0.25)
    row = own.row({"containers": 2}, stats, 0.5, 0.25)
    process = psutil.Process(os.getpid())
    memory = row.fields["process_resident_memory_bytes"]
    assert memory == pytest.approx(process.memory_info().rss, rel=0.1)
    assert row.fields["process_open_descriptors"] == pytest.approx(process.num_fds(), abs=3)
    assert row.fields["sweep_cpu_seconds_total"] == 0.5
    assert row.fields["log_backlog_records"] == 7
    assert row.fields.keys() <= {m.field for m in CATALOGUE.values() if m.measurement == "weir"}


def test_without_a_log_its_fields_are_absent() -> None:
    fields = Own({}).row({}, None, 0.5, 0.25).fields
    assert not [name for name in fields if name.startswith("log_")]
