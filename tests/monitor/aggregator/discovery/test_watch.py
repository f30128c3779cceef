"""Discovery: sources that change, fail and come back."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

import pytest

from monitor.aggregator.discovery.admission import Admission
from monitor.aggregator.discovery.shard import Shard
from monitor.aggregator.discovery.source import Group, Listing, Source
from monitor.aggregator.discovery.watch import Discovery
from monitor.aggregator.roster import Roster
from tests.real.process import wait_until


class Told:
    """A source that says what a test tells it to; each `look` is one step of it."""

    every_seconds = 0.02

    def __init__(self, name: str, *listings: Listing | Exception) -> None:
        self.name = name
        self.says: list[Listing | Exception] = list(listings)
        self.looks = 0

    def look(self) -> Iterator[Listing]:
        self.looks += 1
        for said in self.says:
            if isinstance(said, Exception):
                raise said
            yield said

    def now_says(self, *listings: Listing | Exception) -> None:
        """Say this from now on; returns when it was heard."""
        self.says = list(listings)
        looks = self.looks
        wait_until(lambda: self.looks > looks + 1, "it is asked again", 5, pause=0.005)


def _listing(place: str, *addresses: str) -> Listing:
    return Listing(place, [Group(addresses)])


@pytest.fixture
def roster() -> Roster:
    return Roster(lambda nodes: None)


def _urls(roster: Roster) -> list[str]:
    return sorted(node.url for node in roster.nodes())


def _start(
    roster: Roster, *sources: Source, named: tuple[str, ...] = (), shard: str = ""
) -> Discovery:
    discovery = Discovery(named, sources, Admission(shard=Shard.parse(shard)), roster)
    discovery.start()
    return discovery


def test_nodes_join_and_leave_in_one_line(roster: Roster, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    source = Told("told", _listing("1", "a:1", "b:1"), _listing("2", "c:1"))
    discovery = _start(roster, source, named=("http://x:1",))
    wait_until(lambda: len(roster) == 4, "they join", 5)
    source.now_says(_listing("1", "a:1", "d:1"))
    assert _urls(roster) == ["http://a:1", "http://c:1", "http://d:1", "http://x:1"]
    discovery.stop()
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "told: 3 nodes joined, 0 left; there are 4",
        "told: 1 nodes joined, 1 left; there are 4",
    ]


def test_a_place_that_fails_keeps_its_nodes_and_is_told_once(
    roster: Roster, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    source = Told("told", _listing("1", "a:1", "b:1"))
    discovery = _start(roster, source)
    wait_until(lambda: len(roster) == 2, "they join", 5)
    source.now_says(Listing("1", error="1: it is broken"))
    wait_until(lambda: source.looks > 10, "it goes on asking", 20)
    assert _urls(roster) == ["http://a:1", "http://b:1"]
    (place,) = discovery.places()
    assert (place["source"], place["nodes"], place["error"]) == ("1", 2, "1: it is broken")
    source.now_says(_listing("1", "b:1"))
    assert _urls(roster) == ["http://b:1"]
    assert discovery.places()[0]["error"] is None
    discovery.stop()
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "told: 2 nodes joined, 0 left; there are 2",
        "1: it is broken; its 2 nodes stay",
        "1 is right again",
        "told: 0 nodes joined, 1 left; there are 1",
    ]


def test_a_place_that_is_gone_takes_its_nodes_along(roster: Roster) -> None:
    source = Told("told", _listing("1", "a:1"), _listing("2", "b:1"))
    discovery = _start(roster, source)
    wait_until(lambda: len(roster) == 2, "they join", 5)
    source.now_says(Listing("2", is_gone=True))
    assert _urls(roster) == ["http://a:1"]
    assert [place["source"] for place in discovery.places()] == ["1"]
    discovery.stop()


def test_a_slow_source_delays_no_other(roster: Roster) -> None:
    released = threading.Event()

    class Hanging(Told):
        def look(self) -> Iterator[Listing]:
            released.wait(30)
            return super().look()

    discovery = _start(roster, Hanging("hangs"), Told("told", _listing("1", "a:1")))
    wait_until(lambda: len(roster) == 1, "the other is heard", 5)
    released.set()
    discovery.stop()


def test_why_there_is_no_node(roster: Roster) -> None:
    source = Told("told", Listing("1", error="1: it is broken"))
    discovery = Discovery((), [source], Admission(shard=Shard(1, 2)), roster)
    assert discovery.missing() == "its sources are being asked"
    discovery.start()
    wait_until(lambda: discovery.missing() == "1: it is broken", "the error", 5)
    source.now_says(_listing("1", "169.254.169.254:80"))
    assert discovery.missing().startswith("1 of its addresses are refused: 169.254.169.254 is no")
    source.now_says(_listing("1"))
    assert discovery.missing() == "told: no node of shard 1/2 is named there"
    discovery.stop()


def test_a_fault_with_one_source_does_not_end_its_thread(
    roster: Roster, caplog: pytest.LogCaptureFixture
) -> None:
    source = Told("told", ZeroDivisionError())
    discovery = _start(roster, source)
    wait_until(lambda: source.looks > 1, "it is asked again", 10)
    assert "told: a fault in Weir; please report it" in caplog.text
    assert discovery.is_alive()
    source.now_says(_listing("1", "a:1"))
    assert _urls(roster) == ["http://a:1"]
    discovery.stop()


def test_the_shards_share_what_is_named() -> None:
    named = tuple(f"http://n{number}:1" for number in range(50))
    source = _listing("1", *(f"m{number}:1" for number in range(50)))
    rosters = [Roster(lambda nodes: None) for _ in range(3)]
    started = [
        _start(roster, Told("told", source), named=named, shard=f"{index}/3")
        for index, roster in enumerate(rosters)
    ]
    wait_until(lambda: sum(map(len, rosters)) == 100, "all are found", 5)
    found = [url for roster in rosters for url in _urls(roster)]
    assert len(set(found)) == 100
    for discovery in started:
        discovery.stop()
