"""What the fault tests share: how much is asked, the random moments, and a place to say it."""

from __future__ import annotations

import random
import secrets
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.fleet import Fleet
from tests.real.weir import Weir

Say = Callable[[str], None]


@pytest.fixture
def soak(request: pytest.FixtureRequest) -> bool:
    """Whether this is the long form."""
    return bool(request.config.getoption("--soak"))


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """Prints a line on the terminal, whether the test passes or not."""

    def line(text: str) -> None:
        with capsys.disabled():
            print(f"\n  {text}", end="", flush=True)

    return line


@pytest.fixture
def moments(request: pytest.FixtureRequest, say: Say) -> random.Random:
    """Random numbers; `--seed` gives the same ones again."""
    seed = request.config.getoption("--seed")
    seed = secrets.randbelow(10**6) if seed is None else seed
    say(f"seed {seed}")
    return random.Random(seed)


@pytest.fixture
def logs() -> Iterator[Path]:
    """A directory in memory for the logs of a fleet: their disk is not what is tried with it."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(
        prefix="weir-fleet-", dir=memory if memory.is_dir() else None
    ) as directory:
        yield Path(directory)


@pytest.fixture
def fleet(logs: Path) -> Iterator[Fleet]:
    """Eight nodes of twenty containers; nothing is logged yet."""
    nodes = Fleet(logs, 8, 20)
    yield nodes
    nodes.stop()


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[Weir]:
    """A real collector that sweeps this machine each second."""
    weir = Weir(
        "collector", tmp_path, f"--data={tmp_path / 'log'}", "--interval=1", "--docker=none"
    )
    try:
        weir.start_and_wait()
        yield weir
    finally:
        weir.stop()
