"""What the tests of the edge log share."""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator

from monitor.edgelog import Cursor, EdgeLog


def members(body: bytes) -> list[bytes]:
    """Each record's lines."""
    found = []
    while body:
        inflate = zlib.decompressobj(wbits=31)
        found.append(inflate.decompress(body))
        assert inflate.eof, "a record is cut short"
        body = inflate.unused_data
    return found


def lines(number: int, size: int = 0) -> bytes:
    """A record that is told from all others, of a size that compression does not change much."""
    noise = random.Random(number).randbytes(size // 2).hex()
    return f'container,container=c v={number}i,noise="{noise}" {number}\n'.encode()


def read_all(log: EdgeLog, max_bytes: int = 1 << 20) -> list[bytes]:
    """Every record of the log, oldest first."""
    return [record for _, record in walk(log, max_bytes)]


def walk(log: EdgeLog, max_bytes: int = 1 << 20) -> Iterator[tuple[Cursor, bytes]]:
    """Every record, with the cursor behind its batch."""
    cursor: Cursor | None = None
    while True:
        batch = log.read(cursor, max_bytes)
        if not batch.records:
            assert batch.backlog == 0
            return
        found = members(batch.body)
        assert len(found) == batch.records
        cursor = batch.cursor
        yield from ((cursor, record) for record in found)
