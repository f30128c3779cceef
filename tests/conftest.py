"""What every test folder can use: the real parts, and the mark of tests that need root."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.real.parts import (  # noqa: F401 (fixtures)
    browser,
    chromium,
    containerd,
    docker_engine,
    free_port,
    influxdb,
    page,
    podman,
    promtool,
    victoria,
    virtual_machine,
)
from tests.real.require import absent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write golden files anew; read the diff"
    )
    parser.addoption(
        "--soak", action="store_true", help="tests/faults in the long form, an hour; see make soak"
    )
    parser.addoption("--seed", type=int, help="the random moments of tests/faults once more")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """Compares text with a golden file, or writes the file where --update-golden is given."""

    def check(file: Path, text: str) -> None:
        if request.config.getoption("--update-golden"):
            file.write_text(text)
        assert file.exists(), f"{file} is missing; make it with --update-golden and read it"
        assert text == file.read_text()

    return check


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "root: the test needs root (cgroups, mounts, Docker)")
    config.addinivalue_line("markers", "soak: the test takes minutes, and runs with --soak only")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--soak"):
        return
    long = [item for item in items if item.get_closest_marker("soak")]
    items[:] = [item for item in items if item not in long]
    config.hook.pytest_deselected(items=long)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("root") and os.geteuid() != 0:
        absent("root's rights", "run the tests as root")
