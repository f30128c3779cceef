"""Looking at a log that somebody writes, and at copies: nothing is changed, and all is told."""

from __future__ import annotations

import json
import os
import threading
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.edgelog import Cursor, EdgeLog, Limits, LogError
from monitor.edgelog.export import Form, Wanted, export, line_protocol, ndjson
from monitor.edgelog.frame import encode
from monitor.edgelog.inspect import inspect
from monitor.edgelog.onlooker import Onlooker
from monitor.edgelog.verify import Flaw, Verifier
from monitor.lineprotocol import Parser
from tests.monitor.edgelog.helpers import lines

SECOND = 10**9
NOW = 1_800_000_000 * SECOND
LIMITS = Limits(max_bytes=1 << 20, max_age_seconds=7200)


def filled(directory: Path, count: int, size: int = 0, limits: Limits = LIMITS) -> EdgeLog:
    """Record N, of N, was made 10 N seconds after NOW."""
    log = EdgeLog(directory, limits)
    for n in range(count):
        log.append(lines(n, size), NOW + 10 * n * SECOND)
    return log


def flaws(directory: Path) -> list[Flaw]:
    return list(Verifier(Onlooker.of(directory)).flaws())


def contents(directory: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_an_open_log_is_inspected(fast_path: Path) -> None:
    log = filled(fast_path, 361)
    log.pull("store", Cursor(log.epoch, 300), 1)
    log.pull("a-new-one", None, 1)
    before = contents(fast_path)
    report = inspect(Onlooker.of(fast_path), LIMITS, NOW + 3600 * SECOND)
    assert contents(fast_path) == before
    assert (report.epoch, report.runs, report.writer) == (log.epoch, 1, os.getpid())
    assert (report.records, report.bytes) == (361, log.stats().total_bytes)
    assert (report.oldest_ns, report.newest_ns) == (NOW, NOW + 3600 * SECOND)
    new, store = report.consumers
    assert (new.backlog_records, new.backlog_bytes) == (361, report.bytes)
    assert (store.name, store.acknowledged, store.backlog_records) == ("store", 300, 61)
    assert store.waits_since_ns == NOW + 3000 * SECOND
    assert store.loses_in_seconds == 7200 - 600
    assert report.segments[0].to_ns is not None and report.drops_by == "age"
    assert report.drops_in_seconds == 3600 + (report.segments[0].to_ns - NOW) / SECOND
    assert report.bytes_per_second == pytest.approx(report.bytes / 361 / 10, rel=0.02)
    assert report.holes == [] and report.steps_back == 0


def test_the_size_bound_is_foretold(fast_path: Path) -> None:
    log = filled(fast_path, 200, 4000)
    report = inspect(Onlooker.of(fast_path), LIMITS, NOW + 2000 * SECOND)
    assert report.bytes_per_second is not None
    left = (LIMITS.max_bytes - log.stats().total_bytes) / report.bytes_per_second
    assert report.drops_by == "size"
    assert report.drops_in_seconds == pytest.approx(left)


def test_holes_losses_and_a_clock_set_back_are_told(fast_path: Path) -> None:
    log = EdgeLog(fast_path, Limits(max_bytes=64 * 1024))
    log.pull("store", None, 1)
    for n in range(300):
        log.append(lines(n, 1000), NOW - (n == 299) * SECOND)
    log.close()
    newest = sorted((fast_path / "segments").iterdir())[-1]
    with newest.open("ab") as file:
        file.write(encode(305, NOW, zlib.compress(b"x v=1i 1\n", wbits=31)))
    report = inspect(Onlooker.of(fast_path), Limits(), NOW)
    oldest = report.segments[0].first
    assert report.consumers[0].lost_records == oldest - 1 > 0
    assert report.holes == [(301, 304)]
    assert report.steps_back == 1


def test_an_empty_log_is_no_error(fast_path: Path) -> None:
    EdgeLog(fast_path).close()
    report = inspect(Onlooker.of(fast_path), LIMITS, NOW)
    assert (report.records, report.writer, report.drops_in_seconds) == (0, None, None)
    assert flaws(fast_path) == []


def test_a_directory_in_which_nearly_nothing_stands_yet_is_no_error(fast_path: Path) -> None:
    (fast_path / "segments").mkdir()
    report = inspect(Onlooker.of(fast_path), LIMITS, NOW)
    assert (report.epoch, report.records, report.consumers) == ("", 0, [])
    assert flaws(fast_path) == []


def test_what_is_being_written_and_dropped_is_no_damage(fast_path: Path) -> None:
    """A log that drops and appends all the time, verified over and over."""
    log = EdgeLog(fast_path, Limits(max_bytes=64 * 1024))
    stop = threading.Event()

    def append() -> None:
        n = 0
        while not stop.is_set():
            log.append(lines(n % 50, 3000))
            n += 1

    thread = threading.Thread(target=append)
    thread.start()
    try:
        seen = 0
        for _ in range(100):
            verifier = Verifier(Onlooker.of(fast_path))
            assert list(verifier.flaws()) == []
            seen += verifier.records
    finally:
        stop.set()
        thread.join()
    assert log.stats().dropped_records > 0 and seen > 0


def test_a_torn_tail_is_no_damage_at_any_byte(fast_path: Path) -> None:
    filled(fast_path, 3).close()
    (segment,) = (fast_path / "segments").iterdir()
    data = segment.read_bytes()
    for length in range(len(data)):
        segment.write_bytes(data[:length])
        assert flaws(fast_path) == [], f"cut at {length}"


def test_each_kind_of_damage_is_named_with_its_place(fast_path: Path) -> None:
    filled(fast_path, 1).close()
    (segment,) = (fast_path / "segments").iterdir()
    end = segment.stat().st_size
    frames = [
        encode(2, NOW, b"no gzip"),
        encode(3, NOW, zlib.compress(b"x v=1i 1\n", wbits=31)[:-3]),
        encode(4, NOW, zlib.compress(b"good v=1i 1\nnot a line\n", wbits=31)),
        encode(5, NOW, zlib.compress(b"x v=1i 1\n", wbits=31))[:-1] + b"?",
        bytes(100),
        encode(4, NOW, zlib.compress(b"x v=1i 1\n", wbits=31)),
    ]
    with segment.open("ab") as file:
        file.write(b"".join(frames))
    offsets = [end + len(b"".join(frames[:n])) for n in range(len(frames))]
    assert [str(flaw) for flaw in flaws(fast_path)] == [
        f"{segment}:{offsets[0]}: record 2: gzip member 1 is damaged: Error -3 while decompressing "
        "data: incorrect header check",
        f"{segment}:{offsets[1]}: record 3: gzip member 1 is cut short",
        f"{segment}:{offsets[2]}: record 4: line 2: could not convert string to float: '': "
        "'not a line'",
        f"{segment}:{offsets[3]}: record 5 fails its checksum",
        f"{segment}:{offsets[4]}: 100 bytes hold no readable record",
        f"{segment}:{offsets[5]}: record 4 stands behind record 5",
    ]


def test_progress_reaches_the_end(fast_path: Path) -> None:
    filled(fast_path, 50, 100).close()
    (segment,) = (fast_path / "segments").iterdir()
    data = bytearray(segment.read_bytes())
    data[500:600] = bytes(100)
    segment.write_bytes(data)
    done: list[int] = []
    list(Verifier(Onlooker.of(fast_path)).flaws(done.append))
    assert sum(done) == len(data)
    done.clear()
    told: list[Flaw] = []
    list(export(Onlooker.of(fast_path), Wanted(), line_protocol(), told.append, done.append))
    assert sum(done) == len(data) and told


def test_lines_are_exported_as_they_are(fast_path: Path) -> None:
    filled(fast_path, 5)
    told: list[Flaw] = []
    found = list(export(Onlooker.of(fast_path), Wanted(), line_protocol(), told.append))
    assert found == [lines(n) for n in range(5)]
    assert told == []


@pytest.mark.parametrize("form", [line_protocol, ndjson])
def test_what_is_exported_is_chosen_line_by_line(fast_path: Path, form: Callable[[], Form]) -> None:
    log = EdgeLog(fast_path)
    for n in range(6):
        at = NOW + 10 * n * SECOND
        text = b'a,x=a\\ b v=%di,t="\\"" %d\nb v=1 %d\n' % (n, at, at + 1)
        log.append(text, at)
    wanted = Wanted(NOW + 10 * SECOND, NOW + 40 * SECOND, "a")
    data = b"".join(export(Onlooker.of(fast_path), wanted, form(), lambda _: None))
    if form is ndjson:
        found = [json.loads(line) for line in data.splitlines()]
        assert found[0] == {
            "measurement": "a",
            "tags": {"x": "a b"},
            "fields": {"v": 1, "t": '"'},
            "time_ns": NOW + 10 * SECOND,
        }
        assert [one["fields"]["v"] for one in found] == [1, 2, 3]
    else:
        assert [record.fields["v"] for record in Parser().parse(data)] == [1, 2, 3]
        assert data.startswith(b'a,x=a\\ b v=1i,t="\\"" ')


def test_what_is_no_log_is_refused_in_words(fast_path: Path) -> None:
    with pytest.raises(LogError, match="there is no such directory; name an edge log's"):
        Onlooker.of(fast_path / "nowhere")
    (fast_path / "file").write_text("")
    with pytest.raises(LogError, match="there is no such directory"):
        Onlooker.of(fast_path / "file")
    with pytest.raises(LogError, match="is no edge log, it has no segments; name an edge log's"):
        Onlooker.of(fast_path)
    EdgeLog(fast_path / "collector").close()
    with pytest.raises(LogError, match=f"did you mean {fast_path}/collector\\?"):
        Onlooker.of(fast_path)
