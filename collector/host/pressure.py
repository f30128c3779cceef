"""Pressure stall information of the whole node."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

from collector.host.rows import Row

_WORDS = {"some": "waiting", "full": "stalled"}


def pressure(proc_root: Path) -> Iterator[Row]:
    """Seconds since boot in which tasks waited; nothing where the kernel does not count them."""
    fields: dict[str, float] = {}
    for what in ("cpu", "memory", "io"):
        path = proc_root / "pressure" / what
        try:
            text = path.read_text()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            # A kernel booted with psi=0 has the files and refuses to read them.
            if error.errno == errno.EOPNOTSUPP:
                continue
            raise
        for kind, seconds in stalls(text, str(path)).items():
            fields[f"pressure_{what}_{kind}_seconds_total"] = seconds
    if fields:
        yield Row({}, fields)


def stalls(text: str, place: str) -> dict[str, float]:
    """Seconds by "waiting" (some task) and "stalled" (all tasks). ValueError with the line."""
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        word, _, rest = line.partition(" ")
        totals = [pair[6:] for pair in rest.split() if pair.startswith("total=")]
        if word not in _WORDS or len(totals) != 1 or not totals[0].isdecimal():
            raise ValueError(f"{place}, line {number}: {line[:80]!r} is no pressure line")
        found[_WORDS[word]] = int(totals[0]) / 1e6
    return found
