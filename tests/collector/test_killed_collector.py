"""The collector killed at each write, sync and removal, again and again on one directory.

Each start is the repair after the kill before. What a consumer was given stays what it is; what it
acknowledged it is not given again; nothing else is there. WEIR_KILLS says how many kills (20).
"""

from __future__ import annotations

import os
import signal
import urllib.error
import urllib.request
from itertools import cycle, islice
from pathlib import Path

import pytest

from monitor.edgelog import Cursor
from monitor.edgelog.frame import Frame
from monitor.edgelog.onlooker import Onlooker
from monitor.edgelog.verify import Verifier
from monitor.stream import wire
from tests.real.process import wait_until
from tests.real.require import program
from tests.real.weir import Weir

KILLS = int(os.environ.get("WEIR_KILLS", "20"))
AT = [
    (call, when)
    for when in (1, 3, 2, 5, 4, 7, 9)
    for call in ("pwrite64", "fdatasync", "fsync", "rename")
]
"""Which call of which kind is its last: those of the start, of sweeps and of acknowledgements."""
AT_REMOVAL = [("ftruncate", 1), *((call, n) for n in (1, 2, 3) for call in ("truncate", "unlink"))]
SHORT_AGE = "--log-max-age=2"
"""A segment for each sweep, dropped two seconds later."""


class Killed:
    """Collectors that are killed one after another, and the consumer of their log."""

    def __init__(self, directory: Path, *options: str) -> None:
        self.directory = directory
        self.data = directory / "log"
        self.options = (f"--data={self.data}", "--docker=none", "--interval=1", *options)
        self.given: dict[int, bytes] = {}
        self.cursor: Cursor | None = None
        self.number = 0

    def collector(self, *prefix: str) -> Weir:
        self.number += 1
        place = self.directory / str(self.number)
        place.mkdir()
        return Weir("collector", place, *self.options, prefix=prefix)

    def kill_at(self, call: str, when: int) -> None:
        """Start one that dies at its N-th call, and pull from it until it has."""
        inject = f"inject={call}:signal=KILL:when={when}"
        options = ("-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", inject)
        traced = self.collector(program("strace", "strace"), *options)
        traced.start()

        def has_died() -> bool:
            self.pull(traced)
            traced.status("/metrics?max_age=0")  # a sweep at once
            return not traced.running()

        try:
            wait_until(has_died, f"{call} for the {when}. time", 60)
            assert traced.stop() == -signal.SIGKILL, traced.tail()
        finally:
            traced.kill()
            assert traced.has_no_traceback(), traced.tail()

    def pull(self, weir: Weir) -> bool:
        """Acknowledge, and get one record; False if there is none, or nobody to ask."""
        ack = f"&ack={self.cursor}" if self.cursor else ""
        url = f"{weir.url}/api/v1/consumers/store/pull?max_bytes=1{ack}"
        try:
            with urllib.request.urlopen(urllib.request.Request(url, method="POST"), timeout=5) as r:
                body, cursor = r.read(), Cursor.parse(r.headers[wire.CURSOR])
        except (OSError, urllib.error.HTTPError):
            return False
        if not body:
            return False
        after = self.cursor.sequence if self.cursor else 0
        assert cursor.sequence > after, "given again what was acknowledged"
        self.given[cursor.sequence] = body
        self.cursor = cursor
        return True

    def kept(self) -> dict[int, bytes]:
        """The records on the disk, whole ones, by number."""
        found = {}
        for here in Onlooker.of(self.data).walk():
            payload = here.payload()
            if isinstance(here.found, Frame) and here.found.length:
                assert payload is not None, "a record is damaged"
                assert here.found.sequence not in found, "a number was given twice"
                found[here.found.sequence] = payload
        return found

    def check(self) -> None:
        """What was given is there still, unless it was dropped from the front; all can be read."""
        if not (self.data / "segments").exists():
            assert not self.given
            return
        kept = self.kept()
        oldest = min(kept, default=0)
        missing = {n for n in self.given if n >= oldest and n not in kept} if kept else set()
        assert not missing, f"records are lost: {missing}"
        changed = [n for n, body in self.given.items() if n in kept and not body.endswith(kept[n])]
        assert not changed, f"records are not what they were: {changed}"
        assert list(Verifier(Onlooker.of(self.data)).flaws()) == []

    def drain(self) -> None:
        """One that nobody kills: it starts, and gives all the rest."""
        last = self.collector()
        last.start_and_wait()
        assert last.status("/metrics?max_age=0") == 200
        while self.pull(last):
            pass
        assert last.stop() == 0
        assert not last.lines("damaged|cannot"), last.tail()


@pytest.mark.timeout(60 + 20 * KILLS)
def test_what_was_given_stays_and_nothing_is_invented(tmp_path: Path) -> None:
    killed = Killed(tmp_path)
    for call, when in islice(cycle(AT), KILLS - KILLS // 4):
        killed.kill_at(call, when)
        killed.check()
    killed.drain()
    killed.check()
    kept = killed.kept()
    assert killed.given.keys() >= kept.keys() - set(range(max(killed.given) + 1, max(kept) + 1))
    gaps = [n for n in killed.given if b"log_gap" in killed.given[n]]
    assert not gaps and len(killed.given) > KILLS // 2


@pytest.mark.timeout(60 + 20 * KILLS)
def test_what_is_dropped_when_it_is_killed_is_dropped_whole(tmp_path: Path) -> None:
    killed = Killed(tmp_path, SHORT_AGE)
    for call, when in islice(cycle(AT_REMOVAL), KILLS // 4):
        killed.kill_at(call, when)
        killed.check()
    killed.drain()
    killed.check()
