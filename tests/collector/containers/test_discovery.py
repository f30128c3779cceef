"""Discovery in real cgroups: what comes, what goes, and what it costs to see that nothing did."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.cgroup.hierarchy import detect
from collector.containers.directories import Changes, Directories
from collector.containers.discovery import MAX_DEPTH, RESCAN_SECONDS, Discovery
from tests.collector.deep import nested

pytestmark = pytest.mark.root

IDS = [f"{number:064x}" for number in range(8)]


class Tree:
    """A real cgroup tree of its own."""

    def __init__(self, directory: Path) -> None:
        from tests.real.cgroups import Groups

        self.groups = Groups(directory)
        self.path = detect(self.groups.root).tree
        self.now = 0.0
        self.directories = Directories(self.path)
        self.discovery = Discovery(self.path, lambda: self.now, directories=self.directories)

    def make(self, *paths: str) -> None:
        for path in paths:
            (self.path / path).mkdir(parents=True)

    def found(self) -> set[str]:
        self.discovery.poll()
        return set(self.discovery.found)

    def told(self) -> set[str]:
        """What is found by what the kernel tells, without a poll."""
        self.discovery.look(self.directories.changes())
        return set(self.discovery.found)

    def watches(self) -> int:
        information = Path(f"/proc/self/fdinfo/{self.directories.fileno()}").read_text()
        return information.count("inotify wd:")


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Tree]:
    tree = Tree(tmp_path)
    with tree.groups:
        yield tree
        tree.directories.close()


def test_a_new_container_is_seen_at_the_next_poll(tree: Tree) -> None:
    tree.make(f"docker/{IDS[0]}", "system.slice/cron.service")
    assert tree.found() == {f"/docker/{IDS[0]}"}
    tree.make(f"docker/{IDS[1]}", f"system.slice/docker-{IDS[2]}.scope")
    assert tree.found() == {
        f"/docker/{IDS[0]}",
        f"/docker/{IDS[1]}",
        f"/system.slice/docker-{IDS[2]}.scope",
    }


def test_a_whole_new_branch_is_seen_at_once(tree: Tree) -> None:
    assert tree.found() == set()
    pod = f"kubepods/burstable/pod{IDS[0][:32]}"
    tree.make(f"{pod}/{IDS[1]}")
    assert tree.found() == {f"/{pod}/{IDS[1]}"}
    tree.make(f"{pod}/{IDS[2]}")
    assert tree.found() == {f"/{pod}/{IDS[1]}", f"/{pod}/{IDS[2]}"}


def test_what_was_removed_is_gone_at_the_next_poll(tree: Tree) -> None:
    pod = f"kubepods/pod{IDS[0][:32]}"
    tree.make(f"docker/{IDS[0]}", f"docker/{IDS[1]}", f"{pod}/{IDS[2]}")
    tree.found()
    (tree.path / f"docker/{IDS[0]}").rmdir()
    (tree.path / f"{pod}/{IDS[2]}").rmdir()
    (tree.path / pod).rmdir()
    assert tree.found() == {f"/docker/{IDS[1]}"}


def test_a_successor_in_the_same_poll_is_seen_once_the_first_is_forgotten(tree: Tree) -> None:
    tree.make(f"docker/{IDS[0]}")
    tree.found()
    (tree.path / f"docker/{IDS[0]}").rmdir()
    tree.make(f"docker/{IDS[1]}")
    tree.discovery.forget(f"/docker/{IDS[0]}")
    assert tree.found() == {f"/docker/{IDS[1]}"}


def test_a_runtime_inside_a_container_is_seen_within_a_rescan(tree: Tree) -> None:
    tree.make(f"docker/{IDS[0]}")
    tree.found()
    tree.make(f"docker/{IDS[0]}/docker/{IDS[1]}")
    tree.now += RESCAN_SECONDS
    nested = {f"/docker/{IDS[0]}", f"/docker/{IDS[0]}/docker/{IDS[1]}"}
    assert tree.found() == nested
    tree.make(f"docker/{IDS[0]}/docker/{IDS[2]}")
    assert tree.found() == nested | {f"/docker/{IDS[0]}/docker/{IDS[2]}"}


def test_what_comes_and_goes_between_two_polls_is_told(tree: Tree) -> None:
    tree.make(f"docker/{IDS[0]}", "system.slice/cron.service")
    assert tree.found() == {f"/docker/{IDS[0]}"}
    assert tree.told() == {f"/docker/{IDS[0]}"}
    tree.make(f"docker/{IDS[1]}", f"system.slice/docker-{IDS[2]}.scope")
    (tree.path / f"docker/{IDS[0]}").rmdir()
    assert tree.told() == {f"/docker/{IDS[1]}", f"/system.slice/docker-{IDS[2]}.scope"}


def test_a_branch_that_grows_while_it_is_looked_at_is_told_of_to_its_end(tree: Tree) -> None:
    tree.found()
    for uid in IDS[:4]:
        pod = f"kubepods/burstable/pod{uid[-32:]}"
        tree.make(pod)
        tree.told()
        tree.make(f"{pod}/{uid}")
    assert len(tree.told()) == 4
    for uid in IDS[:4]:
        (tree.path / f"kubepods/burstable/pod{uid[-32:]}/{uid}").rmdir()
        (tree.path / f"kubepods/burstable/pod{uid[-32:]}").rmdir()
    assert tree.told() == set()


def test_a_successor_is_looked_into_anew(tree: Tree) -> None:
    pod = f"kubepods/pod{IDS[0][:32]}"
    tree.make(f"{pod}/{IDS[1]}")
    tree.found()
    (tree.path / f"{pod}/{IDS[1]}").rmdir()
    (tree.path / pod).rmdir()
    tree.make(pod)
    assert tree.told() == set()
    tree.make(f"{pod}/{IDS[2]}")
    assert tree.told() == {f"/{pod}/{IDS[2]}"}


def test_no_watch_stays_behind(tree: Tree) -> None:
    tree.make("docker", "kubepods/burstable", "system.slice/data.mount", "system.slice/a.service")
    tree.found()
    before = tree.watches()  # the tree's top, docker, kubepods, burstable, system.slice
    assert before == 5
    for uid in IDS:
        pod = f"kubepods/burstable/pod{uid[-32:]}"
        tree.make(f"{pod}/{uid}", f"docker/{uid}")
        tree.told()
    assert tree.watches() == before + len(IDS)  # a pod's directory each, and no container's own
    tree.now += RESCAN_SECONDS
    tree.found()
    assert tree.watches() == before + len(IDS)
    for number, uid in enumerate(IDS):
        pod = f"kubepods/burstable/pod{uid[-32:]}"
        for path in (f"{pod}/{uid}", pod, f"docker/{uid}"):
            (tree.path / path).rmdir()
        if number % 2:
            tree.told()
        else:
            tree.found()
    assert tree.watches() == before
    (tree.path / "kubepods/burstable").rmdir()
    tree.now += RESCAN_SECONDS
    tree.found()
    assert tree.watches() == before - 1


def test_where_changes_were_lost_it_looks_everywhere(tree: Tree) -> None:
    tree.make("docker")
    tree.found()
    tree.make(f"docker/{IDS[0]}")
    tree.discovery.look(Changes(set(), set(), lost=True))
    assert set(tree.discovery.found) == {f"/docker/{IDS[0]}"}


def test_mount_units_are_not_walked(tree: Tree) -> None:
    tree.make(f"system.slice/data.mount/docker-{IDS[0]}.scope")
    assert tree.found() == set()


def test_a_quiet_poll_lists_nothing(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    tree.make(*(f"docker/{id}" for id in IDS))
    tree.found()
    monkeypatch.setattr(os, "scandir", None)
    assert len(tree.found()) == len(IDS)


def test_on_file_systems_that_count_no_links_it_looks_each_time(tmp_path: Path) -> None:
    (tmp_path / f"docker/{IDS[0]}").mkdir(parents=True)
    discovery = Discovery(tmp_path, lambda: 0.0)
    discovery.poll()
    (tmp_path / f"docker/{IDS[1]}").mkdir()
    discovery.poll()
    assert len(discovery.found) == 2


def test_a_path_that_is_too_long_is_said_once_and_hides_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="collector")
    (tmp_path / f"docker/{IDS[0]}").mkdir(parents=True)
    now = 0.0
    discovery = Discovery(tmp_path, lambda: now)
    with nested(tmp_path / f"docker/{IDS[0]}", "x" * 255, 20):
        for _ in range(3):
            discovery.poll()
            assert set(discovery.found) == {f"/docker/{IDS[0]}"}
            now += RESCAN_SECONDS
    discovery.poll()
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2
    assert str(tmp_path) in said[0] and "File name too long" in said[0]
    assert "can be looked through again" in said[1]


def test_a_tree_of_any_depth_is_walked_and_dropped(tmp_path: Path) -> None:
    tree, deep = tmp_path / "tree", f"docker/{IDS[0]}"
    (tree / deep).mkdir(parents=True)
    discovery = Discovery(tree, lambda: 0.0)
    with nested(tree / deep, "d", 1500):
        discovery.poll()
        assert set(discovery.found) == {f"/{deep}"}
        (tree / "docker").rename(tmp_path / "elsewhere")
        discovery.poll()
        assert set(discovery.found) == set()


def test_no_runtime_nests_deeper_than_is_looked(tmp_path: Path) -> None:
    for levels, expected in ((MAX_DEPTH - 1, 1), (MAX_DEPTH, 0)):
        tree = tmp_path / str(levels)
        (tree / "/".join([*["d"] * levels, IDS[0]])).mkdir(parents=True)
        discovery = Discovery(tree, lambda: 0.0)
        discovery.poll()
        assert len(discovery.found) == expected


def test_a_directory_that_cannot_be_listed_keeps_what_was_known() -> None:
    now = 0.0
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory)
        path.chmod(0o755)
        (path / f"docker/{IDS[0]}").mkdir(parents=True)
        discovery = Discovery(path, lambda: now)
        discovery.poll()
        (path / "docker").chmod(0o711)
        now += RESCAN_SECONDS
        os.seteuid(65534)
        try:
            discovery.poll()
        finally:
            os.seteuid(0)
        assert len(discovery.found) == 1
