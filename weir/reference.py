"""The reference pages, made from the same tables as the program: `python -m weir.reference`."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from collector.config import CollectorConfig
from dashboard.config import DashboardConfig
from monitor.aggregator.config import AggregatorConfig
from monitor.catalogue import CATALOGUE, OPTIONAL_GROUPS, TAGS
from monitor.stores.setup.config import InitStoreConfig
from weir.doctor import CollectorDoctorConfig
from weir.health import HealthConfig
from weir.log import LogExportConfig, LogInspectConfig, LogVerifyConfig
from weir.options import PREFIX, flag_of
from weir.quarantine import QuarantineConfig
from weir.top import TopConfig
from weir.up import UpConfig

CONFIGS: dict[str, Any] = {
    "up": UpConfig,
    "collector": CollectorConfig,
    "aggregator": AggregatorConfig,
    "quarantine": QuarantineConfig,
    "dashboard": DashboardConfig,
    "top": TopConfig,
    "init-store": InitStoreConfig,
    "doctor": CollectorDoctorConfig,
    "log inspect": LogInspectConfig,
    "log verify": LogVerifyConfig,
    "log export": LogExportConfig,
    "health": HealthConfig,
}

HEADINGS = {
    "container": "Containers",
    "pod": "Pods",
    "namespace": "A node's part of a namespace",
    "node": "The node",
    "machine": "The machine",
    "weir": "Weir about itself",
}

METRICS = """\
# Metrics

Made by `make docs` from the catalogue (`monitor/catalogue.csv`). A name is the measurement, `_`,
and the field: the Prometheus name is `container_memory_rss`, the line in a store is
`container,… memory_rss=…`. Counters only grow until the container restarts, and are stored as the
kernel counts them: rates are derived when they are read. What the kernel calls unlimited is absent.
A few of node_exporter's names are in camel case, such as `node_memory_MemTotal_bytes`: those are in
the stores and not on a collector's `/metrics`, since `promtool check metrics` refuses them there.
A group is what a scrape can ask for (`/metrics?collect[]=cpu`) and what an option of the collector
switches on: `--enable percpu,disk` reads the groups marked (option).
`cgroup v1` and `cgroup v2` name the file, and the key in it, that the figure is read from.
"""

CONFIGURATION = """\
# Configuration

Made by `make docs` from the configurations in the code. Nothing here is required: every option has
a default that works on one machine. Each can be given as a flag, as an environment variable, or in
a TOML file named by `--config`; a flag wins over the environment, that over the file. The name is
the same everywhere: `--log-max-bytes`, `WEIR_LOG_MAX_BYTES`, and in the file

```toml
[collector]
log-max-bytes = 67108864
```

Secrets are never options themselves: an option names the file that holds one.
"""


def pages() -> dict[str, str]:
    """File name to text, of every page that is made."""
    return {"metrics.md": metrics(), "configuration.md": configuration()}


def metrics() -> str:
    """The catalogue as one table for each measurement."""
    parts = [METRICS]
    for measurement, tags in TAGS.items():
        rows: list[Sequence[str]] = [
            (
                f"`{m.name}`",
                f"{m.group} (option)" if m.group in OPTIONAL_GROUPS else m.group,
                m.kind,
                m.unit,
                ", ".join(m.tags),
                m.help,
                m.v1 or "-",
                m.v2 or "-",
            )
            for m in CATALOGUE.values()
            if m.measurement == measurement
        ]
        header = [
            "name",
            "group",
            "kind",
            "unit",
            "further labels",
            "what",
            "cgroup v1",
            "cgroup v2",
        ]
        if measurement != "container":
            header[-2:] = ["source"]
            rows = [row[:-1] for row in rows]
        labels = ", ".join(f"`{tag}`" for tag in tags)
        parts.append(f"## {HEADINGS[measurement]}\n\nLabels: {labels}.\n\n{_table(header, rows)}")
    return "\n".join(parts)


def configuration() -> str:
    """Every command's options."""
    parts = [CONFIGURATION]
    for command, config in CONFIGS.items():
        parents = set(config.__mro__[1:]) & {CollectorConfig, AggregatorConfig}
        inherited = {name for parent in parents for name in parent.__dataclass_fields__}
        rows = [
            (
                f"`{flag_of(field)}`",
                "" if field.metadata["positional"] else f"`{PREFIX}{field.name.upper()}`",
                f"`{field.default}`" if field.default not in ("", False) else "",
                field.metadata["help"],
            )
            for field in dataclasses.fields(config)
            if field.name not in inherited
        ]
        about = " ".join(config.__doc__.split("\n\n")[0].split())
        table = _table(("flag", "environment", "default", "meaning"), rows)
        parts.append(f"## weir {command}\n\n{about}\n\n{table}")
    return "\n".join(parts)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(
        f"| {' | '.join(c.replace('|', chr(92) + '|') for c in row)} |\n" for row in lines
    )


if __name__ == "__main__":
    for name, text in pages().items():
        (Path(sys.argv[1]) / name).write_text(text, encoding="utf-8")
