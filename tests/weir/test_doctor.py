"""`weir doctor` from outside: its parts, its exit codes, and that it never shows a traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


def doctor(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "weir", "doctor", *arguments],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_alone_it_says_which_parts_there_are() -> None:
    assert (alone := doctor()).returncode == 2
    assert "  collector  " in alone.stderr
    assert (asked := doctor("--help")).returncode == 0
    assert "  collector  " in asked.stdout


def test_it_takes_the_collectors_options_and_refuses_as_that_does() -> None:
    refused = doctor("collector", "--interval=0")
    assert refused.returncode == 2
    assert refused.stderr.startswith("weir doctor collector: interval: 0 s is not between")
    assert refused.stderr.count("\n") == 1


def test_no_cgroups_are_a_finding_and_code_1(tmp_path: Path) -> None:
    found = doctor("collector", f"--cgroup-root={tmp_path}", "--docker=none", "--node=n1")
    assert found.returncode == 1
    assert found.stderr == ""
    assert found.stdout.startswith("weir collector on n1, as user ")
    assert "no cgroups are mounted at" in found.stdout
    assert "\nMissing, wholly or in part: hierarchy" in found.stdout


def test_as_json(tmp_path: Path) -> None:
    shown = json.loads(doctor("collector", "--json", f"--cgroup-root={tmp_path}").stdout)
    assert shown["complete"] is False
    areas = {finding["area"] for finding in shown["findings"]}
    assert {"cgroups", "names", "the host", "this process"} <= areas


@pytest.mark.root
def test_root_on_a_node_with_containers_can_read_all_that_is_usual(tmp_path: Path) -> None:
    if not (found := doctor("collector", "--docker=none", f"--data={tmp_path}")).returncode:
        assert found.stdout.endswith("\nEverything usual can be read.\n")
    else:
        pytest.fail(found.stdout)
