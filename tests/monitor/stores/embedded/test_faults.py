"""What the embedded store does when its process, its disk or its file fails."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.errors import StoreRejected, StoreUnavailable
from monitor.stores.embedded.days import day_of, path_of
from monitor.stores.embedded.reader import EmbeddedReader
from monitor.stores.embedded.schema import open_for_writing
from monitor.stores.embedded.writer import EmbeddedWriter
from tests.monitor.stores.samples import DAY, SECOND, body, raw, record, select

NODE = {"node": "n1"}

WRITE_FOREVER = """
import sys, time
from pathlib import Path
from monitor.stores.embedded.writer import EmbeddedWriter
from tests.monitor.stores.samples import body, record

writer = EmbeddedWriter(Path(sys.argv[1]), 7, time.time_ns)
number, start = int(sys.argv[2]), int(sys.argv[3])
while True:
    rows = [record("m", {"container": c}, {"f": number, "s": str(number)}, start + number)
            for c in "abc"]
    writer.write(body(rows))
    print(number, flush=True)
    number += 1
"""


def test_what_was_acknowledged_survives_a_kill_at_any_instant(tmp_path: Path, now: int) -> None:
    acknowledged = -1
    for round_ in range(4):
        command = [sys.executable, "-c", WRITE_FOREVER, tmp_path, str(acknowledged + 1), str(now)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            for _ in range(20 + 7 * round_):
                acknowledged = int(child.stdout.readline())
            child.send_signal(signal.SIGKILL)
            # What was acknowledged between our last line and the kill counts as well.
            acknowledged = max([acknowledged, *map(int, child.stdout.read().split())])
        found = select(EmbeddedReader(tmp_path), "m", ["f", "s"])
        assert [tags for tags, _, _ in found] == [{"container": c} for c in "abc"]
        for _, times, columns in found:
            # One more may be there: stored, and killed before it could be said.
            assert len(times) - 1 in (acknowledged, acknowledged + 1)
            assert times == [now + i for i in range(len(times))]
            assert columns["f"] == list(range(len(times)))
            assert columns["s"] == [str(i) for i in range(len(times))]


def test_another_process_reads_while_one_writes(tmp_path: Path, now: int) -> None:
    command = [sys.executable, "-c", WRITE_FOREVER, tmp_path, "0", str(now)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for _ in range(30):
            acknowledged = int(child.stdout.readline())
            found = select(EmbeddedReader(tmp_path), "m", ["f"])
            assert {len(times) > acknowledged for _, times, _ in found} == {True}
            assert len({len(times) for _, times, _ in found}) == 1, "half a sweep was seen"
        child.kill()


def test_commits_reach_the_disk_before_they_are_acknowledged(tmp_path: Path) -> None:
    """A kill cannot show it, only a power cut: FULL is 2, and the log is a write-ahead one."""
    with contextlib.closing(open_for_writing(tmp_path / "day.sqlite")) as db:
        assert db.execute("PRAGMA synchronous").fetchone() == (2,)
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_threads_share_a_writer(tmp_path: Path, now: int) -> None:
    writer = EmbeddedWriter(tmp_path, 7, time.time_ns)

    def write(node: str) -> None:
        for i in range(20):
            writer.write(body([record("m", {"node": node}, {"f": i}, now + i)]))

    threads = [threading.Thread(target=write, args=(f"n{i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = select(EmbeddedReader(tmp_path), "m", ["f"])
    assert [columns["f"] for _, _, columns in found] == [list(range(20))] * 4


def test_old_days_are_removed_and_older_lines_refused(tmp_path: Path, now: int) -> None:
    clock = [now]
    writer = EmbeddedWriter(tmp_path, 2, lambda: clock[0])
    for day in (-2, -1, 0):
        writer.write(body([record("m", NODE, {"f": day}, now + day * DAY)]))
    assert len(list(tmp_path.glob("*.sqlite"))) == 3
    with pytest.raises(StoreRejected, match="retention_days"):
        writer.write(raw(f"m,node=n1 f=1 {now - 3 * DAY}\nm,node=n1 f=7 {now + 1}\n"))
    with pytest.raises(StoreRejected, match="clock"):
        writer.write(raw(f"m,node=n1 f=1 {now + 3 * DAY}\n"))
    clock[0] = now + DAY
    writer.write(body([record("m", NODE, {"f": 1}, now + DAY)]))
    names = {path.name for path in tmp_path.iterdir() if path.suffix == ".sqlite"}
    assert names == {path_of(tmp_path, day_of(now) + day).name for day in (-1, 0, 1)}
    [(_, times, columns)] = select(EmbeddedReader(tmp_path), "m", ["f"])
    assert columns["f"] == [-1.0, 0.0, 7.0, 1.0]
    assert times[0] == now - DAY


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes."""
    mounted = tmp_path / "disk"
    mounted.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", mounted], check=True)
    try:
        yield mounted
    finally:
        subprocess.run(["umount", "--lazy", mounted], check=True)


@pytest.mark.root
def test_a_full_disk_is_said_and_writing_goes_on_when_there_is_space(
    small_disk: Path, now: int
) -> None:
    directory = small_disk / "store"
    directory.mkdir()
    writer = EmbeddedWriter(directory, 7, time.time_ns)
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(900_000))
    stored = 0
    with pytest.raises(StoreUnavailable, match=f"{directory} is full: free space") as failure:
        while stored < 2_000:
            writer.write(_sweep(stored, now))
            stored += 1
    assert "\n" not in str(failure.value)
    assert stored > 0
    reader = EmbeddedReader(directory)
    assert len(select(reader, "m", ["f0"])[0][1]) == stored
    with pytest.raises(StoreUnavailable, match="is full"):
        writer.write(_sweep(stored, now))
    ballast.unlink()
    writer.write(_sweep(stored, now))
    found = select(reader, "m", ["f0"])
    assert len(found) == 10
    assert all(times == [now + i * SECOND for i in range(stored + 1)] for _, times, _ in found)


def _sweep(number: int, now: int) -> bytes:
    return body(
        [
            record("m", {"c": str(c)}, {f"f{i}": 1 / (i + number + c + 1) for i in range(30)}, at)
            for c in range(10)
            for at in [now + number * SECOND]
        ]
    )


def test_a_damaged_file_is_said_with_the_remedy(tmp_path: Path, now: int) -> None:
    writer = EmbeddedWriter(tmp_path, 7, time.time_ns)
    for i in range(50):
        writer.write(_sweep(i, now))
    writer.write(body([record("m", {}, {"f0": 1.0}, now - DAY)]))
    writer.close()
    path = path_of(tmp_path, day_of(now))
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(StoreUnavailable, match=f"{path.name} is damaged .*move it away") as failure:
        select(EmbeddedReader(tmp_path), "m", ["f0"])
    assert "\n" not in str(failure.value)
    with pytest.raises(StoreUnavailable, match="is damaged"):
        EmbeddedWriter(tmp_path, 7, time.time_ns).write(_sweep(0, now))
    yesterday = select(EmbeddedReader(tmp_path), "m", ["f0"], end=now - DAY)
    assert len(yesterday) == 1, "the other days are not affected"
    path.write_bytes(b"no database at all, but a text that is long enough" * 100)
    with pytest.raises(StoreUnavailable, match="is damaged"):
        EmbeddedWriter(tmp_path, 7, time.time_ns).write(_sweep(0, now))
    path.unlink()
    EmbeddedWriter(tmp_path, 7, time.time_ns).write(_sweep(0, now))
    assert len(select(EmbeddedReader(tmp_path), "m", ["f0"], start=now)) == 10


def test_a_lost_column_is_damage_not_silence(tmp_path: Path, now: int) -> None:
    EmbeddedWriter(tmp_path, 7, time.time_ns).write(_sweep(0, now))
    with sqlite3.connect(path_of(tmp_path, day_of(now))) as db:
        db.execute("DELETE FROM value")
    with pytest.raises(StoreUnavailable, match="without its values"):
        select(EmbeddedReader(tmp_path), "m", ["f0"])
    with sqlite3.connect(path_of(tmp_path, day_of(now))) as db:
        db.execute("PRAGMA user_version=99")
    with pytest.raises(StoreUnavailable, match="another version of Weir"):
        select(EmbeddedReader(tmp_path), "m", ["f0"])


def test_writing_again_takes_no_space(tmp_path: Path, now: int) -> None:
    writer = EmbeddedWriter(tmp_path, 7, time.time_ns)
    with contextlib.closing(sqlite3.connect(path_of(tmp_path, day_of(now)))) as db:
        for _ in range(3):
            writer.write(_sweep(0, now) + _sweep(1, now))
            assert db.execute("SELECT count(*) FROM frame").fetchone() == (2,)
            assert db.execute("SELECT count(*) FROM value").fetchone() == (60,)
            assert db.execute("SELECT count(*) FROM layout").fetchone() == (1,)


def test_a_lock_held_by_others_is_said(tmp_path: Path, now: int) -> None:
    writer = EmbeddedWriter(tmp_path, 7, time.time_ns)
    writer.write(_sweep(0, now))
    with sqlite3.connect(path_of(tmp_path, day_of(now)), isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked by another process"):
            writer.write(_sweep(1, now))
        assert len(select(EmbeddedReader(tmp_path), "m", ["f0"])) == 10
        other.execute("ROLLBACK")
    writer.write(_sweep(1, now))
    assert len(select(EmbeddedReader(tmp_path), "m", ["f0"])[0][1]) == 2


def test_a_directory_that_cannot_be_made_is_said(tmp_path: Path, now: int) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreUnavailable, match="file"):
        EmbeddedWriter(tmp_path / "file" / "store", 7, time.time_ns).write(_sweep(0, now))
    assert select(EmbeddedReader(tmp_path / "nowhere"), "m", ["f0"]) == []


def test_the_directory_is_its_owners_alone(tmp_path: Path, now: int) -> None:
    directory = tmp_path / "deep" / "store"
    before = os.umask(0o022)
    try:
        writer = EmbeddedWriter(directory, 7, lambda: now)
        writer.write(raw(f"m f=1 {now}\n"))
        writer.close()
    finally:
        os.umask(before)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
