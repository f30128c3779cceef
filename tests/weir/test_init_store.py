"""`weir init-store` from outside."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def init_store(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "weir", "init-store", *arguments],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_what_was_made_is_said(tmp_path: Path) -> None:
    done = init_store(f"--store=sqlite:{tmp_path}/store")
    assert (done.returncode, done.stderr) == (0, "")
    made, ready = done.stdout.splitlines()
    assert made.startswith(f"directory {tmp_path}/store made")
    assert ready.endswith("the store is ready")


def test_a_store_that_is_away_is_one_line_and_code_1(free_port: int) -> None:
    done = init_store(f"--store=influxdb:http://127.0.0.1:{free_port}")
    assert done.returncode == 1
    assert done.stderr.startswith("weir init-store: InfluxDB at ")
    assert done.stderr.count("\n") == 1


def test_a_setting_that_cannot_be_is_code_2(tmp_path: Path) -> None:
    refused = init_store("--store=influxdb:http://h:1", f"--influx-token-file={tmp_path}/none")
    assert refused.returncode == 2
    assert refused.stderr.startswith("weir init-store: influx_token_file")
    assert init_store("--retention=x").returncode == 2
