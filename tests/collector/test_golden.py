"""Trees copied from real kernels, and every line that a collector makes of them.

After a wanted change: `pytest tests/collector/test_golden.py --update-golden`, and read the diff.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from collector.containers.names import NoNames
from collector.sweep import Sweeper
from collector.ticker import Due
from monitor.lineprotocol import encode

TREES = Path(__file__).parents[1] / "fixtures/cgroup"
NOW_NS = 1_700_000_000 * 10**9
IDENTITY = {"cluster": "test", "node": "n1"}


def swept(cgroup_root: Path, proc_root: Path) -> str:
    """The lines of a first sweep, with a clock that stands still."""
    sweeper = Sweeper(
        IDENTITY, proc_root, cgroup_root, NoNames(), 1000, lambda: NOW_NS, lambda: 0.0
    )
    try:
        lines = encode(sweeper.sweep(Due(slow=True, limits=True))).decode()
        assert sweeper.figures["sweep_errors_total"] == 0
        return lines
    finally:
        sweeper.close()


@pytest.mark.parametrize(
    "tree",
    [
        "hybrid-docker",
        "v2-docker",
        "v2-kubepods-containerd",
        "v2-crio",
        "v2-podman",
        "v2-kind",
    ],
)
def test_each_line_of_a_tree(tree: str, golden: Callable[[Path, str], None]) -> None:
    golden(TREES / f"{tree}.lp", swept(TREES / tree / "sys", TREES / tree / "proc"))


def test_cpu_and_cpuacct_in_one_mount_make_the_same_lines(tmp_path: Path) -> None:
    tree = tmp_path / "sys"
    shutil.copytree(TREES / "hybrid-docker/sys", tree)
    for name in ("cpu", "cpuacct"):
        shutil.copytree(tree / name, tree / "cpu,cpuacct", dirs_exist_ok=True)
        shutil.rmtree(tree / name)
        (tree / name).symlink_to("cpu,cpuacct")
    proc = TREES / "hybrid-docker/proc"
    assert swept(tree, proc) == swept(TREES / "hybrid-docker/sys", proc)


def test_version_1_alone_has_all_but_pressure(
    tmp_path: Path, golden: Callable[[Path, str], None]
) -> None:
    tree = tmp_path / "sys"
    shutil.copytree(TREES / "hybrid-docker/sys", tree)
    shutil.rmtree(tree / "unified")
    lines = swept(tree, TREES / "hybrid-docker/proc")
    assert "cpu_usage_seconds_total=" in lines
    assert "pressure_" not in lines
    golden(TREES / "v1-docker.lp", lines)
