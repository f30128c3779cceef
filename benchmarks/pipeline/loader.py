"""The store alone: the same records, made as the simulator makes them, and written by threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from benchmarks.cluster.plan import Plan
from benchmarks.cluster.sweep import Sweeps
from monitor.errors import StoreUnavailable
from monitor.stores.config import StoreConfig
from monitor.stores.open import open_writer
from monitor.stores.protocols import Writer

WRITERS = 2
WRITE_BYTES = 1024 * 1024
DECODED_BYTES = 8 * 1024 * 1024
"""As the aggregator has them unless told otherwise: writes at the same time, and of what size."""
_TRIES, _PAUSE_SECONDS = 120, 0.5


def points_per_second(plan: Plan, records_each: int, store: StoreConfig) -> float:
    """Lines a second that the store takes: the first `records_each` of each of the plan's nodes."""
    bodies = _bodies(plan, records_each)
    taking = threading.Lock()
    writer = open_writer(store)
    errors: list[Exception] = []

    def write() -> None:
        try:
            while True:
                with taking:
                    body = next(bodies, None)
                if body is None:
                    return
                _write(writer, body)
        except Exception as error:
            errors.append(error)

    began = time.monotonic()
    threads = [threading.Thread(target=write) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - began
    writer.close()
    if errors:
        raise errors[0]
    return plan.nodes * records_each * Sweeps(plan).lines_each / seconds


def _write(writer: Writer, body: bytes) -> None:
    """Again and again while the store is too busy, as the aggregator would."""
    for _ in range(_TRIES):
        try:
            writer.write(body)
            return
        except StoreUnavailable:
            time.sleep(_PAUSE_SECONDS)
    writer.write(body)


def _bodies(plan: Plan, records_each: int) -> Iterator[bytes]:
    """Node after node as a backlog comes, in bodies of the size of the aggregator's writes."""
    sweeps = Sweeps(plan)
    body: list[bytes] = []
    encoded = decoded = 0
    for node in range(plan.nodes):
        for sequence in range(1, records_each + 1):
            lines, payload = sweeps.record(node, sequence)
            encoded += len(payload)
            decoded += len(lines)
            if body and (encoded > WRITE_BYTES or decoded > DECODED_BYTES):
                yield b"".join(body)
                body, encoded, decoded = [], len(payload), len(lines)
            body.append(payload)
    yield b"".join(body)
