"""The `weir` command."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib.metadata import version

from weir.options import load
from weir.process import run

USAGE = """\
usage: weir COMMAND [OPTIONS]        (weir COMMAND --help shows a command's options)

  up           everything on this machine, on the embedded store, in one command
  top          what runs now, with its CPU and memory
  collector    the node agent: reads cgroups, keeps the edge log, serves /metrics
  aggregator   pulls the collectors' logs and writes them to the store
  quarantine   the lines that the store refused: shows them, writes them again
  dashboard    the web pages and the query API
  init-store   makes the store's database or bucket, if it has none yet, and tries it
  doctor       what a part can see on this machine and what not, why, and what helps
  log          looks into an edge log: what it holds, whether it is whole, its lines
  health       whether the part that runs in this container is well
  version      prints the version
"""


def main() -> int:
    """Run the command that the arguments name; returns its exit code."""
    command, *arguments = sys.argv[1:] or [""]
    if command in ("-h", "--help", "help"):
        print(USAGE, end="")
        return 0
    if command in ("version", "--version"):
        print(f"weir {version('weir')}")
        return 0
    if command not in COMMANDS:
        print(
            f"weir: {f'no command {command!r}' if command else 'no command'}\n{USAGE}",
            file=sys.stderr,
            end="",
        )
        return 2
    try:
        return COMMANDS[command](arguments)
    except ModuleNotFoundError as error:
        extra = EXTRA.get((error.name or "").partition(".")[0], "all")
        print(
            f"weir {command}: {error.name} is not installed: pip install 'weir[{extra}]'",
            file=sys.stderr,
        )
        return 2


def _up(arguments: list[str]) -> int:
    from weir.up import Supervisor, UpConfig

    config = load(UpConfig, "up", arguments, dict(os.environ))
    return run("up", lambda: Supervisor(config))


def _top(arguments: list[str]) -> int:
    from weir.top import TopConfig, top

    return top(load(TopConfig, "top", arguments, dict(os.environ)))


def _collector(arguments: list[str]) -> int:
    from collector.agent import Agent
    from collector.config import CollectorConfig
    from monitor.web.server import bind
    from weir.allocator import be_frugal

    config = load(CollectorConfig, "collector", arguments, dict(os.environ))
    be_frugal()
    return run("collector", lambda: Agent(config, bind(config.listen)))


def _aggregator(arguments: list[str]) -> int:
    from monitor.aggregator.config import AggregatorConfig
    from monitor.aggregator.service import Aggregator
    from monitor.web.server import bind
    from weir.allocator import be_frugal

    config = load(AggregatorConfig, "aggregator", arguments, dict(os.environ))
    be_frugal()
    return run("aggregator", lambda: Aggregator(config, bind(config.listen)))


def _quarantine(arguments: list[str]) -> int:
    from weir.quarantine import ACTIONS, USAGE, QuarantineConfig, quarantine

    action, *rest = arguments or [""]
    if action not in ACTIONS:
        asked = action in ("-h", "--help")
        print(USAGE, file=sys.stdout if asked else sys.stderr, end="")
        return 0 if asked else 2
    command = f"quarantine {action}"
    return quarantine(action, load(QuarantineConfig, "aggregator", rest, dict(os.environ), command))


def _dashboard(arguments: list[str]) -> int:
    from dashboard.config import DashboardConfig
    from dashboard.service import Dashboard
    from monitor.web.server import bind

    config = load(DashboardConfig, "dashboard", arguments, dict(os.environ))
    return run("dashboard", lambda: Dashboard(config, bind(config.listen)))


def _init_store(arguments: list[str]) -> int:
    from monitor.aggregator.config import AggregatorConfig
    from monitor.stores.setup.config import InitStoreConfig
    from weir.init_store import run as init

    environ, name = dict(os.environ), "init-store"
    return init(load(InitStoreConfig, "aggregator", arguments, environ, name, AggregatorConfig))


def _doctor(arguments: list[str]) -> int:
    from weir import doctor

    part, *rest = arguments or [""]
    if part not in doctor.PARTS:
        asked = part in ("-h", "--help")
        print(doctor.USAGE, file=sys.stdout if asked else sys.stderr, end="")
        return 0 if asked else 2
    environ = dict(os.environ)
    if part == "store":
        from monitor.aggregator.config import AggregatorConfig

        of_store, name = doctor.StoreDoctorConfig, "doctor store"
        return doctor.store(load(of_store, "aggregator", rest, environ, name, AggregatorConfig))
    config = load(doctor.CollectorDoctorConfig, part, rest, environ, f"doctor {part}")
    return doctor.collector(config, environ)


def _log(arguments: list[str]) -> int:
    from weir.log import log

    return log(arguments)


def _health(arguments: list[str]) -> int:
    from weir.health import HealthConfig, health

    return health(load(HealthConfig, "health", arguments, dict(os.environ)), dict(os.environ))


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "up": _up,
    "top": _top,
    "collector": _collector,
    "aggregator": _aggregator,
    "quarantine": _quarantine,
    "dashboard": _dashboard,
    "init-store": _init_store,
    "doctor": _doctor,
    "log": _log,
    "health": _health,
}
EXTRA = {
    "dns": "aggregator",
    "docker": "collector",
    "flask": "dashboard",
    "influxdb_client": "influx",
    "numpy": "embedded",
    "plotly": "dashboard",
    "psutil": "collector",
    "rich": "top",
    "urllib3": "aggregator",
    "yaml": "aggregator",
}
"""The extra that brings each module."""

if __name__ == "__main__":
    sys.exit(main())
