"""python -m tests.faults.fast_collector DIRECTORY PORT INTERVAL: a collector that hurries.

The collector as it is, but for its interval, which may be far below the least that can be set.
"""

from __future__ import annotations

import sys

from collector.agent import Agent
from collector.config import CollectorConfig
from monitor.web.server import bind
from weir.allocator import be_frugal
from weir.process import run


def main() -> int:
    """Run until a signal comes."""
    directory, port, interval = sys.argv[1:]
    config = CollectorConfig(
        listen=f"127.0.0.1:{port}",
        data=directory,
        docker="none",
        cpu_share=0,
        log_max_bytes=1 << 20,
    )
    object.__setattr__(config, "interval", float(interval))
    be_frugal()
    return run("collector", lambda: Agent(config, bind(config.listen), {}))


if __name__ == "__main__":
    sys.exit(main())
