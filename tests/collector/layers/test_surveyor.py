"""Layers that are measured in the background: when, how, and what goes wrong."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from collector.cgroup.faults import Faults
from collector.layers.layer import Layer, Use
from collector.layers.surveyor import Pace, Surveyor
from tests.real.process import wait_until

QUICK = Pace(
    entries_a_second=1_000_000,
    turn_seconds=0.05,
    measured_seconds=3600,
    absent_seconds=0.01,
    unreadable_seconds=3600,
    idle_seconds=0.01,
)
OVERLAY = "30 1 0:20 / / rw - overlay overlay rw,lowerdir=/l,upperdir={upper},workdir=/w\n"


class Host:
    """A procfs with processes whose root is an overlay, and the layers' directories."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.proc = path / "proc"
        self.process(1, "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n")
        (self.proc / "diskstats").symlink_to("/proc/diskstats")
        (self.proc / "1/root").symlink_to("/")
        self.surveyor: Surveyor | None = None

    def process(self, pid: int, mountinfo: str) -> None:
        (self.proc / f"{pid}").mkdir(parents=True, exist_ok=True)
        (self.proc / f"{pid}/mountinfo").write_text(mountinfo)

    def layer(self, pid: int, files: int = 3) -> Path:
        upper = self.path / f"overlay/{pid}/diff"
        upper.mkdir(parents=True)
        for number in range(files):
            (upper / f"{number}").write_bytes(b"x" * 5000)
        self.process(pid, OVERLAY.format(upper=upper))
        return upper

    def survey(self, pace: Pace = QUICK) -> Surveyor:
        self.surveyor = Surveyor(self.proc, pace)
        return self.surveyor


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    host = Host(tmp_path)
    yield host
    if host.surveyor is not None:
        host.surveyor.close()


def measured(layer: Layer) -> Use:
    found: list[Use] = []

    def take() -> bool:
        use = layer.take()
        found.extend([use] if use is not None else [])
        return bool(found)

    wait_until(take, "the layer to be measured")
    return found[0]


def watched(surveyor: Surveyor, *pids: int) -> Layer:
    layer = surveyor.add()
    layer.see(pids)
    return layer


def test_what_is_told_of_a_layer(host: Host) -> None:
    upper = host.layer(7)
    use = measured(watched(host.survey(), 7))
    space = os.statvfs(upper)
    assert use.fields.keys() == {
        "fs_usage_bytes",
        "fs_limit_bytes",
        "fs_inodes_total",
        "fs_inodes_free",
        "fs_inodes_used",
    }
    assert use.fields["fs_usage_bytes"] == sum(
        path.lstat().st_blocks * 512 for path in (upper, *upper.iterdir())
    )
    assert use.fields["fs_inodes_used"] == 4
    assert use.fields["fs_limit_bytes"] == space.f_blocks * space.f_frsize
    assert use.fields["fs_inodes_total"] == space.f_files


def test_it_is_taken_once_and_measured_again_when_due(host: Host) -> None:
    upper = host.layer(7)
    layer = watched(host.survey(replace(QUICK, measured_seconds=0.01)), 7)
    first = measured(layer)
    (upper / "more").write_bytes(b"x" * 100_000)
    wait_until(lambda: measured(layer).fields["fs_inodes_used"] == 5, "the new file to be seen")
    assert first.fields["fs_inodes_used"] == 4


def test_a_layer_that_is_not_there_yet_is_looked_for_again(host: Host) -> None:
    host.process(7, "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n")
    surveyor = host.survey()
    layer = watched(surveyor, 7)
    host.layer(7)
    assert measured(layer).fields["fs_inodes_used"] == 4
    assert surveyor.faults.total == 0


def test_the_first_process_may_have_ended(host: Host) -> None:
    host.layer(8)
    assert measured(watched(host.survey(), 7, 8)).fields["fs_inodes_used"] == 4


def test_a_process_that_ended_and_was_not_waited_for_is_no_fault() -> None:
    faults = Faults()
    layer = Layer(Path("/proc"), faults, lambda: 0)
    with subprocess.Popen(["true"]) as ended:
        stat = Path(f"/proc/{ended.pid}/stat")
        wait_until(lambda: ") Z " in stat.read_text(), "the process to end")
        layer.see((ended.pid,))
        assert layer.go_on(1) == "absent"
    assert faults.total == 0


def test_the_hosts_own_root_is_no_layer_though_it_be_an_overlay(host: Host) -> None:
    upper = host.layer(7)
    host.process(1, OVERLAY.format(upper=upper))
    host.layer(8)
    surveyor = host.survey()
    hosts, other = watched(surveyor, 7), watched(surveyor, 8)
    measured(other)
    assert hosts.take() is None


def test_a_long_walk_lets_others_have_their_turn_and_goes_on_where_it_was(host: Host) -> None:
    host.layer(7, files=2000)
    host.layer(8)
    pace = replace(QUICK, entries_a_second=10_000, entries_a_step=10, turn_seconds=0.02)
    surveyor = host.survey(pace)
    long, short = watched(surveyor, 7), watched(surveyor, 8)
    assert measured(short).fields["fs_inodes_used"] == 4
    assert long.take() is None
    assert measured(long).fields["fs_inodes_used"] == 2001


def test_few_walks_are_begun_at_once(host: Host) -> None:
    pids = range(10, 16)
    for pid in pids:
        host.layer(pid, files=300)
    pace = replace(QUICK, entries_a_second=5_000, entries_a_step=5, turn_seconds=0.01, at_once=2)
    surveyor = host.survey(pace)
    layers = [watched(surveyor, pid) for pid in pids]
    walking: list[int] = []
    done: set[Layer] = set()

    def all_are_done() -> bool:
        walking.append(sum(layer.is_walking for layer in layers))
        done.update(layer for layer in layers if layer.take() is not None)
        return len(done) == len(layers)

    wait_until(all_are_done, "all layers to be measured")
    assert max(walking) == 2


@pytest.mark.parametrize("broken", ["gone", "nonsense"])
def test_what_cannot_be_read_is_said_once_and_hides_no_other(
    host: Host, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    upper = host.layer(7)
    host.layer(8)
    if broken == "gone":
        shutil.rmtree(upper)
    else:
        host.process(7, "nonsense\n")
    surveyor = host.survey(replace(QUICK, unreadable_seconds=0.01))
    with caplog.at_level(logging.WARNING):
        bad, good = watched(surveyor, 7), watched(surveyor, 8)
        measured(good)
        wait_until(lambda: surveyor.faults.total >= 3, "it to be tried again")
    assert bad.take() is None
    assert len(caplog.records) == 1


@pytest.mark.root
def test_a_layer_that_another_user_may_not_read_is_named_with_the_remedy(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    upper = host.layer(7)
    for folder in [*host.path.parents][:-2]:
        folder.chmod(folder.stat().st_mode | 0o055)
    host.path.chmod(0o755)
    upper.chmod(0o700)
    layer = Layer(host.proc, host.survey().faults, lambda: 0)
    layer.see((7,))
    os.seteuid(65534)
    try:
        assert layer.go_on(100) == "unreadable"
    finally:
        os.seteuid(0)
    assert str(upper) in caplog.text and "CAP_DAC_READ_SEARCH" in caplog.text


def test_a_container_that_goes_in_a_walk_leaves_nothing_open(host: Host) -> None:
    host.layer(7, files=3000)
    open_before = len(list(Path("/proc/self/fd").iterdir()))
    pace = replace(QUICK, entries_a_second=1000, entries_a_step=10)
    layer = watched(host.survey(pace), 7)
    wait_until(lambda: layer.is_walking, "the walk to begin")
    layer.close()
    wait_until(lambda: not layer.is_walking, "the walk to be given up")
    assert len(list(Path("/proc/self/fd").iterdir())) == open_before


def test_the_end_does_not_wait_for_a_walk(host: Host) -> None:
    host.layer(7, files=3000)
    surveyor = host.survey(replace(QUICK, entries_a_second=100, turn_seconds=60))
    layer = watched(surveyor, 7)
    wait_until(lambda: layer.is_walking, "the walk to begin")
    surveyor.close()
    assert not layer.is_walking
