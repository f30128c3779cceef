"""Pressure stall information of the whole node."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

from collector.cgroup import parse
from collector.host.rows import Row


def pressure(proc_root: Path) -> Iterator[Row]:
    """Seconds since boot in which tasks waited; nothing where the kernel does not count them.

    Raises ValueError naming the file and the line.
    """
    fields: parse.Fields = {}
    for resource in ("cpu", "memory", "io"):
        path = proc_root / "pressure" / resource
        try:
            fields |= parse.pressure(resource)(path.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            continue
        except parse.Malformed as error:
            raise ValueError(f"{path}, {error}") from None
        except OSError as error:
            # A kernel booted with psi=0 has the files and refuses to read them.
            if error.errno != errno.EOPNOTSUPP:
                raise
    if fields:
        yield Row({}, fields)
