"""What is told about the nodes: states, summary, metrics, and in little memory."""

from __future__ import annotations

import json
import subprocess
import time
import tracemalloc
from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families
from werkzeug.test import create_environ
from werkzeug.wrappers import Request, Response

from monitor.aggregator.gate import Gate
from monitor.aggregator.node import Node
from monitor.aggregator.node_metrics import FleetMetrics, each
from monitor.aggregator.targets import prometheus_response, readiness, targets_response
from monitor.errors import BadRequest
from monitor.web.telemetry import metrics_response
from tests.monitor.aggregator.fakes import FakeWriter


@pytest.fixture
def gate() -> Gate:
    return Gate(FakeWriter(), lambda error: None)


def _request(query: str = "", **headers: str) -> Request:
    return Request(create_environ(f"/?{query}", headers=headers))


def _nodes() -> list[Node]:
    """One in each state, the best first."""
    now = time.time()
    up = Node("http://up:1", answered_at=now, newest_at=now - 5, labels='{"rack":"a1"}')
    waiting = Node("http://waiting:1")
    stale = Node("http://stale:1", answered_at=now, newest_at=now - 7000)
    behind = Node("http://behind:1", answered_at=now, newest_at=now - 60, backlog=50)
    worse = Node("http://worse:1", answered_at=now, newest_at=now - 600, backlog=500)
    failing = Node("http://failing:1", answered_at=now - 99, newest_at=now - 100)
    failing.failed("node http://failing:1: does not answer", now - 90)
    return [up, waiting, stale, behind, worse, failing]


def test_the_worst_come_first_after_a_summary(gate: Gate) -> None:
    sources = [{"source": "nodes", "nodes": 6, "error": None}]
    answer = json.loads(targets_response(_request(), _nodes(), gate, sources).data)
    assert answer["nodes"] == 6
    assert answer["states"] == {"failing": 1, "behind": 2, "stale": 1, "waiting": 1, "up": 1}
    assert answer["lag_seconds"]["median"] == pytest.approx(100, abs=1)
    assert answer["lag_seconds"]["max"] == pytest.approx(7000, abs=1)
    assert answer["store"] == {"up": True, "words": "takes samples"}
    assert answer["sources"] == sources
    order = [target["target"].split("/")[2] for target in answer["targets"]]
    assert order == ["failing:1", "worse:1", "behind:1", "stale:1", "waiting:1", "up:1"]
    failing, worse, _, stale, waiting, up = answer["targets"]
    assert failing["error"] == "node http://failing:1: does not answer"
    assert failing["error_since"] == pytest.approx(answer["time"] - 90, abs=1)
    assert failing["words"].startswith("node http://failing:1: does not answer (since ")
    assert worse["words"] == "500 records wait on the node"
    assert "does it sweep, is its clock right?" in stale["words"]
    assert (waiting["words"], waiting["lag_seconds"]) == ("not pulled yet", None)
    assert up["lag_seconds"] == pytest.approx(5, abs=1)
    assert up["labels"] == {"rack": "a1"}


def test_only_the_states_that_are_asked_for(gate: Gate) -> None:
    def states(query: str) -> list[str]:
        answer = json.loads(targets_response(_request(query), _nodes(), gate, []).data)
        assert answer["nodes"] == 6
        return [target["state"] for target in answer["targets"]]

    assert states("state=behind") == ["behind", "behind"]
    assert states("state=up,failing") == ["failing", "up"]
    assert states("state=up&state=failing") == ["failing", "up"]
    with pytest.raises(BadRequest, match="'down' is none"):
        states("state=down")


def test_ready_once_a_node_answered(gate: Gate) -> None:
    assert readiness([], gate, "none named") == "no nodes found yet: none named"
    assert readiness([Node("http://a")], gate, "") == "no node has answered yet"
    assert readiness(_nodes(), gate, "") == ""


def test_what_a_prometheus_is_told() -> None:
    nodes = [Node("http://a:1", labels='{"rack":"1"}'), Node("https://b:2/under")]
    assert json.loads(prometheus_response(nodes).data) == [
        {"targets": ["a:1"], "labels": {"rack": "1"}},
        {
            "targets": ["b:2"],
            "labels": {"__scheme__": "https", "__metrics_path__": "/under/metrics"},
        },
    ]
    assert json.loads(prometheus_response([]).data) == []


def _metrics(nodes: list[Node], accept: str = "") -> Response:
    registry = CollectorRegistry()
    registry.register(FleetMetrics(lambda: nodes))
    return metrics_response(_request(Accept=accept), registry, each(nodes))


def test_the_metrics_of_the_nodes() -> None:
    text = _metrics(_nodes()).get_data(as_text=True)
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert samples["weir_aggregator_nodes", "behind"] == 2
    assert samples["weir_aggregator_lag_seconds", "0.5"] == pytest.approx(100, abs=1)
    assert samples["weir_aggregator_lag_seconds", "1"] == pytest.approx(7000, abs=1)
    assert samples["weir_node_up", "http://failing:1"] == 0
    assert samples["weir_node_up", "http://up:1"] == 1
    assert samples["weir_node_backlog_records", "http://worse:1"] == 500
    assert samples["weir_node_lag_seconds", "http://up:1"] == pytest.approx(5, abs=1)
    assert ("weir_node_lag_seconds", "http://waiting:1") not in samples


def test_openmetrics_end_where_they_should() -> None:
    response = _metrics(_nodes(), "application/openmetrics-text; version=1.0.0")
    assert response.content_type.startswith("application/openmetrics-text")
    text = response.get_data(as_text=True)
    assert text.count("# EOF") == 1
    assert text.endswith("# EOF\n")


def test_promtool_finds_nothing_wrong(promtool: str) -> None:
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=_metrics(_nodes()).data, capture_output=True
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


def _node(number: int, now: float) -> Node:
    url = f"http://10.0.{number // 250}.{number % 250}:9180"
    return Node(url, answered_at=now, newest_at=now - number, backlog=number)


@pytest.mark.parametrize("what", ["targets", "prometheus", "metrics"])
def test_five_thousand_nodes_are_told_piece_by_piece(gate: Gate, what: str) -> None:
    nodes = [_node(number, time.time()) for number in range(5000)]

    def pieces() -> Iterator[bytes]:
        if what == "targets":
            return targets_response(_request(), nodes, gate, []).iter_encoded()
        if what == "prometheus":
            return prometheus_response(nodes).iter_encoded()
        return _metrics(nodes).iter_encoded()

    sum(map(len, pieces()))
    tracemalloc.start()
    try:
        size = sum(map(len, pieces()))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    print(f"{what}: {size:,} bytes sent, {peak:,} in memory at most")
    assert size > 200_000
    assert peak < 600_000
