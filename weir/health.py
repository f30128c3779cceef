"""`weir health`: asks the part that runs in the same container how it is.

An image has one health check and the part is chosen by the command, so this finds the part's
process by its control group, which no other container shares even where the host's processes are in
sight, and asks the address that the process's own options name.
"""

from __future__ import annotations

import http.client
import ssl
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from itertools import pairwise
from pathlib import Path

from monitor.errors import ConfigError, WeirError
from monitor.settings import setting
from monitor.web.config import ListenConfig, address
from weir.options import load

PARTS = {
    "up": "weir.up:UpConfig",
    "collector": "collector.config:CollectorConfig",
    "aggregator": "monitor.aggregator.config:AggregatorConfig",
    "dashboard": "dashboard.config:DashboardConfig",
}
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (asked, not bound)


@dataclass(frozen=True, kw_only=True)
class HealthConfig:
    """Ask the part of Weir that runs in this container whether it is well: exit code 0, else 1."""

    wait: float = setting(5.0, "seconds to wait for its answer", metavar="SECONDS")

    def __post_init__(self) -> None:
        if not 0 < self.wait <= 300:
            raise ConfigError(f"wait: {self.wait:g} is not between 0 and 300 seconds")


def health(config: HealthConfig, environ: dict[str, str], proc: Path = Path("/proc")) -> int:
    """Print one line that says how the part is; returns the exit code."""
    try:
        part, options = running(proc)
        print(f"weir {part}: {ask(_listens(part, options, environ), config.wait)}")
    except WeirError as error:
        print(f"weir health: {error}", file=sys.stderr)
        return 1
    return 0


def running(proc: Path) -> tuple[str, list[str]]:
    """The part in this process's control group and its options; WeirError where there is none."""
    own = (proc / "self" / "cgroup").read_bytes()
    for process in sorted(_processes(proc), key=lambda path: int(path.name)):
        try:
            if (process / "cgroup").read_bytes() == own:
                found = part_of((process / "cmdline").read_bytes())
                if found is not None:
                    return found
        except OSError:
            continue  # it has ended
    raise WeirError(f"none of {', '.join(PARTS)} runs in this container")


def part_of(cmdline: bytes) -> tuple[str, list[str]] | None:
    """Part and options of `…/weir PART OPTIONS` or `python -m weir PART OPTIONS`; None else."""
    words = cmdline.decode(errors="surrogateescape").split("\0")[:-1]
    if any(word.startswith("--listen=fd:") for word in words):
        return None  # a child of `weir up`, which answers for all three
    for place, (word, following) in enumerate(pairwise(words)):
        if word.rpartition("/")[2] == "weir":
            return (following, words[place + 2 :]) if following in PARTS else None
    return None


def ask(listens: ListenConfig, seconds: float) -> str:
    """What /healthz says with a 200. Raises WeirError that names the address otherwise."""
    host, port = address(listens.listen)
    host = _EVERYWHERE.get(host, host)
    token = listens.token()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    connection: http.client.HTTPConnection
    if listens.tls_cert:
        trust = _only(listens.tls_cert)
        connection = http.client.HTTPSConnection(host, port, timeout=seconds, context=trust)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=seconds)
    try:
        connection.request("GET", "/healthz", headers=headers)
        answer = connection.getresponse()
        said = answer.read(4096).decode(errors="replace").strip()
    except (OSError, http.client.HTTPException) as error:
        raise WeirError(f"{listens.listen} does not answer ({error})") from None
    finally:
        connection.close()
    if answer.status != 200:
        raise WeirError(f"{listens.listen} answers {answer.status}: {said}")
    return said


def _processes(proc: Path) -> Iterator[Path]:
    return (path for path in proc.iterdir() if path.name.isdigit())


def _listens(part: str, options: list[str], environ: dict[str, str]) -> ListenConfig:
    module, _, name = PARTS[part].partition(":")
    config = load(getattr(import_module(module), name), part, options, environ)
    assert isinstance(config, ListenConfig)  # noqa: S101 (each of PARTS is one)
    return config


def _only(certificate: str) -> ssl.SSLContext:
    """Trust in this very certificate, under whatever name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        context.load_verify_locations(certificate)
    except OSError as error:
        raise WeirError(f"tls-cert: {certificate}: {error}") from None
    return context
