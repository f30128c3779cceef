"""Several readers of one log: each has its place, and one name is one place."""

from __future__ import annotations

import random
import re
import threading
from pathlib import Path

from monitor.edgelog import Cursor, EdgeLog, Limits
from tests.monitor.edgelog.helpers import lines, members

RECORDS = [lines(n, 500) for n in range(300)]
WIDE = Limits(max_bytes=16 << 20)


class Aggregator:
    """Pulls as the real one does, and acknowledges what it wrote to its store."""

    def __init__(self, log: EdgeLog, name: str, store: list[bytes]) -> None:
        self._log = log
        self._name = name
        self.store = store
        self.cursor: Cursor | None = None

    def step(self, max_bytes: int = 3000) -> int:
        batch = self._log.pull(self._name, self.cursor, max_bytes)
        self.store += members(batch.body)
        self.cursor = batch.cursor
        return batch.records

    def restart(self) -> None:
        self.cursor = None


def test_two_consumers_at_different_places_take_nothing_from_each_other(fast_path: Path) -> None:
    log = EdgeLog(fast_path, WIDE)
    quick, slow = Aggregator(log, "quick", []), Aggregator(log, "slow", [])
    for n, record in enumerate(RECORDS):
        log.append(record)
        quick.step()
        if n % 10 == 0:
            slow.step(800)
    assert quick.store == RECORDS
    assert 0 < len(slow.store) < len(RECORDS)
    while slow.step():
        pass
    assert slow.store == RECORDS


def test_two_aggregators_of_one_name_and_store_lose_nothing(fast_path: Path) -> None:
    """They restart at any moment; what both wrote is the same points twice."""
    log = EdgeLog(fast_path, WIDE)
    store: list[bytes] = []
    pair = Aggregator(log, "store", store), Aggregator(log, "store", store)
    chance = random.Random(3)
    for record in RECORDS:
        log.append(record)
        for one in pair:
            if chance.random() < 0.5:
                one.step()
            if chance.random() < 0.05:
                one.restart()
    while pair[0].step() or pair[1].step():
        pass
    assert set(store) == set(RECORDS)
    assert not [record for record in store if b"log_gap" in record]


def test_two_aggregators_of_one_name_at_once(fast_path: Path) -> None:
    log = EdgeLog(fast_path, WIDE)
    stores: tuple[list[bytes], list[bytes]] = ([], [])
    done = threading.Event()

    def pull(store: list[bytes]) -> None:
        aggregator = Aggregator(log, "store", store)
        while True:
            finished = done.is_set()
            if not aggregator.step() and finished:
                return

    threads = [threading.Thread(target=pull, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for record in RECORDS:
        log.append(record)
    done.set()
    for thread in threads:
        thread.join()
    for store in stores:
        assert store == [record for record in RECORDS if record in set(store)], "in order, once"
    assert set(stores[0]) | set(stores[1]) == set(RECORDS)


def test_a_consumer_slower_than_the_retention_is_told_of_each_record(fast_path: Path) -> None:
    log = EdgeLog(fast_path, Limits(max_bytes=64 * 1024))
    slow, quick = Aggregator(log, "slow", []), Aggregator(log, "quick", [])
    slow.step()
    for n, record in enumerate(RECORDS):
        log.append(record)
        quick.step()
        if n % 4 == 0:
            slow.step(500)
    while slow.step():
        pass
    gaps = [re.search(rb"log_gap_records=([0-9]+)i", record) for record in slow.store]
    told = sum(int(gap[1]) for gap in gaps if gap)
    kept = [record for record, gap in zip(slow.store, gaps, strict=True) if not gap]
    assert kept == [record for record in RECORDS if record in set(kept)]
    assert told > 0 and len(kept) + told == len(RECORDS)
    assert quick.store == RECORDS
    assert log.stats().lost_records >= told
