"""The space of a tree, beside what du(1) says."""

from __future__ import annotations

import os
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from collector.layers.walk import MAX_DEPTH, Walk


def walked(path: Path, step: int = 1000) -> Walk:
    done = Walk(str(path))
    while not done.step(step):
        pass
    return done


def du(path: Path, *options: str) -> int:
    command = ["du", "--summarize", "--one-file-system", *options, str(path)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(shown.stdout.split()[0])


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    for number in range(20):
        folder = tree / f"d{number % 5}/e{number}"
        folder.mkdir(parents=True)
        (folder / "file").write_bytes(b"x" * 10_000 * number)
    (tree / "linked").hardlink_to(tree / "d4/e19/file")
    (tree / "sparse").touch()
    os.truncate(tree / "sparse", 10**9)
    (tree / "up").symlink_to("/usr")
    return tree


@pytest.mark.parametrize("step", [1, 7, 100_000])
def test_it_says_what_du_says(tree: Path, step: int) -> None:
    done = walked(tree, step)
    assert done.used_bytes == du(tree, "--block-size=1")
    assert done.inodes == du(tree, "--inodes")


def test_it_goes_on_where_it_was(tree: Path) -> None:
    walk, seen = Walk(str(tree)), [0]
    while not walk.step(10):
        seen.append(walk.inodes)
    assert all(0 < after - before <= 10 for before, after in pairwise(seen))
    assert len(seen) == (walk.inodes + 1) // 10 + 1  # a second name is an entry too


@pytest.mark.root
def test_what_is_mounted_inside_does_not_count(tree: Path) -> None:
    before = walked(tree)
    (tree / "mount").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", tree / "mount"], check=True)
    try:
        (tree / "mount/file").write_bytes(b"x" * 1_000_000)
        assert walked(tree).used_bytes == du(tree, "--block-size=1")
        assert walked(tree).inodes == before.inodes
    finally:
        subprocess.run(["umount", tree / "mount"], check=True)


def test_what_goes_meanwhile_is_left_out(tree: Path) -> None:
    walk = Walk(str(tree))
    assert not walk.step(1)
    subprocess.run(["rm", "-r", *tree.iterdir()], check=True)
    assert walk.step(1000)
    assert walk.inodes <= 10


def test_a_directory_that_becomes_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "tree/folder").mkdir(parents=True)
    walk = Walk(str(tmp_path / "tree"))
    walk.step(1)
    (tmp_path / "tree/folder").rmdir()
    (tmp_path / "tree/folder").symlink_to("/usr")
    assert walk.step(1000)
    assert walk.inodes <= 2


def test_nesting_has_an_end(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["d"] * (MAX_DEPTH + 1))
    deep.mkdir(parents=True)
    with pytest.raises(OSError, match="nested more than"):
        walked(tmp_path)
    deep.rmdir()
    assert walked(tmp_path).inodes == MAX_DEPTH + 1


def test_hard_links_have_an_end(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).touch()
        (tmp_path / f"{name}2").hardlink_to(tmp_path / name)
    assert Walk(str(tmp_path), hard_linked=2).step(1000)
    with pytest.raises(OSError, match="several names"):
        Walk(str(tmp_path), hard_linked=1).step(1000)


@pytest.mark.root
def test_what_may_not_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "tree/secret").mkdir(parents=True)
    (tmp_path / "tree/secret").chmod(0o700)
    for folder in (tmp_path, *list(tmp_path.parents)[:-2]):
        folder.chmod(folder.stat().st_mode | 0o055)
    os.seteuid(65534)
    try:
        with pytest.raises(PermissionError):
            walked(tmp_path / "tree")
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("steps", [0, 1, 30])
def test_a_walk_that_is_given_up_leaves_nothing_open(tree: Path, steps: int) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    walk = Walk(str(tree))
    if steps:
        walk.step(steps)
    walk.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
