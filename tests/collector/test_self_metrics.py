"""The collector's row about itself."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from collector.self_metrics import SelfMetrics
from monitor.catalogue import CATALOGUE
from monitor.edgelog import EdgeLog


def test_the_row_agrees_with_psutil_the_log_and_the_catalogue(tmp_path: Path) -> None:
    log = EdgeLog(tmp_path)
    log.append(b"a b=1 1\n")
    log.pull("store", None, 1)
    log.append(b"a b=1 2\n")
    metrics = SelfMetrics({"cluster": "c", "node": "n"}, log)
    metrics.missed = 3
    metrics.swept(0.25, 0.125)
    metrics.swept(0.5, 0.125)
    fields = metrics.row({"host_errors_total": 2}, docker_up=True).fields
    process = psutil.Process(os.getpid())
    memory = fields["process_resident_memory_bytes"]
    assert memory == pytest.approx(process.memory_info().rss, rel=0.1)
    descriptors = fields.get("process_open_descriptors", process.num_fds())
    assert descriptors == pytest.approx(process.num_fds(), abs=3)
    assert fields["log_bytes"] == log.stats().total_bytes
    assert fields["log_backlog_records"] == 2
    assert (fields["sweeps_missed_total"], fields["host_errors_total"]) == (3, 2)
    assert (fields["sweep_seconds"], fields["sweep_cpu_seconds_total"]) == (0.5, 0.25)
    assert fields["docker_up"] == 1
    assert fields.keys() <= {m.field for m in CATALOGUE.values() if m.measurement == "weir"}
    log.close()


def test_docker_is_absent_where_it_is_not_asked(tmp_path: Path) -> None:
    log = EdgeLog(tmp_path)
    assert "docker_up" not in SelfMetrics({}, log).row({}, None).fields
    log.close()
