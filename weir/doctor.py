"""`weir doctor PART`: what a part would see on this machine, as this user, and what not."""

from __future__ import annotations

import io
import logging
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from collector.config import CollectorConfig
from monitor.findings import Finding, Words, as_json, text
from monitor.settings import setting
from monitor.stores.config import StoreConfig

PARTS = ("collector", "store")
USAGE = """\
usage: weir doctor PART [OPTIONS]     (with those of `weir collector`, or of the store)

  collector    which metrics, names and rights a collector has here, as this user
  store        whether samples can be written and read back, and what will go wrong later
"""
_COLLECTOR = Words("Everything usual can be read.", "Missing, wholly or in part")
_STORE = Words("Everything is as it should be.", "Amiss, wholly or in part")


@dataclass(frozen=True, kw_only=True)
class CollectorDoctorConfig(CollectorConfig):
    """Try to read what a collector reads, and list what can be had, what not, why, and what helps.

    It takes the options of `weir collector`, so that it tries what that would.
    """

    json: bool = setting(False, "print JSON instead of a table")


@dataclass(frozen=True, kw_only=True)
class StoreDoctorConfig(StoreConfig):
    """Write a sample to the store, read it back, and look at what the store tells of itself."""

    json: bool = setting(False, "print JSON instead of a table")


def collector(config: CollectorDoctorConfig, environ: dict[str, str]) -> int:
    """Print what was found; returns 0 if everything usual can be read, else 1."""
    from collector.doctor.doctor import examine

    logging.basicConfig(handlers=[logging.NullHandler()])  # what is amiss stands in the table
    return _print(examine(config, environ), _head(config), _COLLECTOR, config.json)


def store(config: StoreDoctorConfig) -> int:
    """Print what was found; returns 0 if the store is as it should be, else 1."""
    from monitor.stores.doctor.doctor import examine

    logging.basicConfig(handlers=[logging.NullHandler()])
    return _print(examine(config), f"weir's store {config.store}", _STORE, config.json)


def _print(findings: Sequence[Finding], head: str, words: Words, json: bool) -> int:
    shown = as_json(findings, head) if json else text(findings, head, words)
    if isinstance(sys.stdout, io.TextIOWrapper):  # a path may hold what no encoding has
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.stdout.write(shown.rstrip("\n") + "\n")
    return int(any(finding.missing for finding in findings))


def _head(config: CollectorConfig) -> str:
    from collector.doctor.words import user

    return (
        f"weir collector on {config.node_name}, as user {user()} (uid {os.geteuid()}) with "
        f"{_capabilities()}, Linux {platform.release()}"
    )


def _capabilities() -> str:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return f"{int(line.split()[1], 16).bit_count() or 'no'} capabilities"
    return "unknown capabilities"
