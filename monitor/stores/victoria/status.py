"""What VictoriaMetrics' page for Prometheus tells of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

_STARTED = "vm_app_start_timestamp"
_INVALID = "vm_rows_invalid_total"
_IGNORED = "vm_rows_ignored_total"
_VERSION = "vm_app_version"
_FLAG = "flag"
_WANTED = tuple(
    f"{name}{end}" for name in (_STARTED, _INVALID, _IGNORED, _VERSION, _FLAG) for end in "{ "
)


@dataclass(frozen=True, slots=True)
class Status:
    """One process: `started` is its start in Unix seconds, "" where the page does not tell.

    `dropped` counts rows by reason, of all that wrote to it; `flags` are the options of its
    command line.
    """

    started: str
    dropped: Mapping[str, int]
    version: str
    flags: Mapping[str, str]


def parse(page: str) -> Status:
    """The status that a page of /metrics shows. Raises ValueError for what is none."""
    started = version = ""
    dropped: dict[str, int] = {}
    flags: dict[str, str] = {}
    lines = "\n".join(line for line in page.splitlines() if line.startswith(_WANTED))
    for family in text_string_to_metric_families(lines + "\n"):
        for sample in family.samples:
            labels, value = sample.labels, sample.value
            if sample.name == _STARTED:
                started = f"{value:.0f}"
            elif sample.name == _VERSION:
                version = labels.get("short_version") or labels.get("version", "")
            elif sample.name == _FLAG:
                flags[labels["name"]] = labels["value"]
            elif sample.name == _IGNORED:
                dropped[labels["reason"]] = int(value)
            elif labels.get("type") == "influx":
                dropped["invalid"] = int(value)
    return Status(started, dropped, version, flags)
