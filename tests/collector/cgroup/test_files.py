"""Kernel files: kept, absent, broken, and within the budget."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.cgroup.faults import Faults
from collector.cgroup.files import (
    SPARE_DESCRIPTORS,
    Budget,
    Keep,
    KernelFile,
    Root,
    claim_descriptors,
)
from collector.cgroup.parse import Fields, count
from collector.cgroup.parse import processes as pids
from tests.real.cgroups import Groups


class Place:
    """A directory, and files of it that share a budget."""

    def __init__(self, path: Path, descriptors: int = 10) -> None:
        self.path = path
        self.root = Root(path)
        self.budget = Budget(descriptors)
        self.faults = Faults()

    def file(self, name: str, keep: Keep = "budget") -> KernelFile[Fields]:
        return KernelFile(self.root, name, count("n"), self.budget, self.faults, keep)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    place.root.close()


def test_what_changes_is_read_anew_through_one_descriptor(place: Place) -> None:
    (place.path / "n").write_text("1\n")
    file = place.file("n")
    assert file.read() == {"n": 1}
    descriptor = file.descriptor
    (place.path / "n").write_text("22\n")
    assert file.read() == {"n": 22}
    assert file.descriptor == descriptor >= 0
    file.close()
    assert place.budget.kept == 0


def test_past_the_budget_files_are_opened_for_each_reading(tmp_path: Path) -> None:
    place = Place(tmp_path, descriptors=1)
    (tmp_path / "n").write_text("1\n")
    kept, opened, always = place.file("n"), place.file("n"), place.file("n", "always")
    assert [file.read() for file in (kept, opened, always)] == [{"n": 1}] * 3
    assert [file.kept for file in (kept, opened, always)] == [True, False, True]
    (tmp_path / "n").write_text("2\n")
    assert [file.read() for file in (kept, opened, always)] == [{"n": 2}] * 3
    kept.close()
    opened.read()
    assert not opened.kept  # the one that is kept always counts too
    many = [place.file("n", "always") for _ in range(SPARE_DESCRIPTORS + 1)]
    assert [file.read() for file in many] == [{"n": 2}] * len(many)
    assert sum(file.kept for file in many) == SPARE_DESCRIPTORS
    for file in many:
        file.close()


def test_a_missing_file_is_absent_and_no_fault_until_it_comes(place: Place) -> None:
    file = place.file("n")
    assert file.read() is None and file.absent
    (place.path / "n").write_text("3\n")
    assert file.read() is None  # not asked for at each tick
    file.retry()
    assert file.read() == {"n": 3} and not file.absent
    assert place.faults.total == 0


def test_broken_content_is_counted_each_time_and_told_once(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    (place.path / "n").write_text("many\n")
    (place.path / "m").mkdir()
    (place.path / "m/n").write_text("none\n")
    files = [place.file("n"), place.file("m/n")]
    for _ in range(3):
        assert [file.read() for file in files] == [None, None]
    assert place.faults.total == 6
    assert not files[0].absent
    assert len(caplog.messages) == 1
    assert f"{place.path}/n: line 1: 'many'" in caplog.messages[0]
    (place.path / "n").write_text("7\n")
    assert files[0].read() == {"n": 7}
    assert len(caplog.messages) == 1  # the other one is still broken
    files[1].close()
    assert len(caplog.messages) == 2 and "no file of this name" in caplog.messages[1]


def test_a_long_listing_is_read_to_its_end(place: Place) -> None:
    wanted = tuple(range(100_000, 103_000))
    (place.path / "cgroup.procs").write_text("".join(f"{pid}\n" for pid in wanted))
    file = KernelFile(place.root, "cgroup.procs", pids, place.budget, place.faults)
    assert file.read() == wanted
    assert file.read() == wanted


@pytest.mark.root
def test_a_removed_group_says_so_through_the_kept_descriptor(tmp_path: Path) -> None:
    with Groups(tmp_path) as groups:
        group = groups.add("exec sleep 100")
        place = Place(group.directories[-1])
        file = KernelFile(place.root, "cgroup.procs", pids, place.budget, place.faults)
        assert file.read() == (group.pid,)
        group.remove()
        assert file.read() is None
        assert file.absent and place.budget.kept == 0 and place.faults.total == 0
        place.root.close()


@pytest.mark.root
def test_a_forbidden_file_is_a_fault_told_once(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    (place.path / "n").write_text("1\n")
    (place.path / "n").chmod(0)
    file = place.file("n")
    os.seteuid(65534)
    try:
        for _ in range(3):
            assert file.read() is None
            file.retry()
    finally:
        os.seteuid(0)
    assert place.faults.total == 3
    assert len(caplog.messages) == 1 and "Permission denied" in caplog.messages[0]


def test_descriptors_may_be_kept_but_for_a_reserve() -> None:
    assert 0 < claim_descriptors(reserve=10) <= claim_descriptors(reserve=0)
