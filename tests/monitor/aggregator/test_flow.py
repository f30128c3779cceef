"""From the nodes to the store: what is written, what is acknowledged, what happens on the way."""

from __future__ import annotations

import itertools
import json
import logging
import random
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from monitor.aggregator.bisection import Refused
from monitor.aggregator.gate import Gate
from monitor.aggregator.group_commit import GroupCommit
from monitor.aggregator.in_flight import InFlight
from monitor.aggregator.node import Node
from monitor.aggregator.pipe import Next, Pipe
from monitor.aggregator.quarantine import Quarantine
from monitor.aggregator.settling import AtOnce
from monitor.aggregator.telemetry import Telemetry
from monitor.errors import (
    StoreError,
    StoreForbidden,
    StoreMissing,
    StoreRejected,
    StoreTooLarge,
    StoreUnavailable,
)
from monitor.stream.client import NodeClient
from tests.monitor.aggregator.conftest import Start
from tests.monitor.aggregator.fakes import FakeNode, FakeWriter, line
from tests.monitor.stream.crooked import Crooked, http
from tests.real.process import unused_port, wait_until

NewNode = Callable[[], FakeNode]


def _get(url: str) -> Any:
    try:
        with urllib.request.urlopen(url, timeout=5) as reply:
            body = reply.read()
    except urllib.error.HTTPError as error:
        body = error.read()
    return json.loads(body) if body.startswith(b"{") else body.decode()


def _append(node: FakeNode, start: int, count: int) -> list[bytes]:
    for number in range(start, start + count):
        node.log.append(line(number) + b"\n")
    return [line(number) for number in range(start, start + count)]


def _acknowledged(node: FakeNode) -> bool:
    return node.log.stats().backlog.get("aggregator") == 0


def test_what_the_nodes_have_is_written_and_acknowledged(
    nodes: NewNode, writer: FakeWriter, start: Start
) -> None:
    two = [nodes(), nodes()]
    expected = _append(two[0], 0, 60) + _append(two[1], 100, 20)
    start(*(node.url for node in two), batch_bytes=1024)
    wait_until(lambda: all(map(_acknowledged, two)), "all is acknowledged", 10)
    assert sorted(writer.lines) == sorted(expected)
    assert writer.bodies > 2, "in batches"
    expected += _append(two[0], 60, 1)
    wait_until(lambda: sorted(writer.lines) == sorted(expected), "what is new follows", 10)


def test_the_first_pull_of_a_node_only_learns_how_much_there_is(
    nodes: NewNode, writer: FakeWriter, start: Start
) -> None:
    node = nodes()
    expected = _append(node, 0, 1000)
    sizes: list[int] = []
    writer.refuse = lambda lines: sizes.append(lines.count(b"\n"))
    start(node.url)
    wait_until(lambda: _acknowledged(node), "all is acknowledged", 10)
    assert writer.lines == expected
    assert sizes[0] < 500 < sizes[1]


def test_nothing_is_acknowledged_before_the_store_has_it(
    nodes: NewNode, writer: FakeWriter, start: Start
) -> None:
    node = nodes()
    expected = _append(node, 0, 3)
    writer.hold.clear()
    start(node.url)
    wait_until(lambda: "aggregator" in node.log.stats().backlog, "it was pulled", 10)
    time.sleep(0.3)
    assert node.log.stats().backlog == {"aggregator": 3}
    writer.hold.set()
    wait_until(lambda: _acknowledged(node), "it is acknowledged", 10)
    assert writer.lines == expected


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (StoreUnavailable("the store at X is away"), "unavailable"),
        (StoreUnavailable("the store at X is busy", retry_after=0.2), "unavailable"),
        (StoreForbidden("the store at X refuses the token"), "forbidden"),
        (StoreMissing("the store at X has no database weir"), "missing"),
    ],
)
def test_while_the_store_takes_nothing_samples_wait_on_their_nodes(
    nodes: NewNode,
    writer: FakeWriter,
    start: Start,
    caplog: pytest.LogCaptureFixture,
    error: StoreError,
    kind: str,
) -> None:
    caplog.set_level(logging.INFO)
    node = nodes()
    expected = _append(node, 0, 5)
    writer.refuse = lambda lines: error
    aggregator = start(node.url)
    wait_until(lambda: writer.bodies >= 2, "it tries again", 10)
    assert node.log.stats().backlog == {"aggregator": 5}
    state = _get(f"{aggregator.url}/api/v1/targets")
    assert not state["store"]["up"]
    assert state["store"]["words"].startswith("down since ")
    assert state["store"]["words"].endswith(f"at least 5 records wait on their nodes: {error}")
    assert _get(f"{aggregator.url}/readyz") == {
        "ready": False,
        "reason": f"the store takes nothing: {error}",
    }
    metrics = _get(f"{aggregator.url}/metrics")
    assert "weir_aggregator_store_up 0.0" in metrics
    assert f'weir_aggregator_store_errors_total{{kind="{kind}"}}' in metrics
    writer.refuse = lambda lines: None
    wait_until(lambda: _acknowledged(node), "the store is back", 20)
    assert writer.lines == expected
    said = [r.getMessage() for r in caplog.records if "store" in r.getMessage()]
    assert said[0] == f"the store takes nothing, samples wait on their nodes: {error}"
    assert said[1].startswith("the store takes samples again, after ")
    assert len(said) == 2
    assert _get(f"{aggregator.url}/readyz") == {"ready": True, "reason": ""}


def test_a_store_that_comes_back_is_tried_by_one_at_first(
    nodes: NewNode, writer: FakeWriter, start: Start
) -> None:
    several = [nodes() for _ in range(6)]
    for index, node in enumerate(several):
        _append(node, index * 10, 1)
    attempts: list[float] = []

    def away(lines: bytes) -> StoreError:
        attempts.append(time.monotonic())
        time.sleep(0.05)
        return StoreUnavailable("away", retry_after=0.3)

    writer.refuse = away
    start(*(node.url for node in several), workers=6)
    wait_until(lambda: len(attempts) >= 6, "several tries", 20)
    later = attempts[2:]  # behind those who wrote at once when it went away
    pauses = [b - a for a, b in itertools.pairwise(later)]
    assert min(pauses) > 0.25, "one try each pause"


def test_a_line_that_the_store_never_takes_is_kept_aside_and_the_rest_flows(
    nodes: NewNode,
    writer: FakeWriter,
    start: Start,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    node, other = nodes(), nodes()
    expected = _append(node, 0, 20) + _append(other, 100, 20)
    sweep = [line(number) for number in range(20, 30)]
    node.log.append(b"".join(text + b"\n" for text in sweep))
    bad = {line(7), line(24)}
    reason = "field type conflict: v"
    writer.refuse = lambda lines: StoreRejected(reason) if bad & set(lines.splitlines()) else None
    aggregator = start(node.url, other.url)
    wait_until(lambda: _acknowledged(node) and _acknowledged(other), "all is acknowledged", 10)
    assert set(writer.lines) == set(expected + sweep) - bad
    quarantine = Quarantine(tmp_path / "data" / "quarantine")
    kept = [quarantine.read(path) for path in quarantine.files()]
    assert [(entry.node_url, entry.refused) for entry in kept if entry] == [
        (node.url, (Refused(line(7) + b"\n", reason),)),
        (node.url, (Refused(line(24) + b"\n", reason),)),
    ]
    assert f"the store refuses 1 lines of node {node.url}, kept as {tmp_path}" in caplog.text
    metrics = _get(f"{aggregator.url}/metrics")
    assert "weir_aggregator_quarantined_lines_total 2.0" in metrics
    assert "weir_aggregator_lines_total 48.0" in metrics
    idle = "weir_aggregator_in_flight_bytes 0.0"  # but for a pull that is under way
    wait_until(lambda: idle in _get(f"{aggregator.url}/metrics"), "nothing in flight", 10)


def test_a_store_that_goes_away_amid_the_search_loses_and_doubles_nothing(
    nodes: NewNode, writer: FakeWriter, start: Start, tmp_path: Path
) -> None:
    node = nodes()
    bad = {line(number) for number in (3, 11, 17)}
    good = set(_append(node, 0, 20)) - bad
    asked = itertools.count(1)

    def refuse(lines: bytes) -> StoreError | None:
        if next(asked) % 7 == 0 and next(asked) < 40:
            return StoreUnavailable("away", retry_after=0.0)
        return StoreRejected("no") if bad & set(lines.splitlines()) else None

    writer.refuse = refuse
    start(node.url)
    wait_until(lambda: _acknowledged(node), "all is acknowledged", 30)
    assert set(writer.lines) == good
    quarantine = Quarantine(tmp_path / "data" / "quarantine")
    entries = [quarantine.read(path) for path in quarantine.files()]
    kept = [each.lines for entry in entries if entry for each in entry.refused]
    assert sorted(kept) == sorted(text + b"\n" for text in bad)


def test_a_body_that_is_too_large_is_divided(
    nodes: NewNode, writer: FakeWriter, start: Start, tmp_path: Path
) -> None:
    node = nodes()
    numbers = range(100)
    node.log.append(b"".join(line(number) + b"\n" for number in numbers))
    huge = b'event text="%s" 1' % (b"x" * 5000)
    node.log.append(huge + b"\n" + line(100) + b"\n")
    writer.refuse = lambda lines: StoreTooLarge("413") if len(lines) > 1000 else None
    start(node.url)
    wait_until(lambda: _acknowledged(node), "all is acknowledged", 10)
    assert set(writer.lines) == {line(number) for number in range(101)}
    (path,) = (tmp_path / "data" / "quarantine").iterdir()
    entry = Quarantine(path.parent).read(path)
    assert entry is not None and entry.refused == (Refused(huge + b"\n", "413"),)


def test_a_record_larger_than_a_pull_asks_for_comes_through_the_lane(
    nodes: NewNode, writer: FakeWriter, start: Start
) -> None:
    node = nodes()
    noise = random.Random(1).randbytes(20_000).hex().encode()
    node.log.append(b'event text="%s" 1\n' % noise)
    expected = _append(node, 0, 3)
    aggregator = start(node.url, batch_bytes=2048)
    wait_until(lambda: _acknowledged(node), "all is acknowledged", 10)
    assert writer.lines[1:] == expected and len(writer.lines[0]) > 40_000
    assert "weir_aggregator_pull_errors_total{" not in _get(f"{aggregator.url}/metrics")


def test_what_cannot_be_kept_aside_stays_on_the_node(
    nodes: NewNode, writer: FakeWriter, start: Start, tmp_path: Path
) -> None:
    node = nodes()
    _append(node, 0, 1)
    (tmp_path / "file").write_text("")
    writer.refuse = lambda lines: StoreRejected("no")
    aggregator = start(node.url, data=str(tmp_path / "file"))

    def state() -> Any:
        return _get(f"{aggregator.url}/api/v1/targets")["targets"][0]

    wait_until(lambda: state()["state"] == "failing", "it is said", 10)
    assert "quarantine" in state()["words"] and "--data" in state()["words"]
    assert node.log.stats().backlog == {"aggregator": 1}


def test_nodes_that_hang_or_drip_delay_no_other(
    nodes: NewNode, writer: FakeWriter, start: Start
) -> None:
    node = nodes()
    with Crooked(b"x" * 10_000, drip_seconds=0.2) as dripping:
        bad = [dripping.url, *(f"http://127.0.0.1:{unused_port()}" for _ in range(3))]
        aggregator = start(*bad, node.url, workers=4)
        late: list[float] = []
        for number in range(30):
            began = time.monotonic()
            node.log.append(line(number) + b"\n")
            wait_until(lambda n=number: line(n) in writer.lines, "it is written", 10, pause=0.01)
            late.append(time.monotonic() - began)
        state = _get(f"{aggregator.url}/api/v1/targets")["targets"]
        assert [t["state"] for t in state] == ["failing"] * 4 + ["up"], "worst first"
        words = {t["target"]: t["words"] for t in state}
        assert "did not answer within 1 s" in words[dripping.url]
        assert "is the collector running there?" in words[bad[1]]
    assert max(late) < 0.6, "below the second that a slow node takes"


def test_many_nodes_that_hang_at_once_hold_the_workers_for_a_second_each(
    nodes: NewNode, writer: FakeWriter, start: Start
) -> None:
    node = nodes()
    with Crooked(b"x", drip_seconds=60) as hanging:
        many = [f"{hanging.url}/{number}" for number in range(12)]
        _append(node, 0, 1)
        start(*many, node.url, workers=4, timeout=30)
        wait_until(lambda: line(0) in writer.lines, "the last of the first round is pulled", 30)
        for number in range(1, 6):
            _append(node, number, 1)
            wait_until(lambda n=number: line(n) in writer.lines, "it is not held up", 30)


def test_a_slow_node_has_the_whole_time_of_a_pull(start: Start) -> None:
    with Crooked(http(b"", "204 No Content"), drip_seconds=0.05) as slow:
        aggregator = start(slow.url, timeout=20)

        def state() -> Any:
            return _get(f"{aggregator.url}/api/v1/targets")["targets"][0]

        wait_until(lambda: "did not answer within 1 s" in state()["words"], "it is cut off", 10)
        wait_until(lambda: state()["state"] == "up", "it has its time", 20)


def test_a_node_in_trouble_is_said_once_and_when_it_is_over(
    tmp_path: Path, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with Crooked(b"HTTP/1.1 204 No Content\r\n\r\n") as good:
        url = good.url
        with Crooked(b"") as bad:
            aggregator = start(bad.url, url)
            metric = "weir_aggregator_pull_errors_total"
            wait_until(
                lambda: f'{metric}{{kind="unreachable"}} 4.0' in _get(f"{aggregator.url}/metrics"),
                "several failures",
                10,
            )
            said = [r.getMessage() for r in caplog.records if bad.url in r.getMessage()]
            assert len(said) == 1
            bad._answer = good._answer
            wait_until(lambda: f"node {bad.url} answers again" in caplog.text, "it is said", 10)


def test_health_and_metrics(nodes: NewNode, writer: FakeWriter, start: Start) -> None:
    node = nodes()
    aggregator = start(node.url)
    assert _get(f"{aggregator.url}/healthz") == {"ok": True}
    _append(node, 0, 3)
    wait_until(lambda: _acknowledged(node) and len(writer.lines) == 3, "written", 10)
    metrics = _get(f"{aggregator.url}/metrics")
    assert "weir_aggregator_lines_total 3.0" in metrics
    assert f'weir_node_up{{target="{node.url}"}} 1.0' in metrics
    assert f'weir_node_backlog_records{{target="{node.url}"}} 0.0' in metrics
    assert f'weir_node_lag_seconds{{target="{node.url}"}}' in metrics
    assert "process_resident_memory_bytes" in metrics


def test_stopping_is_quick_and_closes_the_store(writer: FakeWriter, start: Start) -> None:
    with Crooked(b"x", drip_seconds=60) as hanging:
        aggregator = start(hanging.url, timeout=30)
        wait_until(lambda: bool(hanging.requests), "it is pulled", 10)
        began = time.monotonic()
        aggregator.stop()
        assert time.monotonic() - began < 4
        assert writer.closed


def test_who_is_careful_waits_among_the_slow_whatever_happens(
    nodes: NewNode, writer: FakeWriter, tmp_path: Path
) -> None:
    fake = nodes()
    _append(fake, 0, 1)
    telemetry = Telemetry()
    gate = Gate(writer, telemetry.on_store_error)
    pipe = Pipe(
        client=NodeClient(seconds=5.0),
        groups=GroupCommit(gate, telemetry, max_bytes=1 << 20, writers=1),
        settling=AtOnce(),
        quarantine=Quarantine(tmp_path / "quarantine"),
        in_flight=InFlight(1 << 24),
        telemetry=telemetry,
        consumer="aggregator",
        batch_bytes=1 << 18,
        poll_seconds=1.0,
    )
    node = Node(fake.url)
    errors = iter([StoreRejected("no"), StoreUnavailable("away", retry_after=0.0)])
    writer.refuse = lambda lines: next(errors, None)
    assert pipe.step(node) == Next(0.0, slow=True)
    assert pipe.step(node) == Next(0.0, slow=True), "the store went away"
    assert gate.wait()
    assert not pipe.step(node).slow
    assert writer.lines == [line(0)]
    pipe.client.close()
