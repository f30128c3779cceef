"""A full edge log, and what it costs to open, read and look through it; a process for each task.

python -m benchmarks.full_log TASK DIRECTORY
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from monitor.edgelog import EdgeLog, Limits, Span, frame
from monitor.edgelog.inspect import inspect
from monitor.edgelog.onlooker import Onlooker
from monitor.edgelog.verify import Verifier

MIB = 1 << 20
SEGMENTS = 64
LIMITS = Limits(max_bytes=1 << 40, max_age_seconds=1e9)
"""Nothing goes while it is measured."""


def fill(directory: Path, size: int, sweeps: Sequence[bytes]) -> None:
    """A log of `size` bytes, as a collector leaves it, without waiting for the disk."""
    EdgeLog(directory).close()
    segments = directory / "segments"
    shutil.rmtree(segments)
    segments.mkdir()
    payloads = [zlib.compress(sweep, 1, wbits=31) for sweep in sweeps]
    sequence, now = 1, time.time_ns()
    for _ in range(SEGMENTS):
        with (segments / f"{sequence:020d}.log").open("wb") as file:
            while file.tell() < size // SEGMENTS:
                payload = payloads[sequence % len(payloads)]
                file.write(frame.encode(sequence, now + sequence * 10**10, payload))
                sequence += 1


def opening(directory: Path) -> dict[str, float]:
    """Headers only, as after a restart."""
    before, began = _peak(), time.perf_counter()
    log = EdgeLog(directory, LIMITS)
    took = time.perf_counter() - began
    stats = log.stats()
    return {
        "log, MiB": stats.total_bytes / MIB,
        "log, records": stats.last_sequence,
        "open, s": took,
        "open, memory MiB": _peak() - before,
    }


def pulling(directory: Path) -> dict[str, float]:
    """A consumer that drains all of it, a MiB at a time."""
    log = EdgeLog(directory, LIMITS)
    before, began, cpu = _peak(), time.perf_counter(), time.process_time()
    cursor, size = None, 0
    while (batch := log.pull("store", cursor, MIB)).records:
        cursor, size = batch.cursor, size + len(batch.body)
    took = time.perf_counter() - began
    return {
        "pull, MB/s of gzip": size / took / 1e6,
        "pull, CPU ms a MB": 1e3 * (time.process_time() - cpu) / (size / 1e6),
        "pull, memory MiB": _peak() - before,
    }


def looking_back(directory: Path) -> dict[str, float]:
    """The newest record, then every one from the newest back."""
    log = EdgeLog(directory, LIMITS)
    before, began = _peak(), time.perf_counter()
    next(iter(log.newest_first(Span())))
    newest = time.perf_counter() - began
    count = sum(1 for _ in log.newest_first(Span()))
    took = time.perf_counter() - began
    assert count == log.stats().last_sequence
    return {
        "newest record, ms": 1e3 * newest,
        "whole history, s": took,
        "whole history, memory MiB": _peak() - before,
    }


def searching(directory: Path) -> dict[str, float]:
    """One segment of zeros, and one of nothing but magic numbers: the worst to search through."""
    found = {}
    for name, content in (("damaged", bytes(4)), ("hostile", frame.MAGIC)):
        with tempfile.TemporaryFile() as file:
            file.write(content * MIB)
            file.flush()
            began = time.process_time()
            assert len(list(frame.walk(file.fileno(), 0, 4 * MIB))) == 1
            found[f"{name} segment, CPU ms"] = 1e3 * (time.process_time() - began)
    return found


def inspecting(directory: Path) -> dict[str, float]:
    """`weir log inspect`."""
    before, began = _peak(), time.perf_counter()
    inspect(Onlooker.of(directory), LIMITS, time.time_ns())
    return {"inspect, s": time.perf_counter() - began, "inspect, memory MiB": _peak() - before}


def verifying(directory: Path) -> dict[str, float]:
    """`weir log verify`, of its first tenth."""
    seen = Onlooker.of(directory)
    some = Onlooker(directory, seen.epoch, {}, {}, seen.segments[: SEGMENTS // 10])
    verifier, before, began = Verifier(some), _peak(), time.perf_counter()
    assert not list(verifier.flaws())
    took = time.perf_counter() - began
    return {
        "verify, MB/s of gzip": verifier.bytes / took / 1e6,
        "verify, lines/s": verifier.lines / took,
        "verify, memory MiB": _peak() - before,
    }


def _peak() -> float:
    """The most memory so far, MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


MEASURED: dict[str, Callable[[Path], dict[str, float]]] = {
    "opening": opening,
    "pulling": pulling,
    "looking-back": looking_back,
    "searching": searching,
    "inspecting": inspecting,
    "verifying": verifying,
}

if __name__ == "__main__":
    for line in MEASURED[sys.argv[1]](Path(sys.argv[2])).items():
        print(*line)
