"""What the process itself is allowed: descriptors, and a place on the disk for its log."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from collector.cgroup.files import claim_descriptors
from collector.config import MIB, CollectorConfig
from collector.doctor.words import user, words
from monitor.errors import ConfigError
from monitor.findings import Finding

AREA = "this process"
_FILES_OF_A_CONTAINER = 20


def open_files(containers: int) -> Finding:
    """Whether the kernel's files of all containers may be kept open."""
    budget = claim_descriptors()
    enough = budget // _FILES_OF_A_CONTAINER
    why = f"{budget} may be kept, enough for {enough} containers"
    if enough >= max(100, containers):
        return Finding(AREA, "open files", "ok", why)
    remedy = "raise the limit (LimitNOFILE=65536 in a systemd unit, ulimit -Hn); without, files "
    remedy += "beyond it are opened at each reading, which costs more CPU"
    return Finding(AREA, "open files", "partly", why, remedy, needed=False)


def edge_log(config: CollectorConfig) -> Finding:
    """Whether the log's directory can be written, or made, and holds what it may grow to."""
    try:
        there = directory = config.data_dir
    except ConfigError as error:
        why, _, remedy = str(error).partition("; ")
        return Finding(AREA, "edge log", "no", why, remedy)
    try:
        while not there.exists():
            there = there.parent
        if there == directory:
            with tempfile.TemporaryFile(dir=directory):
                pass
        elif not os.access(there, os.W_OK | os.X_OK):
            why = f"user {user()} may not make {directory} (in {there})"
            return Finding(AREA, "edge log", "no", why, _remedy(directory))
        space = os.statvfs(there)
    except OSError as error:
        return Finding(AREA, "edge log", "no", words(error, directory), _remedy(directory))
    free, want = space.f_bavail * space.f_frsize // MIB, config.log_max_bytes // MIB
    held = sum(_sizes(directory)) // MIB if there == directory else 0
    if free + held < want:
        why = f"{directory} has {free} MiB free, and the log may grow to {want} MiB"
        return Finding(AREA, "edge log", "partly", why, "make room, or give --log-max-bytes")
    return Finding(AREA, "edge log", "ok", f"{directory}, {free} MiB free")


def _remedy(directory: Path) -> str:
    return f"give {directory} to user {user()}, or name another directory with --data"


def _sizes(directory: Path) -> Sequence[int]:
    return [file.stat().st_size for file in directory.iterdir() if file.is_file()]
