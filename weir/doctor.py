"""`weir doctor PART`: what a part would see on this machine, as this user, and what not."""

from __future__ import annotations

import io
import logging
import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path

from collector.config import CollectorConfig
from monitor.settings import setting

PARTS = ("collector",)
USAGE = """\
usage: weir doctor PART [OPTIONS]     (the options are those of `weir PART`)

  collector    which metrics, names and rights a collector has here, as this user
"""


@dataclass(frozen=True, kw_only=True)
class CollectorDoctorConfig(CollectorConfig):
    """Try to read what a collector reads, and list what can be had, what not, why, and what helps.

    It takes the options of `weir collector`, so that it tries what that would.
    """

    json: bool = setting(False, "print JSON instead of a table")


def doctor(config: CollectorDoctorConfig, environ: dict[str, str]) -> int:
    """Print what was found; returns 0 if everything usual can be read, else 1."""
    from collector.doctor.doctor import examine
    from collector.doctor.report import as_json, text

    logging.basicConfig(handlers=[logging.NullHandler()])  # what is amiss stands in the table
    findings = examine(config, environ)
    show = as_json if config.json else text
    if isinstance(sys.stdout, io.TextIOWrapper):  # a path may hold what no encoding has
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.stdout.write(show(findings, _head(config)).rstrip("\n") + "\n")
    return int(any(finding.missing for finding in findings))


def _head(config: CollectorConfig) -> str:
    from collector.doctor.finding import user

    return (
        f"weir collector on {config.node_name}, as user {user()} (uid {os.geteuid()}) with "
        f"{_capabilities()}, Linux {platform.release()}"
    )


def _capabilities() -> str:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return f"{int(line.split()[1], 16).bit_count() or 'no'} capabilities"
    return "unknown capabilities"
