"""This aggregator's part of the nodes, where several share them.

Rendezvous hashing: a node falls to the shard whose number, hashed together with the node's address,
gives the largest value. Each aggregator finds the same by itself, so none has to be elected, and a
node that joins moves no other. From N shards to N + 1 only one node in N + 1 moves, where a hash
modulo N would move nearly all: while aggregators of the old and of the new N run side by side, most
nodes are still pulled by exactly one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b

from monitor.errors import ConfigError

MOST = 64
"""Shards; each node is hashed with each of them."""


@dataclass(frozen=True, slots=True)
class Shard:
    """Part `index`, counted from 0 as the pods of a StatefulSet are, of `count`."""

    index: int = 0
    count: int = 1

    def takes(self, url: str) -> bool:
        """Whether the node of this address is ours; the scheme does not matter."""
        if self.count == 1:
            return True
        address = url.partition("://")[2].encode()
        return max(range(self.count), key=lambda shard: _weight(shard, address)) == self.index

    @classmethod
    def parse(cls, text: str) -> Shard:
        """`I/N`; "" is all. Raises ConfigError."""
        if not text:
            return cls()
        match = re.fullmatch(r"(\d{1,3})/(\d{1,3})", text, re.ASCII)
        if match is None:
            raise ConfigError(f"shard: {text!r} is not I/N, for example 0/3, 1/3 and 2/3")
        index, count = int(match[1]), int(match[2])
        if not 1 <= count <= MOST:
            raise ConfigError(f"shard: {text}: there may be 1 to {MOST} shards")
        if index >= count:
            raise ConfigError(
                f"shard: {text}: shards are counted from 0, the last of {count} is "
                f"{count - 1}/{count}"
            )
        return cls(index, count)

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


def _weight(shard: int, address: bytes) -> bytes:
    return blake2b(b"%d %b" % (shard, address), digest_size=8).digest()
