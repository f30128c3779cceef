"""`weir aggregator` as the fault tests start it, and what such a process takes of the machine."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from monitor.stores.config import StoreConfig
from monitor.stores.open import open_reader
from monitor.stores.protocols import Reader
from tests.real.weir import Weir


def aggregator(directory: Path, name: str, nodes: str, store: StoreConfig, *options: str) -> Weir:
    """From the nodes' addresses to the store, as the consumer `name`, in a directory of its own."""
    own = directory / name
    own.mkdir(parents=True, exist_ok=True)
    return Weir(
        "aggregator",
        own,
        f"--nodes={nodes}",
        f"--consumer={name}",
        f"--store={store.store}",
        f"--influx-database={store.influx_database}",
        f"--data={own}",
        "--poll=0.1",
        *options,
    )


def patient_reader(store: StoreConfig) -> Reader:
    """A reader for whole stores: on a busy machine that takes longer than a chart may."""
    return open_reader(replace(store, store_timeout=600.0))


class Taken(NamedTuple):
    """What a process takes: MiB resident, open descriptors, threads."""

    rss_mib: float
    descriptors: int
    threads: int

    def __str__(self) -> str:
        return f"{self.rss_mib:.1f} MiB, {self.descriptors} descriptors, {self.threads} threads"


def taken(pid: int) -> Taken:
    """What the process takes now."""
    status = Path(f"/proc/{pid}/status").read_text()
    return Taken(
        int(status.split("VmRSS:")[1].split()[0]) / 1024,
        len(list(Path(f"/proc/{pid}/fd").iterdir())),
        int(status.split("Threads:")[1].split()[0]),
    )


def wait_for_a_write(directory: Path) -> None:
    """Return as soon as a file below the directory changes, or after three seconds."""
    before, deadline = _changed_ns(directory), time.monotonic() + 3
    while _changed_ns(directory) == before and time.monotonic() < deadline:
        time.sleep(0.0005)


def _changed_ns(directory: Path) -> int:
    newest = 0
    for path in directory.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # a journal that came and went
            newest = max(newest, path.stat().st_mtime_ns)
    return newest
