"""A real collector whose log the tests trouble, and disks that do so."""

from __future__ import annotations

import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from monitor.edgelog import Cursor
from monitor.stream import wire
from tests.real.process import Process, wait_until
from tests.real.require import program
from tests.real.weir import Weir


class LoggingCollector(Weir):
    """`weir collector` without containers, a sweep a second; its output stays out of its log."""

    def __init__(self, directory: Path, data: Path, *options: str, **how: tuple[str, ...]) -> None:
        given = (f"--data={data}", "--docker=none", "--interval=1", *options)
        super().__init__("collector", directory, *given, **how)
        self.data = data

    def last(self) -> int:
        """The number of the newest record that a reader sees."""
        _, headers = self.exchange("/api/v1/consumers/probe/pull?max_bytes=1")
        return Cursor.parse(headers[wire.CURSOR]).sequence + int(headers[wire.BACKLOG])

    def exchange(self, path: str) -> tuple[bytes, dict[str, str]]:
        """The body and the headers of POST `path`."""
        request = urllib.request.Request(self.url + path, method="POST")
        with urllib.request.urlopen(request, timeout=30) as reply:
            return reply.read(), dict(reply.headers)

    def keeps(self, more: int = 2, seconds: float = 30.0) -> None:
        """Wait until so many more records were kept."""
        before = self.last()
        self.ready(lambda: self.sweeps() and self.last() >= before + more, seconds)

    def sweeps(self) -> bool:
        """Make a sweep now; whether /metrics answers."""
        return self.status("/metrics?max_age=0") == 200

    def figure(self, name: str) -> float:
        """A figure of the collector about itself."""
        for line in self.get("/metrics").decode().splitlines():
            if line.startswith((f"weir_{name}{{", f"weir_{name} ")):
                return float(line.split()[-1])
        raise AssertionError(f"/metrics has no weir_{name}")

    def sweeps_until(self, name: str, value: float) -> None:
        """Sweep until the figure is at least `value`."""
        self.ready(lambda: self.sweeps() and self.figure(name) >= value)


@contextmanager
def tmpfs(place: Path, size: str) -> Iterator[Path]:
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


class Disk:
    """An ext4 file system of its own, on a loop device; it ends with the mounts of the place."""

    def __init__(self, directory: Path) -> None:
        self.image = directory / "disk.img"
        self.place = directory / "disk"
        self.place.mkdir()
        with self.image.open("wb") as file:
            file.truncate(32 << 20)
        subprocess.run([program("mkfs.ext4", "e2fsprogs"), "-q", self.image], check=True)

    def mount(self) -> None:
        how = ["mount", "-o", "loop,errors=remount-ro", self.image, self.place]
        subprocess.run(how, check=True)

    def unmount(self) -> None:
        """Also while somebody has files of it open: those live on, unreachable."""
        subprocess.run(["umount", "-l", self.place], check=True)

    def may_be_read_only(self) -> bool:
        """Ask the kernel to make it read-only, in order; it refuses while files are written."""
        asked = ["mount", "-o", "remount,ro", self.place]
        return subprocess.run(asked, capture_output=True).returncode == 0

    def break_down(self) -> None:
        """The kernel finds an error in the file system, and makes it read-only at once."""
        source = ["findmnt", "-no", "SOURCE", self.place]
        device = subprocess.run(source, check=True, capture_output=True, text=True).stdout.strip()
        Path(f"/sys/fs/ext4/{Path(device).name}/trigger_fs_error").write_text("1\n")

    def replace(self) -> None:
        """What an administrator does: a copy on another disk, repaired, at the same place."""
        self.unmount()
        self.image = shutil.copy(self.image, self.image.with_suffix(".new"))
        subprocess.run([program("e2fsck", "e2fsprogs"), "-p", self.image], capture_output=True)
        self.mount()


@contextmanager
def failing(collector: Weir, *what: str) -> Iterator[None]:
    """The calls of a running collector fail, from its next one on, until this is left.

    `what` are strace's options: `-e inject=fdatasync:error=EIO`, `-P PATH` for one file only.
    """
    strace = program("strace", "strace")
    output = collector.directory / "strace"
    output.unlink(missing_ok=True)
    tracer = Process([strace, "-f", "-p", str(collector.pid), *what], output)
    tracer.start()
    try:
        wait_until(lambda: "attached" in tracer.tail(1 << 20), "strace is attached")
        yield
    finally:
        tracer.stop()
