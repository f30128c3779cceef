"""A real collector whose ticks are far apart, and containers that live between them."""

from __future__ import annotations

import gzip
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from monitor.edgelog import EdgeLog
from monitor.lineprotocol import Parser
from monitor.record import Record
from tests.real.cgroups import Groups
from tests.real.docker import Engine
from tests.real.process import wait_until
from tests.real.weir import Weir

pytestmark = pytest.mark.root

FIRST = ("nice", "-n", "-15")
"""A runtime removes a group 10 ms after its last process: a collector that has to queue for the CPU
behind a machine full of tests comes too late."""
BURN = "i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done; sleep 1"


class Collector(Weir):
    """`weir collector` with an edge log that can be read when it has stopped."""

    def __init__(self, directory: Path, *options: str, prefix: tuple[str, ...] = ()) -> None:
        self.data = directory / "data"
        super().__init__("collector", directory, f"--data={self.data}", *options, prefix=prefix)

    def shows(self, name: str) -> bool:
        rows = self.api("containers")["containers"]
        return any(row["container"] == name for row in rows)

    def told(self) -> list[Record]:
        """All records so far, over HTTP."""
        stream = self.get("/api/v1/stream")
        return list(Parser().parse(gzip.decompress(stream))) if stream else []

    def kept(self) -> list[Record]:
        """All records in the log of a collector that has stopped."""
        edge_log = EdgeLog(self.data)
        try:
            body = edge_log.read(None, 1 << 26).body
            return list(Parser().parse(gzip.decompress(body)))
        finally:
            edge_log.close()

    def resident_bytes(self) -> int:
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * 4096

    def descriptors(self) -> int:
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def watches(self) -> int:
        information = Path(f"/proc/{self.pid}/fdinfo").iterdir()
        return sum(file.read_text().count("inotify wd:") for file in information)


def samples(records: list[Record], name: str) -> list[Record]:
    """A container's own rows, in order."""
    wanted = {"container": name}
    return [
        record
        for record in records
        if record.series.measurement == "container"
        and {k: v for k, v in record.series.tags if k not in ("cluster", "node")} == wanted
    ]


def reasons(records: list[Record], name: str) -> list[str]:
    return [
        dict(record.series.tags)["reason"]
        for record in records
        if record.series.measurement == "event" and record.fields["object"] == name
    ]


def _processes(collector: Collector, name: str) -> object:
    """As of the newest sample that tells."""
    told = [row.fields.get("processes") for row in samples(collector.told(), name)]
    return next((count for count in reversed(told) if count is not None), None)


@pytest.fixture(params=[10, 300], ids=["10s", "300s"])
def collector(
    request: pytest.FixtureRequest, docker_engine: Engine, tmp_path: Path
) -> Iterator[Collector]:
    collector = Collector(
        tmp_path, f"--interval={request.param}", f"--docker={docker_engine.url}", prefix=FIRST
    )
    collector.start_and_wait()
    collector.wait_for_line("containers named")
    yield collector
    assert collector.stop() == 0
    assert collector.has_no_traceback(), collector.tail()


def test_a_container_of_two_seconds(docker_engine: Engine, collector: Collector) -> None:
    name = f"short-{uuid.uuid4().hex[:8]}"
    usage = "/sys/fs/cgroup/cpuacct/cpuacct.usage"
    began = time.time()
    said = docker_engine.cli(
        "run", "--rm", "--name", name, "--memory=64m", "busybox:test", "sh", "-c",
        f"{BURN}; exec cat {usage}",
    )  # fmt: skip
    wait_until(lambda: "Stopped" in reasons(collector.told(), name), "its end", seconds=5)
    ended = time.time()
    assert not collector.shows(name)

    records = collector.told()
    found = samples(records, name)
    first, last = found[0], found[-1]
    start = first.fields["start_time_seconds"]
    assert isinstance(start, float) and began <= start
    assert 0 <= first.time_ns / 1e9 - start < 1
    assert "memory_working_set_bytes" in first.fields
    # What the container itself read at its very end, and what it took to say so and exit.
    kernel = int(said) / 1e9
    assert kernel > 0.1
    assert 0 <= last.fields["cpu_usage_seconds_total"] - kernel < 0.05
    assert last.fields["processes"] == 0 and last.time_ns / 1e9 <= ended
    assert {record.fields["start_time_seconds"] for record in found} == {start}
    assert any(record.fields.get("spec_memory_limit_bytes") == 64 * 2**20 for record in found)
    with_interfaces = [
        record
        for record in records
        if {("container", name), ("interface", "eth0")} <= set(record.series.tags)
    ]
    assert with_interfaces
    assert sorted(reasons(records, name)) == ["Died", "Started", "Stopped"]


def test_a_kill_for_want_of_memory_is_in_the_last_sample(
    docker_engine: Engine, collector: Collector
) -> None:
    name = f"oom-{uuid.uuid4().hex[:8]}"
    container = docker_engine.run(
        "sh", "-c", "sleep 0.5; exec tail /dev/zero", name=name,
        options=("--memory=16m", "--memory-swap=16m"),
    )  # fmt: skip
    assert docker_engine.cli("wait", container.id) == "137"
    container.remove()
    wait_until(lambda: "Stopped" in reasons(collector.told(), name), "its end", seconds=5)
    found = samples(collector.told(), name)
    assert [row.fields["oom_events_total"] for row in found[:1] + found[-1:]] == [0, 1]
    assert {"Stopped", "OOMKilled"} <= set(reasons(collector.told(), name))


def test_two_hundred_in_a_minute(tmp_path: Path) -> None:
    """Real groups with real processes, four at a time, each for about a second."""
    links = tmp_path / "links"
    links.mkdir()
    with Groups(links) as groups:
        collector = Collector(
            tmp_path, "--interval=10", "--docker=none", f"--cgroup-root={groups.root}",
            prefix=FIRST,
        )  # fmt: skip
        collector.start_and_wait()

        def live(identity: str) -> None:
            group = groups.add("exec sleep 100", f"/docker/{identity}")
            time.sleep(0.9)
            group.kill()
            time.sleep(0.05)  # no runtime is quicker: it starts a program to remove the group
            group.remove()

        def churn(count: int) -> list[str]:
            ids = [f"{uuid.uuid4().hex}{uuid.uuid4().hex}" for _ in range(count)]
            with ThreadPoolExecutor(4) as pool:
                list(pool.map(live, ids))
            wait_until(lambda: not collector.api("containers")["containers"], "all are gone")
            return [f"docker-{identity[:12]}" for identity in ids]

        churn(12)
        before = collector.descriptors(), collector.watches(), collector.resident_bytes()
        began = time.monotonic()
        names = churn(200)
        assert time.monotonic() - began < 70
        after = collector.descriptors(), collector.watches(), collector.resident_bytes()
        assert collector.stop() == 0
    assert collector.has_no_traceback(), collector.tail()
    assert after[0] <= before[0] + 1 and after[1] <= before[1]  # one for a scrape that goes on
    assert after[2] - before[2] < 4 * 2**20
    records = collector.kept()
    for name in names:
        assert samples(records, name)[0].fields["processes"] == 1, name
        assert reasons(records, name) == ["Started", "Stopped"], name
    ends = [samples(records, name)[-1].fields["processes"] == 0 for name in names]
    print(f"{sum(ends)} of {len(ends)} have a sample from after their last process")
    assert sum(ends) >= 0.9 * len(ends)
    appended = [record for record in records if record.series.measurement == "weir"]
    assert appended  # ticks went on


def test_docker_containers_that_come_and_go_all_the_time(
    docker_engine: Engine, collector: Collector
) -> None:
    run = uuid.uuid4().hex[:6]
    names = [f"churn-{run}-{number}" for number in range(12)]

    def live(name: str) -> None:
        docker_engine.cli("run", "--rm", "--name", name, "busybox:test", "sleep", "0.3")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(live, names))
    wait_until(
        lambda: all("Stopped" in reasons(collector.told(), name) for name in names), "all ends"
    )
    records = collector.told()
    for name in names:
        assert samples(records, name)[0].fields["processes"], name
        assert reasons(records, name).count("Stopped") == 1
        assert not collector.shows(name)
    ends = [samples(records, name)[-1].fields["processes"] == 0 for name in names]
    print(f"{sum(ends)} of {len(ends)} have a sample from after their last process")
    assert sum(ends) >= 0.75 * len(ends)


def test_without_inotify_ticks_find_them(tmp_path: Path) -> None:
    """In a user namespace that may have no inotify instance."""
    links = tmp_path / "links"
    links.mkdir()
    without = (
        "unshare", "--user", "--map-root-user", "sh", "-c",
        'echo 0 > /proc/sys/user/max_inotify_instances; exec "$@"', "sh",
    )  # fmt: skip
    with Groups(links) as groups:
        collector = Collector(
            tmp_path, "--interval=1", "--docker=none", f"--cgroup-root={groups.root}",
            prefix=without,
        )  # fmt: skip
        collector.start_and_wait()
        identity = f"{uuid.uuid4().hex}{uuid.uuid4().hex}"
        name = f"docker-{identity[:12]}"
        group = groups.add("exec sleep 100", f"/docker/{identity}")
        wait_until(lambda: collector.shows(name), "a tick has found it")
        group.kill()
        wait_until(lambda: _processes(collector, name) == 0, "its last sample")
        group.remove()
        wait_until(lambda: not collector.shows(name), "a tick has missed it")
        assert collector.stop() == 0
    assert len(collector.lines("raise fs.inotify.max_user_instances")) == 1
    assert collector.has_no_traceback(), collector.tail()
    assert reasons(collector.kept(), name) == ["Started", "Stopped"]
