"""Which hierarchies a node has."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.cgroup.hierarchy import detect
from monitor.errors import ConfigError


def mount(path: Path, controllers: str | None = None) -> None:
    path.mkdir(parents=True, exist_ok=True)
    (path / "cgroup.procs").touch()
    if controllers is not None:
        (path / "cgroup.controllers").write_text(controllers + "\n")


def test_version_2(tmp_path: Path) -> None:
    mount(tmp_path, "cpuset cpu io memory pids")
    found = detect(tmp_path)
    assert (found.version, found.tree, found.controllers) == ("v2", tmp_path, {})
    assert found.unified_controllers >= {"cpu", "io", "memory", "pids"}


def test_version_1_with_a_mount_for_each_controller(tmp_path: Path) -> None:
    for name in ("cpu", "cpuacct", "memory", "blkio", "pids", "freezer"):
        mount(tmp_path / name)
    found = detect(tmp_path)
    assert (found.version, found.tree) == ("v1", tmp_path / "cpuacct")
    assert set(found.controllers) == {"cpu", "cpuacct", "memory", "blkio", "pids"}


def test_version_1_with_cpu_and_cpuacct_in_one(tmp_path: Path) -> None:
    mount(tmp_path / "cpu,cpuacct")
    (tmp_path / "cpu").symlink_to("cpu,cpuacct")
    (tmp_path / "cpuacct").symlink_to("cpu,cpuacct")
    mount(tmp_path / "memory")
    found = detect(tmp_path)
    assert found.controllers["cpu"].resolve() == found.controllers["cpuacct"].resolve()


def test_hybrid(tmp_path: Path) -> None:
    mount(tmp_path / "cpuacct")
    mount(tmp_path / "unified", "hugetlb")
    found = detect(tmp_path)
    assert (found.version, found.unified) == ("hybrid", tmp_path / "unified")
    assert found.tree == tmp_path / "cpuacct"


@pytest.mark.parametrize("missing", ["empty", "no directory", "directories without a mount"])
def test_nothing_mounted_is_one_clear_line(tmp_path: Path, missing: str) -> None:
    root = tmp_path / "cgroup"
    if missing != "no directory":
        root.mkdir()
    if missing == "directories without a mount":
        (root / "cpuacct").mkdir()
    with pytest.raises(ConfigError) as caught:
        detect(root)
    said = str(caught.value)
    assert str(root) in said and "mount" in said and "\n" not in said
