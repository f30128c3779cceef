"""The fixtures: one of each part for a whole session, started by the first test that asks."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.real.busybox import IMAGE
from tests.real.containerd import Containerd
from tests.real.docker import Engine
from tests.real.influxdb import InfluxDB
from tests.real.podman import Podman
from tests.real.process import unused_port
from tests.real.require import absent, cgroup_mount, program, root
from tests.real.victoria import VictoriaMetrics
from tests.real.vm import VirtualMachine, payload
from tests.real.vm_image import BUSYBOX

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

MEASURING = tuple(f"tests/real/{name}.py" for name in ("cgroups", "kernel_figures", "agreement"))
"""The modules of this folder that run in the virtual machine."""
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[Engine]:
    """A Docker engine of this session's own, with the image busybox:test."""
    root("a Docker engine")
    cgroup_mount()
    with _directory("docker") as directory:
        engine = Engine(directory)
        try:
            engine.start()
            yield engine
        finally:
            engine.stop()


@pytest.fixture(scope="session")
def podman() -> Iterator[Podman]:
    """podman with storage of this session's own, and the image busybox:test."""
    root("podman")
    cgroup_mount()
    with _directory("podman") as directory:
        tool = Podman(directory)
        try:
            tool.start()
            yield tool
        finally:
            tool.stop()


@pytest.fixture(scope="session")
def containerd() -> Iterator[Containerd]:
    """A containerd of this session's own, with the image busybox:test."""
    root("containerd")
    cgroup_mount()
    with _directory("containerd") as directory:
        daemon = Containerd(directory)
        try:
            daemon.start()
            yield daemon
        finally:
            daemon.stop()


@pytest.fixture(scope="session")
def influxdb() -> Iterator[InfluxDB]:
    """An InfluxDB 1.x. A test that stops it starts it again; each test makes its own database."""
    with _directory("influxdb") as directory:
        server = InfluxDB(directory)
        try:
            server.start()
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def victoria() -> Iterator[VictoriaMetrics]:
    """A VictoriaMetrics. A test that stops it starts it again; each test has names of its own."""
    with _directory("victoria") as directory:
        server = VictoriaMetrics(directory)
        try:
            server.start()
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def virtual_machine() -> Iterator[VirtualMachine]:
    """A machine with cgroup v2, Docker's systemd driver and busybox:test; weir is in /opt/weir.

    Its port 9180, a collector's, can be reached: `virtual_machine.url(9180)`.
    """
    with _directory("vm") as directory:
        content = payload("collector", ("collector", "monitor", "weir", *MEASURING))
        machine = VirtualMachine(directory, content, ports=[9180])
        try:
            machine.start()
            machine.wait("docker version >/dev/null 2>&1")
            machine.run(f"docker import {BUSYBOX} {IMAGE}")
            yield machine
        finally:
            machine.stop()


@pytest.fixture(scope="session")
def promtool() -> str:
    """The path of Prometheus' promtool."""
    return program("promtool", "prometheus")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the Chromium browser."""
    return program("chromium", "chromium")


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """Playwright's Browser over the installed Chromium, without a window."""
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        absent("playwright", "pip install -r requirements/dev.lock")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_FLAGS))
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty page of its own context, 1280 x 900."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


@pytest.fixture
def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on now."""
    return unused_port()


class _directory:  # noqa: N801 (used as a function)
    """A short-named temporary directory: a socket's path has to fit in 107 bytes."""

    def __init__(self, part: str) -> None:
        self._path = Path(tempfile.mkdtemp(prefix=f"weir-{part}-"))

    def __enter__(self) -> Path:
        return self._path

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._path, ignore_errors=True)
