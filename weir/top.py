"""`weir top --once`: what runs now, as a table for people or JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3
from rich.console import Console
from rich.table import Table
from rich.text import Text

from monitor.errors import ConfigError, WeirError
from monitor.settings import setting
from weir.words import size

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class TopConfig:
    """Print what runs now: CPU, memory, network and disk of each container, the busiest first."""

    url: str = setting("http://127.0.0.1:8080", "address of the dashboard's query API")
    token_file: str = setting("", "file with the token that the query API asks for")
    tls_ca: str = setting("", "certificate authority file (PEM) to trust for https")
    once: bool = setting(False, "print one table and end; so far there is no other way")
    json: bool = setting(False, "print JSON instead of a table")

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise ConfigError(f"url: {self.url!r} does not begin with http:// or https://")


def top(config: TopConfig) -> int:
    """Print the containers that run now; returns the exit code."""
    try:
        answer = _get(config, "/api/v1/containers")
    except WeirError as error:
        print(f"weir top: {error}", file=sys.stderr)
        return 1
    if config.json:
        print(json.dumps(answer, indent=2))
        return 0
    rows = sorted(answer["containers"], key=lambda row: -(row["cpu_cores"] or 0))
    console = Console(highlight=False)
    if not rows:
        console.print("no containers run now, or the first two sweeps are not over yet")
        return 0
    if not console.is_terminal:
        console = Console(highlight=False, width=240)
    console.print(table(rows, now=answer["time"]))
    return 0


def table(rows: list[Row], now: float) -> Table:
    """The rows of /api/v1/containers; every percentage's base stands in its column's name."""
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for name, _ in COLUMNS:
        shown.add_column(name, justify="left" if name in LEFT else "right", no_wrap=True)
    for row in rows:
        start = row["start_time_seconds"]
        age = row | {"age": None if start is None else now - start}
        shown.add_row(*(Text(show(age)) for _, show in COLUMNS))
    return shown


def _get(config: TopConfig, path: str) -> Any:
    headers = {}
    if config.token_file:
        try:
            headers["Authorization"] = f"Bearer {Path(config.token_file).read_text().strip()}"
        except (OSError, UnicodeDecodeError) as error:
            raise WeirError(f"token-file: {config.token_file}: {error}") from None
    pool = urllib3.PoolManager(ca_certs=config.tls_ca or None, timeout=10, retries=False)
    try:
        response = pool.request("GET", config.url.rstrip("/") + path, headers=headers)
        answer = response.json()
    except urllib3.exceptions.SSLError as error:
        raise WeirError(
            f"{config.url} cannot be trusted ({_reason(error)}): name its authority by --tls-ca"
        ) from None
    except urllib3.exceptions.HTTPError as error:
        raise WeirError(
            f"{config.url} does not answer ({_reason(error)}): start `weir up`, or say --url"
        ) from None
    except ValueError:
        raise WeirError(f"{config.url} is no Weir: its answer is not JSON; say --url") from None
    if not isinstance(answer, dict):
        raise WeirError(f"{config.url} is no Weir: its answer has another shape; say --url")
    if response.status == 401:
        given = (
            f"the token in {config.token_file} is wrong"
            if config.token_file
            else "a token is needed"
        )
        raise WeirError(f"{config.url}: {given}; name its file by --token-file")
    if response.status != 200:
        raise WeirError(f"{config.url}: {answer.get('error')}; {answer.get('hint')}")
    if any("cpu_cores" not in row for row in answer.get("containers", [{}])):
        raise WeirError(f"{config.url} is no query API (a collector?): name the dashboard by --url")
    return answer


def _reason(error: Exception) -> str:
    return str(error).rpartition(": ")[2]


def _cores(row: Row) -> str:
    return "-" if row["cpu_cores"] is None else f"{row['cpu_cores']:.3f}"


def _percent(name: str) -> Callable[[Row], str]:
    return lambda row: "-" if row[name] is None else f"{100 * row[name]:.0f} %"


def _size(name: str, unit: str = "B") -> Callable[[Row], str]:
    return lambda row: size(row[name], unit)


def _age(row: Row) -> str:
    if row["age"] is None:
        return "-"
    seconds = int(row["age"])
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= length:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


def _text(name: str) -> Callable[[Row], str]:
    return lambda row: row.get(name) or "-"


LEFT = ("NAME", "NAMESPACE", "NODE")
COLUMNS: tuple[tuple[str, Callable[[Row], str]], ...] = (
    ("NAME", _text("container")),
    ("NAMESPACE", _text("namespace")),
    ("NODE", _text("node")),
    ("AGE", _age),
    ("CPU cores", _cores),
    ("% of limit", _percent("cpu_of_limit")),
    ("% of node", _percent("cpu_of_node")),
    ("MEMORY", _size("memory_working_set_bytes")),
    ("% of limit", _percent("memory_of_limit")),
    ("RX", _size("network_receive_bytes_per_second", "B/s")),
    ("TX", _size("network_transmit_bytes_per_second", "B/s")),
    ("READ", _size("fs_reads_bytes_per_second", "B/s")),
    ("WRITE", _size("fs_writes_bytes_per_second", "B/s")),
    ("PIDS", lambda row: "-" if row["processes"] is None else str(row["processes"])),
)
