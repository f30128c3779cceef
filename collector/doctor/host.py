"""The host's own figures: each reader of the collector is run once."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import psutil

from collector.doctor.words import words
from collector.host.host import Reader, readers
from collector.host.rows import Row
from collector.ticker import Due
from monitor.findings import Finding

AREA = "the host"
_MAY_LACK: Mapping[str, str] = {
    "disks": "this machine shows no disk that was ever used",
    "temperature": "this machine shows no sensor",
    "pressure": "",
}
_MACHINE: Mapping[str, str] = {
    "system_uuid": "root alone may read the firmware's, or there is none",
    "machine_id": "there is no /etc/machine-id (in a container, mount the host's)",
    "boot_id": "procfs does not show it",
}


def host(proc_root: Path, root: Path = Path("/")) -> Iterator[Finding]:
    """A line for each reader."""
    found = readers(proc_root, root)
    for what, reader in found.of(Due(slow=True, limits=True)).items():
        rows = _rows(what, reader)
        if isinstance(rows, Finding):
            yield rows
        elif rows:
            yield Finding(AREA, what, "ok", _shown(rows))
        elif what == "pressure":
            yield _no_pressure(proc_root)
        elif what in _MAY_LACK:
            yield Finding(AREA, what, "none", _MAY_LACK[what], needed=False)
        else:
            yield Finding(AREA, what, "no", _NONE[what][0], _NONE[what][1])
    rows = _rows("machine", found.machine)
    yield rows if isinstance(rows, Finding) else _machine(rows[0])


_NONE: Mapping[str, tuple[str, str]] = {
    "network": (
        "this network namespace has no interface but what is a container's or the loopback",
        "run it where the host's /proc/1/net/dev can be read (docker run --pid host)",
    ),
    "filesystems": (
        "no local filesystem is mounted where this process runs",
        "in a container, mount the host's directories that matter (read-only)",
    ),
}


def _rows(what: str, reader: Reader) -> Sequence[Row] | Finding:
    try:
        return list(reader())
    except OSError as error:
        return Finding(AREA, what, "no", words(error, error.filename or what), "run it as root")
    except (ValueError, RuntimeError, psutil.Error) as error:
        return Finding(AREA, what, "no", str(error), "look at that file")


def _shown(rows: Sequence[Row]) -> str:
    parts = [next(iter(row.tags.values())) for row in rows if row.tags and "mode" not in row.tags]
    names = sorted({field for row in rows for field in row.fields})
    count = f"{len(names)} figure{'s' * (len(names) != 1)}"
    shown = ", ".join(parts[:4]) + (f" and {len(parts) - 4} more" if len(parts) > 4 else "")
    return f"{count} of {shown}" if parts else count


def _no_pressure(proc_root: Path) -> Finding:
    path = proc_root / "pressure/cpu"
    try:
        path.read_bytes()
        why = f"{path} says nothing"
    except OSError as error:
        off = error.errno == errno.EOPNOTSUPP
        why = "the kernel was told not to count" if off else words(error, path)
    remedy = "boot with the kernel parameter psi=1, on Linux 4.20 or newer"
    return Finding(AREA, "pressure", "no", why, remedy, needed=False)


def _machine(row: Row) -> Finding:
    lacking = [f"no {key}: {why}" for key, why in _MACHINE.items() if key not in row.fields]
    why = "; ".join(["what it is", *lacking]) if lacking else "what it is, with all its ids"
    return Finding(AREA, "machine", "ok", why)
