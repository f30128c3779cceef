"""`weir top --once` beside the query API, over real containers."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.end_to_end.workloads import Workloads
from tests.real.weir import Up

pytestmark = pytest.mark.root


def _top(up: Up, *options: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "weir", "top", "--once", f"--url={up.url}", *options],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


def test_it_prints_what_runs_now(up: Up, workloads: Workloads) -> None:
    lines = _top(up).splitlines()

    rows = {line.split()[0]: line for line in lines[1:]}
    assert {container.name for container in workloads.all()} <= rows.keys()
    cores = float(rows[workloads.spin.name].split()[4])
    assert cores == pytest.approx(0.5, abs=0.1)  # one pair of samples, on a busy machine


def test_json_is_for_programs(up: Up, workloads: Workloads) -> None:
    rows = json.loads(_top(up, "--json"))["containers"]

    spin = next(row for row in rows if row["container"] == workloads.spin.name)
    assert spin["cpu_limit_cores"] == 0.5
