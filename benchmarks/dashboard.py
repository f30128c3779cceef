"""The overview of 500 containers, 1 h, embedded store: the server's CPU and the time to the charts.

python -m benchmarks.dashboard [--quick]    --quick fills 10 min; the bounds are the same

The dashboard runs in a process of its own; its CPU time is read from /proc: for all requests of
the page together, which the bound is on, and for the dearest of them alone. The page is timed in
Chromium, from the navigation to the frame after the fourth chart: by a browser that has never been
here, and by one that has, with the page's files in its cache. Exits 1 where a bound is broken. The
bounds are on an idle machine: wall time is also the machine's other work.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
import urllib.request
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.query import CONTAINERS, INTERVAL, NS, fill
from dashboard.app import create_app
from dashboard.config import DashboardConfig
from monitor.stores.embedded.reader import EmbeddedReader
from monitor.web.server import Server, bind
from tests.real.parts import CHROMIUM_FLAGS
from tests.real.require import program

ROUNDS = 5
SERVER_MS, PAINTED_MS = 150, 1000
REFRESH = 3600.0  # none while it is measured
ASKED = """() => performance.getEntriesByType("resource").map((entry) => entry.name)
  .filter((name) => name.includes("/api/"))"""
PAINTED = """
(() => {
  const look = () => {
    const charts = document.querySelectorAll("figure[data-drawn]").length;
    if (charts < 4) return requestAnimationFrame(look);
    const done = () => { window.painted = performance.now(); };
    requestAnimationFrame(() => requestAnimationFrame(done));
  };
  requestAnimationFrame(look);
})();
"""


class Visit(NamedTuple):
    """One page: ms from navigation to painted charts, ms of the server's CPU."""

    painted: float
    server: float


def serve(directory: Path, now_ns: int, ready: Connection) -> None:
    """The dashboard's process: tells its address, then serves until it is ended."""
    config = DashboardConfig(listen="127.0.0.1:0", store=f"sqlite:{directory}", refresh=REFRESH)
    app = create_app(config, EmbeddedReader(directory), lambda: now_ns)
    server = Server(app, bind(config.listen), config, threads=6)
    server.start()
    ready.send(server.url)
    time.sleep(3600)


def cpu_ms(pid: int) -> float:
    """CPU time of a process so far, in ms."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") * 1e3


def visit(page: Page, url: str, pid: int) -> Visit:
    """Open the overview and wait for all of it."""
    before = cpu_ms(pid)
    page.goto(f"{url}/?range=1h")
    page.wait_for_function("() => window.painted", timeout=60_000)
    return Visit(page.evaluate("() => window.painted"), cpu_ms(pid) - before)


def dearest(addresses: list[str], pid: int) -> tuple[float, str]:
    """The largest CPU time, in ms, that one of the page's requests takes, and which it is."""
    costs = []
    for address in addresses:
        before = cpu_ms(pid)
        for _ in range(ROUNDS):
            urllib.request.urlopen(address).read()
        costs.append(((cpu_ms(pid) - before) / ROUNDS, address))
    return max(costs)


def visits(
    browser: Browser, url: str, pid: int, now_ns: int
) -> tuple[dict[str, list[Visit]], list[str]]:
    """Some first visits, each in a context of its own, and some later ones; what they asked."""
    found: dict[str, list[Visit]] = {"first visit": [], "later visit": []}
    asked: list[str] = []
    for _ in range(ROUNDS):
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        page = context.new_page()
        page.add_init_script(f"Date.now = () => {now_ns / 1e6};")
        page.add_init_script(PAINTED)
        found["first visit"].append(visit(page, url, pid))
        visit(page, url, pid)  # Chromium keeps compiled scripts from the second visit on
        found["later visit"].append(visit(page, url, pid))
        asked = page.evaluate(ASKED)
        context.close()
    return found, asked


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="10 minutes instead of 1 hour")
    seconds = 600 if parser.parse_args().quick else 3600
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        now_ns = time.time_ns() // (INTERVAL * NS) * INTERVAL * NS + NS
        fill(directory, seconds, now_ns)
        here, there = multiprocessing.Pipe()
        process = multiprocessing.get_context("spawn").Process(
            target=serve, args=(directory, now_ns, there), daemon=True
        )
        process.start()
        try:
            url, pid = here.recv(), process.pid
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=program("chromium", "chromium"), args=list(CHROMIUM_FLAGS)
                )
                found, asked = visits(browser, url, pid or 0, now_ns)
                browser.close()
            request = dearest(asked, pid or 0)
        finally:
            process.terminate()
            process.join()
    return report(found, request)


def report(found: dict[str, list[Visit]], request: tuple[float, str]) -> int:
    """Print the medians beside their bounds; 1 if one is broken."""
    print(f"{CONTAINERS} containers, the least of {ROUNDS}; bounds in brackets")
    for kind, seen in found.items():
        painted = min(each.painted for each in seen)
        server = min(each.server for each in seen)
        later = kind == "later visit"
        bounds = (f" ({PAINTED_MS})", f" ({SERVER_MS})") if later else ("", "")
        print(
            f"{kind}: painted after {painted:.0f} ms{bounds[0]},"
            f" server CPU of all requests {server:.0f} ms{bounds[1]}"
        )
    cost, address = request
    print(f"dearest request: {cost:.0f} ms of CPU, {address.partition('/api/v1')[2]}")
    broken = painted > PAINTED_MS or server > SERVER_MS
    print("a bound is broken" if broken else "all bounds are kept")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
