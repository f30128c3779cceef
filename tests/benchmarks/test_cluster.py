"""The simulated cluster: the same records again, counters that grow, and a collector's manners."""

from __future__ import annotations

import time
import zlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.cluster.logs import Logs
from benchmarks.cluster.plan import Plan
from benchmarks.cluster.process import Simulator
from benchmarks.cluster.sweep import RECORDED, Sweeps
from monitor.catalogue import CATALOGUE
from monitor.edgelog import Cursor, EdgeLog
from monitor.gzipped import members
from monitor.lineprotocol import Parser
from monitor.record import Record
from monitor.stream.client import NodeClient
from monitor.stream.pulled import NodeError

ORIGIN_NS = 1_795_600_000_000_000_000
PLAN = Plan(nodes=5000, origin_ns=ORIGIN_NS)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Simulator]:
    """Four nodes with a minute's records and no more to come."""
    origin_ns = time.time_ns() - 120 * 10**9
    with Simulator(Plan(nodes=4, origin_ns=origin_ns, interval_ns=10**9, last=60)) as simulator:
        yield simulator


def parsed(lines: bytes) -> list[Record]:
    return list(Parser().parse(lines))


def test_a_cluster_of_full_size_has_45_500_lines_a_second() -> None:
    assert Sweeps(PLAN).lines(4999, 1).count(b"\n") * PLAN.nodes / 10 == 45_500


def test_the_full_shape_has_every_series_and_field_that_was_recorded() -> None:
    def forms(records: list[Record]) -> set[tuple[object, ...]]:
        names = {"node", "namespace", "pod"}
        return {
            (
                record.series.measurement,
                tuple(tag for tag in record.series.tags if tag[0] not in names),
                tuple((name, type(value)) for name, value in record.fields.items()),
            )
            for record in records
        }

    simulated = Sweeps(Plan(nodes=1, origin_ns=ORIGIN_NS, shape="full")).lines(0, 1)
    assert forms(parsed(simulated)) == forms(parsed(RECORDED.read_bytes()))


def test_a_record_follows_from_plan_node_and_sequence_alone() -> None:
    assert Sweeps(PLAN).lines(17, 33) == Sweeps(PLAN).lines(17, 33)
    assert Sweeps(PLAN).lines(17, 33) != Sweeps(PLAN).lines(18, 33)


def test_no_two_series_are_the_same() -> None:
    sweeps = Sweeps(Plan(nodes=50, origin_ns=ORIGIN_NS, shape="full"))
    keys = [record.series.key for node in range(50) for record in parsed(sweeps.lines(node, 9))]
    assert len(set(keys)) == len(keys)


def test_counters_fall_only_where_the_start_is_newer_than_the_sample_before() -> None:
    last: dict[tuple[str, str], tuple[float, int]] = {}
    restarts = 0
    sweeps = Sweeps(Plan(nodes=1, origin_ns=ORIGIN_NS, pods=8))
    for sequence in range(1, 1500):
        for series, fields, time_ns in parsed(sweeps.lines(0, sequence)):
            for field, value in fields.items():
                name = f"{series.measurement}_{field}"
                if name in CATALOGUE and CATALOGUE[name].kind == "counter":
                    before, before_ns = last.get((series.key, field), (0.0, 0))
                    if float(value) < before:
                        restarts += 1
                        assert float(fields["start_time_seconds"]) * 1e9 > before_ns
                    last[series.key, field] = float(value), time_ns
    assert restarts


def test_pods_come_and_go_and_times_are_in_order() -> None:
    names: dict[int, set[str]] = defaultdict(set)
    newest = 0
    for sequence in range(0, 20_000, 1000):
        records = parsed(Sweeps(PLAN).lines(3, sequence))
        assert min(record.time_ns for record in records) > newest
        newest = max(record.time_ns for record in records)
        names[sequence] = {dict(r.series.tags)["pod"] for r in records if len(r.series.tags) > 3}
        assert len(names[sequence]) == PLAN.pods
    assert len(set.union(*names.values())) > 3 * PLAN.pods


def test_a_pull_gives_what_an_edge_log_gives(tmp_path: Path) -> None:
    plan = Plan(nodes=2, origin_ns=ORIGIN_NS, interval_ns=10**9, last=40)
    logs = Logs(plan, clock=lambda: ORIGIN_NS + 3600 * 10**9)
    real = EdgeLog(tmp_path)
    for sequence in range(1, 41):
        real.append(logs.sweeps.lines(1, sequence), plan.time_ns(1, sequence))

    def same(ack: int | None, size: int) -> int:
        ours, theirs = (
            log.pull(*who, None if ack is None else Cursor(epoch, ack), size)
            for log, who, epoch in (
                (logs, (1, "a"), plan.epoch(1)),
                (real, ("a",), real.epoch),
            )
        )
        assert ours.body == theirs.body
        assert ours.cursor.sequence == theirs.cursor.sequence
        assert (ours.records, ours.backlog) == (theirs.records, theirs.backlog)
        assert ours.newest_ns == theirs.newest_ns
        return ours.cursor.sequence

    first = same(None, 30_000)
    assert same(None, 30_000) == first  # until it is acknowledged
    assert same(first, 1) == first + 1
    assert same(2, 1) == first + 1  # an old acknowledgement changes nothing
    assert same(39, 100_000) == 40
    assert same(40, 100_000) == 40
    real.close()


def test_nodes_answer_over_the_wire_and_repeat_what_was_not_acknowledged(
    cluster: Simulator,
) -> None:
    client = NodeClient()
    for _ in range(2):
        pulled = client.pull(cluster.urls[2], "wire", None, 4_000_000)
        assert pulled is not None
        lines = [Sweeps(cluster.plan).lines(2, sequence) for sequence in range(1, 61)]
        assert list(members(pulled.body)) == lines
    assert client.pull(cluster.urls[2], "wire", pulled.cursor, 4_000_000) is None
    assert cluster.stats("wire")["records_acknowledged"] == 60
    assert cluster.stats("wire")["records_waiting"] == 3 * 60
    client.close()


@pytest.mark.parametrize("behaviour", ["gone", "hangs", "drips", "cuts"])
def test_nodes_misbehave_when_told_to(cluster: Simulator, behaviour: str) -> None:
    client = NodeClient(seconds=1.0)
    cluster.behave("3", behaviour)
    with pytest.raises(NodeError):
        client.pull(cluster.urls[3], behaviour, None, 100_000)
    assert client.pull(cluster.urls[0], behaviour, None, 100_000) is not None
    cluster.behave("3", "well")
    assert client.pull(cluster.urls[3], behaviour, None, 100_000) is not None
    client.close()


def test_a_record_is_compressed_as_the_edge_log_compresses() -> None:
    lines, payload = Sweeps(PLAN).record(4, 4)
    assert payload == zlib.compress(lines, 1, wbits=31)
