"""What every test folder can use: the real parts, and the mark of tests that need root."""

from __future__ import annotations

import os

import pytest

from tests.real.parts import (  # noqa: F401 (fixtures)
    browser,
    chromium,
    docker_engine,
    free_port,
    influxdb,
    page,
    promtool,
    virtual_machine,
)
from tests.real.require import absent


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "root: the test needs root (cgroups, mounts, Docker)")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("root") and os.geteuid() != 0:
        absent("root's rights", "run the tests as root")
