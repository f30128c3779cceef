"""Writes what is in the quarantine to the store once more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from monitor.aggregator.bisection import Write, refused_in
from monitor.aggregator.quarantine import Quarantine
from monitor.aggregator.quarantine_file import Entry
from monitor.errors import StoreRejected


class Retried(NamedTuple):
    """One file: how many of its lines the store took this time, and how many it refuses again."""

    path: Path
    taken: int
    refused: int


def retry(quarantine: Quarantine, path: Path, write: Write) -> Retried:
    """Write a file's lines: it is removed, and what is refused again is kept anew.

    Killed at any moment nothing is lost: what is kept anew is on the disk before the file goes. The
    aggregator may keep more in the meantime. Raises QuarantineError, and what `write` raises but
    StoreRejected; then the file is as it was.
    """
    entry = quarantine.read(path)
    if entry is None:
        return Retried(path, 0, 0)
    kept = list(_kept_again(quarantine, entry, write))
    if path not in (again for again, _ in kept):
        quarantine.remove(path)
    refused = sum(lines for _, lines in kept)
    return Retried(path, entry.lines - refused, refused)


def _kept_again(quarantine: Quarantine, entry: Entry, write: Write) -> Iterator[tuple[Path, int]]:
    body = entry.body()
    try:
        write(body)
    except StoreRejected as error:
        for refused in refused_in(body, str(error), write):
            lines = sum(each.count_lines() for each in refused)
            yield quarantine.keep(entry.node_url, refused), lines
