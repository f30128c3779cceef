"""Nodes that come and go."""

from __future__ import annotations

import tracemalloc

from monitor.aggregator.lanes import Lanes
from monitor.aggregator.node import Node
from monitor.aggregator.roster import Change, Roster
from monitor.edgelog import Cursor


def test_nodes_join_and_leave() -> None:
    joined: list[str] = []
    roster = Roster(lambda nodes: joined.extend(node.url for node in nodes))
    assert roster.name("file", {"http://a": "{}", "http://b": "{}"}) == Change(joined=2)
    a, b = roster.nodes()
    assert roster.name("file", {"http://b": "{}", "http://c": "{}"}) == Change(joined=1, left=1)
    assert joined == ["http://a", "http://b", "http://c"]
    assert [node.url for node in roster.nodes()] == ["http://b", "http://c"]
    assert (a.gone, b.gone) == (True, False)
    assert roster.name("file", {"http://b": "{}", "http://c": "{}"}) == Change()


def test_a_node_that_comes_back_begins_anew() -> None:
    roster = Roster(lambda nodes: None)
    roster.name("file", {"http://a": "{}"})
    (before,) = roster.nodes()
    before.cursor = "ab:7"
    roster.name("file", {})
    roster.name("file", {"http://a": "{}"})
    (after,) = roster.nodes()
    assert after is not before
    assert after.cursor == ""


def test_a_node_named_twice_is_one_and_stays_while_one_names_it() -> None:
    roster = Roster(lambda nodes: None)
    roster.name("file", {"http://a": '{"rack":"1"}'})
    assert roster.name("dns", {"http://a": '{"rack":"2"}'}) == Change()
    (node,) = roster.nodes()
    assert node.sources == ("file", "dns")
    assert node.labels == '{"rack":"1"}', "of who named it first"
    assert roster.name("file", {}) == Change()
    roster.name("dns", {"http://a": '{"rack":"3"}'})
    assert (node.sources, node.labels, node.gone) == (("dns",), '{"rack":"3"}', False)
    assert roster.name("dns", {}) == Change(left=1)
    assert node.gone
    assert not roster.nodes()


def test_five_thousand_nodes_take_little_memory() -> None:
    """With the place in the schedule: their address, labels of their own, a cursor, the figures."""
    count = 5000
    lanes = Lanes(16)

    def join(nodes: list[Node]) -> None:
        for index, node in enumerate(nodes):
            lanes.put(node, index * 0.01)

    tracemalloc.start()
    try:
        roster = Roster(join)
        roster.name("file", {f"http://10.1.{n // 250}.{n % 250}:9180": "{}" for n in range(count)})
        for number, node in enumerate(roster.nodes()):
            node.cursor = str(Cursor(f"{number:016x}", number + 1000))
            node.backlog = number + 1000
            node.answered_at, node.newest_at = number + 0.1, number + 0.2
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    print(f"{used / count:.0f} bytes a node")
    assert used / count < 560
