"""`weir up` as a person runs it: one process that runs three, and ends them."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, Queue
from threading import Thread

import psutil
import pytest
import urllib3

DEADLINE = 60


class Up:
    """A running `weir up`, on free ports."""

    def __init__(self, data: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "weir", "up", f"--data={data}", "--docker=none"),
                *("--listen=127.0.0.1:0", "--collector-listen=127.0.0.1:0", *arguments),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self._queue: Queue[str] = Queue()
        Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._queue.put(line)

    def wait_for(self, pattern: str) -> re.Match[str]:
        """The first line, of those that came and those to come, that matches."""
        for line in self.lines:
            if match := re.search(pattern, line):
                return match
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            try:
                line = self._queue.get(timeout=0.2)
            except Empty:
                continue
            self.lines.append(line)
            if match := re.search(pattern, line):
                return match
        raise AssertionError(f"no {pattern!r} in {''.join(self.lines)}")

    def part(self, name: str) -> psutil.Process:
        """The process of one part."""
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            for child in psutil.Process(self.process.pid).children():
                if name in child.cmdline():
                    return child
            time.sleep(0.05)
        raise AssertionError(f"{name} does not run: {''.join(self.lines)}")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Up]]:
    """Starts `weir up` with further arguments; ends it with the test."""
    started: list[Up] = []

    def begin(*arguments: str) -> Up:
        started.append(Up(tmp_path / "data", "--interval=1", *arguments))
        return started[-1]

    yield begin
    for each in started:
        each.process.kill()
        each.process.wait()


@pytest.fixture
def up(start: Callable[..., Up]) -> Up:
    return start()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_is_and_ends_cleanly(up: Up, number: int) -> None:
    up.wait_for(r"Weir is up: http://127\.0\.0\.1:\d+")
    parts = [up.part(name) for name in ("collector", "aggregator", "dashboard")]

    up.process.send_signal(number)

    assert up.process.wait(DEADLINE) == 0
    assert not any(part.is_running() for part in parts)


def test_a_part_that_dies_is_started_again(up: Up) -> None:
    up.wait_for("Weir is up")
    dead = up.part("aggregator")

    dead.kill()

    up.wait_for(r"aggregator ended with code -9; starting it again")
    psutil.wait_procs([dead], timeout=DEADLINE)
    assert up.part("aggregator").pid != dead.pid


def test_parts_end_with_a_supervisor_that_is_killed(up: Up) -> None:
    up.wait_for("Weir is up")
    parts = [up.part(name) for name in ("collector", "aggregator", "dashboard")]

    up.process.kill()

    _, alive = psutil.wait_procs(parts, timeout=DEADLINE)
    assert alive == []


def test_what_a_part_refuses_ends_everything_in_words(
    start: Callable[..., Up], tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "collector").write_text("a file where a directory should be")
    up = start()

    assert up.process.wait(DEADLINE) == 2
    up.wait_for(r"^weir collector: .*collector")
    up.wait_for(r"^weir up: collector cannot run as it is told to")
    assert not any("Traceback" in line for line in up.lines)


def test_a_port_in_use_is_one_line(start: Callable[..., Up]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        up = start(f"--listen={place}")

        assert up.process.wait(DEADLINE) == 2
        up.wait_for(f"^weir up: listen: {place}: Address already in use; another process has it")


def test_settings_of_the_supervisor_do_not_leak_into_a_part(
    start: Callable[..., Up], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEIR_WORKERS", "0")  # the aggregator would refuse it

    up = start()
    up.wait_for("Weir is up")
    up.wait_for("aggregator: . nodes to pull: 1")
    up.process.send_signal(signal.SIGTERM)

    assert up.process.wait(DEADLINE) == 0


def test_the_collector_too_is_served_to_other_machines_only_on_a_clear_word(
    start: Callable[..., Up],
) -> None:
    up = start("--collector-listen=0.0.0.0:0")

    assert up.process.wait(DEADLINE) == 2
    up.wait_for("collector-listen: 0.0.0.0:0 can be reached from other machines.*--insecure")


def test_tls_a_token_and_another_address_reach_the_dashboard(
    start: Callable[..., Up], tmp_path: Path
) -> None:
    cert, key, token = tmp_path / "cert.pem", tmp_path / "key.pem", tmp_path / "token"
    token.write_text("a-token-of-some-length\n")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(cert)),
        ],
        check=True,
        capture_output=True,
    )
    up = start(
        "--listen=0.0.0.0:0", f"--tls-cert={cert}", f"--tls-key={key}", f"--token-file={token}"
    )
    port = up.wait_for(r"Weir is up: https://0\.0\.0\.0:(\d+)").group(1)
    pool = urllib3.PoolManager(ca_certs=str(cert), timeout=10, retries=False)
    url = f"https://127.0.0.1:{port}/api/v1/nodes"

    assert pool.request("GET", url).status == 401
    bearer = {"Authorization": f"Bearer {token.read_text().strip()}"}
    assert pool.request("GET", url, headers=bearer).status == 200
