"""What the doctor says of recorded nodes, and of ones with something amiss."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from collector.config import CollectorConfig
from collector.containers.names import Found
from collector.doctor.doctor import examine
from collector.doctor.names import state_files
from monitor.findings import Finding

TREES = Path(__file__).parents[2] / "fixtures/cgroup"
RUNTIMES = Path(__file__).parents[2] / "fixtures/runtimes"
IDS = ("a1" * 32, "b2" * 32, "c3" * 32)
USUAL = ("cpu", "spec", "memory", "oom_event", "diskIO", "network", "process", "start times")


class Node:
    """A copy of a recorded node, to be damaged."""

    def __init__(self, directory: Path, tree: str) -> None:
        shutil.copytree(TREES / tree, directory, dirs_exist_ok=True)
        self.cgroup, self.proc, self.data = directory / "sys", directory / "proc", directory / "d"
        if tree != "v2-docker":
            (self.cgroup / "cpuacct/release_agent").touch()
        (self.proc / "stat").touch()

    def doctor(self, **settings: str) -> dict[str, Finding]:
        config = CollectorConfig(
            proc_root=str(self.proc),
            cgroup_root=str(self.cgroup),
            data=str(self.data),
            **{"docker": "none", **settings},
        )
        found = examine(config, {})
        assert not [finding for finding in found if finding.area == "the doctor itself"], found
        return {finding.what: finding for finding in found if finding.area != "the host"}


@pytest.mark.parametrize("tree", ["hybrid-docker", "v2-docker"])
def test_a_recorded_node_can_be_read(tmp_path: Path, tree: str) -> None:
    found = Node(tmp_path, tree).doctor()
    assert {what: found[what].state for what in USUAL} == dict.fromkeys(USUAL, "ok")
    assert found["hierarchy"].state == found["controllers"].state == "ok"
    assert found["containers"].state == "ok"
    assert "docker" in found["containers"].why
    assert found["edge log"].state == "ok"
    assert not (tmp_path / "d").exists()


def test_a_kernel_without_a_memory_controller(tmp_path: Path) -> None:
    node = Node(tmp_path, "hybrid-docker")
    shutil.rmtree(node.cgroup / "memory")
    found = node.doctor()
    assert found["controllers"].state == "partly"
    assert "cgroup_enable=memory" in found["controllers"].remedy
    assert found["memory"].state == found["oom_event"].state == "no"
    assert found["spec"].state == "partly"
    assert found["cpu"].state == "ok"


def test_version_1_alone_has_no_pressure_and_that_is_no_fault(tmp_path: Path) -> None:
    node = Node(tmp_path, "hybrid-docker")
    shutil.rmtree(node.cgroup / "unified")
    found = node.doctor()
    assert found["pressure"].state == "no"
    assert not found["pressure"].missing


def test_a_containers_own_view_of_its_cgroups(tmp_path: Path) -> None:
    node = Node(tmp_path, "hybrid-docker")
    (node.cgroup / "cpuacct/release_agent").unlink()
    assert node.doctor()["hierarchy"].missing
    assert "cgroupns host" in node.doctor()["hierarchy"].remedy


def test_processes_of_a_foreign_pid_namespace(tmp_path: Path) -> None:
    node = Node(tmp_path, "v2-docker")
    for file in node.cgroup.rglob("cgroup.procs"):
        if file.read_text():
            file.write_text("0\n")
    found = node.doctor()
    assert found["containers"].state == "partly"
    assert "--pid host" in found["containers"].remedy
    assert found["cpu"].state == "ok"


def test_a_procfs_that_hides_processes(tmp_path: Path) -> None:
    node = Node(tmp_path, "hybrid-docker")
    for directory in node.proc.iterdir():
        if directory.name.isdigit() and directory.name != "1":
            shutil.rmtree(directory)
    found = node.doctor()
    assert found["network"].state == found["start times"].state == "no"
    assert "hidepid" in found["network"].remedy


def test_nothing_runs(tmp_path: Path) -> None:
    node = Node(tmp_path, "v2-docker")
    for directory in node.cgroup.iterdir():
        if directory.is_dir():
            shutil.rmtree(directory)
    found = node.doctor()
    assert found["containers"].state == "none"
    assert not [finding.what for finding in found.values() if finding.missing]


def test_no_cgroups_and_no_place_for_the_log(tmp_path: Path) -> None:
    node = Node(tmp_path, "v2-docker")
    shutil.rmtree(node.cgroup)
    node.data.write_text("a file")
    found = node.doctor()
    assert found["hierarchy"].state == "no"
    assert "mount" in found["hierarchy"].remedy
    assert found["edge log"].missing


def test_containers_of_a_docker_that_cannot_be_asked(tmp_path: Path) -> None:
    node = Node(tmp_path, "hybrid-docker")
    found = node.doctor(docker="unix:///nowhere/docker.sock")["Docker"]
    assert found.missing
    assert "by their ids" in found.why
    assert "--docker none" in found.remedy


def found_in(*runtimes: str) -> list[Found]:
    return [Found(f"/pods/{id}", id, runtime) for id, runtime in zip(IDS, runtimes, strict=False)]


def test_names_in_the_state_files_of_other_runtimes() -> None:
    config = CollectorConfig(runtime_state=f"{RUNTIMES}/containerd,{RUNTIMES}/none")
    named = state_files(config, found_in("containerd", ""))
    assert (named.state, named.why) == ("ok", "their state files name 2")
    lacking = state_files(config, found_in("containerd", "", "crio"))
    assert lacking.state == "partly" and lacking.missing
    assert "/pods/c3c3c3c3c3c3…" in lacking.why and "--runtime-state" in lacking.remedy
    none = state_files(config, found_in("docker", "docker"))
    assert none.state == "none" and not none.missing


def test_a_state_file_that_is_broken(tmp_path: Path) -> None:
    file = tmp_path / "overlay-containers/containers.json"
    file.parent.mkdir()
    file.write_text("{")
    broken = state_files(CollectorConfig(runtime_state=str(tmp_path)), found_in("podman"))
    assert broken.state == "no" and broken.why.startswith(f"{file}: line 1: no JSON")
