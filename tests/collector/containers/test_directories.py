"""What the kernel tells of changes in directories, and what it is no longer asked to."""

from __future__ import annotations

import errno
import logging
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.containers import directories
from collector.containers.directories import Changes, Directories, watching


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Directories]:
    (tmp_path / "docker").mkdir()
    watched = Directories(tmp_path)
    watched.watch("")
    watched.watch("/docker")
    yield watched
    watched.close()


def kernel_watches(watched: Directories) -> int:
    information = Path(f"/proc/self/fdinfo/{watched.fileno()}").read_text()
    return information.count("inotify wd:")


def test_it_says_where_a_directory_came_or_went(watched: Directories, tmp_path: Path) -> None:
    (tmp_path / "docker/a").mkdir()
    assert watched.changes() == Changes({"/docker"}, set(), False)
    (tmp_path / "docker/a").rmdir()
    (tmp_path / "docker/b").mkdir()
    (tmp_path / "c").mkdir()
    assert watched.changes() == Changes({"/docker", ""}, {"/docker/a"}, False)
    (tmp_path / "c").rename(tmp_path / "docker/c")
    assert watched.changes() == Changes({"/docker", ""}, {"/c"}, False)
    assert watched.changes() == Changes(set(), set(), False)


def test_files_do_not_count(watched: Directories, tmp_path: Path) -> None:
    (tmp_path / "docker/file").touch()
    (tmp_path / "docker/file").unlink()
    assert watched.changes() == Changes(set(), set(), False)


def test_what_is_forgotten_is_told_of_no_more(watched: Directories, tmp_path: Path) -> None:
    watched.forget("/docker")
    watched.forget("/never-seen")
    (tmp_path / "docker/a").mkdir()
    assert watched.changes().directories == set()
    assert kernel_watches(watched) == 1


def test_a_successor_at_the_same_path_takes_the_place(watched: Directories, tmp_path: Path) -> None:
    (tmp_path / "docker").rename(tmp_path / "old")
    (tmp_path / "docker").mkdir()
    watched.watch("/docker")
    assert kernel_watches(watched) == 2
    watched.changes()
    (tmp_path / "old/a").mkdir()
    (tmp_path / "docker/b").mkdir()
    assert watched.changes() == Changes({"/docker"}, set(), False)


def test_what_cannot_be_watched_is_left_out(watched: Directories) -> None:
    watched.watch("/is/not/there")
    assert kernel_watches(watched) == 2


def test_too_many_changes_are_known_to_be_lost() -> None:
    most = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    with tempfile.TemporaryDirectory(dir="/dev/shm") as directory:  # a disk would take a minute
        watched = Directories(Path(directory))
        watched.watch("")
        for _ in range(most // 2 + 1):  # alternating, since equal neighbours are one event
            Path(directory, "a").mkdir()
            Path(directory, "a").rmdir()
        assert watched.changes().lost
        assert not watched.changes().lost
        watched.close()


def test_there_is_a_most_and_it_is_said_once(
    watched: Directories,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(directories, "MOST", 2)
    for name in "ab":
        (tmp_path / name).mkdir()
        watched.watch(f"/{name}")
    watched.watch("/docker")
    assert kernel_watches(watched) == 2
    assert len(caplog.records) == 1 and "at each sweep only" in caplog.text


@pytest.mark.root
@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("max_inotify_instances", "raise fs.inotify.max_user_instances"),
        ("max_inotify_watches", "raise fs.inotify.max_user_watches"),
    ],
)
def test_limits_are_named_and_stop_nothing(tmp_path: Path, limit: str, said: str) -> None:
    script = (
        "import logging, pathlib, sys\n"
        "from collector.containers.directories import watching\n"
        "logging.basicConfig()\n"
        "watched = watching(pathlib.Path(sys.argv[1]))\n"
        "for _ in range(3): watched and watched.watch('')\n"
    )
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "sh", "-c",
         f'echo 0 > /proc/sys/user/{limit}; exec "$@"', "sh",
         sys.executable, "-c", script, str(tmp_path)],
        capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr.count("\n"), done.stderr.count(said)) == (0, 1, 1), done


def test_a_kernel_that_has_none_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refused(nonblocking: bool) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(directories, "INotify", refused)
    caplog.set_level(logging.INFO)
    assert watching(tmp_path) is None
    (record,) = caplog.records
    assert "Function not implemented" in record.getMessage()
