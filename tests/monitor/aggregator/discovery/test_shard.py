"""Each node falls to exactly one shard, and few of them ever move."""

from __future__ import annotations

from collections import Counter

import pytest

from monitor.aggregator.discovery.shard import Shard
from monitor.errors import ConfigError

NODES = [f"http://10.{n // 62500}.{n // 250 % 250}.{n % 250}:9180" for n in range(5000)]


def _shards(nodes: list[str], count: int) -> dict[str, int]:
    """The one shard of each node."""
    taken = {node: [i for i in range(count) if Shard(i, count).takes(node)] for node in nodes}
    assert all(len(shards) == 1 for shards in taken.values()), "exactly one"
    return {node: shards[0] for node, shards in taken.items()}


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_every_node_is_in_exactly_one_shard_and_the_shards_are_alike(count: int) -> None:
    sizes = Counter(_shards(NODES, count).values())
    assert sizes.keys() == set(range(count))
    assert max(sizes.values()) < 1.15 * len(NODES) / count


def test_nodes_that_join_move_none() -> None:
    before = _shards(NODES[:3000], 3)
    after = _shards(NODES, 3)
    assert all(after[node] == shard for node, shard in before.items())


def test_one_more_shard_moves_only_its_own_nodes() -> None:
    before, after = _shards(NODES, 3), _shards(NODES, 4)
    moved = [node for node in NODES if before[node] != after[node]]
    assert {after[node] for node in moved} == {3}
    assert len(moved) == pytest.approx(len(NODES) / 4, rel=0.1)


def test_the_shard_of_an_address_never_changes() -> None:
    """Aggregators of different versions, and after a restart, have to agree."""
    assert [_shards([node], 4)[node] for node in NODES[:12]] == [1, 1, 0, 2, 0, 3, 2, 2, 0, 3, 2, 2]
    assert _shards(["https://10.0.0.0:9180"], 4)["https://10.0.0.0:9180"] == 1, "of any scheme"


def test_shards_as_they_are_written() -> None:
    assert Shard.parse("") == Shard(0, 1)
    assert Shard.parse("2/3") == Shard(2, 3)
    assert str(Shard(2, 3)) == "2/3"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("3/3", "shard: 3/3: shards are counted from 0, the last of 3 is 2/3"),
        ("1", "shard: '1' is not I/N, for example 0/3, 1/3 and 2/3"),
        ("-1/3", "shard: '-1/3' is not I/N"),
        ("0/0", "shard: 0/0: there may be 1 to 64 shards"),
        ("0/65", "shard: 0/65: there may be 1 to 64 shards"),
        ("a/b", "is not I/N"),
    ],
)
def test_shards_that_cannot_be(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Shard.parse(text)
    assert words in str(caught.value)
