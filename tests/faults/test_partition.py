"""Half of the nodes cut off: real collectors, each in a network namespace, iptables between."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from monitor.stores.config import StoreConfig
from tests.faults.conftest import Say
from tests.faults.ledger import assert_delivered
from tests.faults.pipes import aggregator, patient_reader
from tests.real.influxdb import InfluxDB
from tests.real.network import Network
from tests.real.process import wait_until
from tests.real.weir import Weir

pytestmark = pytest.mark.root

COUNT = 4
LIVE_SECONDS = 4.0
"""A node whose newest stored record is younger is live: sweeps come each second."""


@pytest.fixture
def networks() -> Iterator[list[Network]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(Network(number)) for number in range(COUNT)]


@pytest.fixture
def collectors(tmp_path: Path, networks: list[Network]) -> Iterator[list[Weir]]:
    """One in each network."""
    started = []
    try:
        for number, network in enumerate(networks):
            directory = tmp_path / f"n{number}"
            directory.mkdir()
            options = (f"--node=n{number}", f"--data={directory / 'log'}", "--insecure")
            weir = Weir(
                "collector", directory, *options, "--interval=1", "--docker=none",
                prefix=network.enter, host=network.address,
            )  # fmt: skip
            weir.start_and_wait()
            started.append(weir)
        yield started
    finally:
        for weir in started:
            weir.stop()


def test_the_other_half_stays_live_and_after_healing_everything_arrives(
    tmp_path: Path,
    networks: list[Network],
    collectors: list[Weir],
    influxdb: InfluxDB,
    soak: bool,
    say: Say,
) -> None:
    cut_seconds, lossy_seconds = (1800.0, 300.0) if soak else (10.0, 5.0)
    influxdb.create_database("partition")
    store = StoreConfig(store=f"influxdb:{influxdb.url}", influx_database="partition")
    urls = [weir.url for weir in collectors]
    half = COUNT // 2
    pipe = aggregator(tmp_path, "partition", ",".join(urls), store, "--insecure", "--timeout=3")
    pipe.start_and_wait()
    try:
        wait_until(lambda: max(_lags(pipe, urls)) < LIVE_SECONDS, "all are live")
        with _dropping(networks[:half], 1.0):
            worst = _worst_lag(pipe, urls[half:], cut_seconds)
            cut_off = min(_lags(pipe, urls[:half]))
        with _dropping(networks, 0.1):
            time.sleep(lossy_seconds)
        counted = assert_delivered(patient_reader(store), *urls, seconds=120)
    finally:
        pipe.stop()
    say(
        f"{half} of {COUNT} nodes cut off for {cut_seconds:g} s, then {lossy_seconds:g} s with a "
        f"tenth of all packets lost: the others' lag at most {worst:.1f} s, {counted:,} "
        "samples, none lost, none else"
    )
    assert cut_off > cut_seconds / 2, "they were cut off"
    assert worst < LIVE_SECONDS
    assert pipe.has_no_traceback(), pipe.tail()


@contextlib.contextmanager
def _dropping(networks: Sequence[Network], share: float) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for network in networks:
            stack.enter_context(network.dropping(share))
        yield


def _worst_lag(pipe: Weir, urls: Sequence[str], seconds: float) -> float:
    worst, ends_at = 0.0, time.monotonic() + seconds
    while time.monotonic() < ends_at:
        worst = max(worst, *_lags(pipe, urls))
        time.sleep(0.5)
    return worst


def _lags(pipe: Weir, urls: Sequence[str]) -> list[float]:
    """Seconds since the newest record that the store has, of each of the nodes."""
    answer = pipe.api("targets")
    newest = {target["target"]: target["newest_record_at"] or 0 for target in answer["targets"]}
    return [answer["time"] - newest[url] for url in urls]
