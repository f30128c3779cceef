"""What is a pod's and not a container's: its sandbox, its network."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.containers.docker_naming import naming_of_row
from collector.containers.names import Naming
from collector.containers.pods import FIELDS
from collector.exposition import Exposition
from collector.latest import Latest
from collector.sweep import Sweeper
from monitor.catalogue import CATALOGUE
from monitor.record import Record, Series
from tests.collector.sweeping import ALL, FAST, FakeNames, of, row
from tests.real.cgroups import Groups
from tests.real.process import wait_until

SECOND = 10**9
POD = {"cluster": "c", "node": "n", "namespace": "shop", "pod": "web-0"}
PARTS = {"interface", "tcp_state", "udp_state"}
SANDBOX = Naming("POD", "shop", "web-0", is_sandbox=True)
APP = Naming("app", "shop", "web-0")


@pytest.fixture
def groups(tmp_path: Path) -> Iterator[Groups]:
    with Groups(tmp_path) as groups:
        yield groups


@pytest.fixture
def names() -> FakeNames:
    return FakeNames()


@pytest.fixture
def sweeper(groups: Groups, names: FakeNames) -> Iterator[Sweeper]:
    sweeper = Sweeper(
        *({"cluster": "c", "node": "n"}, Path("/proc"), groups.root, names, 100),
        groups=frozenset({"tcp", "udp"}),
    )
    yield sweeper
    sweeper.close()


@pytest.mark.root
def test_a_sandbox_gives_the_pods_network_and_nothing_else(
    groups: Groups, names: FakeNames, sweeper: Sweeper
) -> None:
    sandbox = groups.add("sleep 100", own_network=True)
    app = groups.add("sleep 100")
    names.known = {sandbox.path[1:]: SANDBOX, app.path[1:]: APP}
    records = sweeper.sweep(ALL)
    shown = of(records, "pod")
    assert dict(shown[0].series.tags) == {**POD, "interface": "eth0"}
    assert {key for one in shown for key, _ in one.series.tags} - POD.keys() == PARTS
    fields = {field for one in shown for field in one.fields}
    assert fields == {m.field for m in CATALOGUE.values() if m.measurement == "pod" and m.tags}
    row(records, "app", namespace="shop", pod="web-0")
    others = of(records, "container") + of(records, "container_info")
    assert {dict(record.series.tags)["container"] for record in others} == {"app"}
    assert [container.found.path for container in sweeper.containers] == [app.path]
    assert sweeper.figures["containers"] == 1
    assert not of(sweeper.sweep(FAST), "pod")
    sandbox.remove()
    assert not [r for r in sweeper.sweep(ALL) if r.series.measurement in ("pod", "event")]


@pytest.mark.root
def test_without_a_sandbox_one_of_the_containers_speaks_for_the_pod(
    groups: Groups, names: FakeNames, sweeper: Sweeper
) -> None:
    app = groups.add("sleep 100", own_network=True)
    names.known = {app.path[1:]: APP}
    shown = of(sweeper.sweep(ALL), "pod")
    assert dict(shown[0].series.tags) == {**POD, "interface": "eth0"}
    assert all("start_time_seconds" not in one.fields for one in shown)


@pytest.mark.root
def test_while_the_pods_name_is_not_known_the_network_is_the_containers(
    groups: Groups, names: FakeNames, sweeper: Sweeper
) -> None:
    app = groups.add("sleep 100", own_network=True)
    names.known = {app.path[1:]: Naming("container-1", pod="pod1")}
    records = sweeper.sweep(ALL)
    row(records, "container-1", pod="pod1", interface="eth0")
    names.known = {app.path[1:]: APP}
    records = sweeper.sweep(ALL)
    own = {key for one in of(records, "container") for key, _ in one.series.tags}
    assert of(records, "pod") and not own & PARTS


@pytest.mark.root
def test_a_pods_own_group_counts_what_no_container_has_any_more(
    groups: Groups, names: FakeNames, sweeper: Sweeper
) -> None:
    above = f"/kubepods/burstable/pod{uuid.uuid4()}"
    ended = groups.add("while :; do :; done", path=f"{above}/{'1' * 64}")
    app = groups.add("sleep 100", path=f"{above}/{'2' * 64}")
    names.known = {"1" * 64: Naming("job", "shop", "web-0"), "2" * 64: APP}
    wait_until(lambda: _cpu_seconds(sweeper, "job") > 0.05, "the job has used CPU time")
    used = _cpu_seconds(sweeper, "job")
    ended.remove()
    records = sweeper.sweep(ALL)
    own = [record for record in of(records, "pod") if dict(record.series.tags) == POD]
    assert len(own) == 1
    fields = own[0].fields
    assert {"cpu_usage_seconds_total", "memory_usage_bytes"} <= fields.keys() <= FIELDS
    assert used <= fields["cpu_usage_seconds_total"]
    assert (
        row(records, "app", namespace="shop", pod="web-0").fields["cpu_usage_seconds_total"] < used
    )
    app.remove()
    assert not of(sweeper.sweep(ALL), "pod")


def _cpu_seconds(sweeper: Sweeper, container: str) -> float:
    fields = row(sweeper.sweep(ALL), container, namespace="shop", pod="web-0").fields
    return float(fields["cpu_usage_seconds_total"])


@pytest.mark.parametrize(
    ("labels", "is_sandbox"),
    [
        ({"io.kubernetes.docker.type": "podsandbox"}, True),
        ({"io.kubernetes.container.name": "POD"}, True),
        (
            {"io.kubernetes.docker.type": "container", "io.kubernetes.container.name": "app"},
            False,
        ),
    ],
)
def test_docker_tells_a_sandbox_by_its_labels(labels: dict[str, str], is_sandbox: bool) -> None:
    pod = {"io.kubernetes.pod.name": "web-0", "io.kubernetes.pod.namespace": "shop"}
    naming = naming_of_row({"Id": "a" * 64, "Names": ["/k8s_x"], "Labels": {**pod, **labels}})
    assert naming.is_sandbox is is_sandbox
    alone = naming_of_row({"Id": "a" * 64, "Names": ["/k8s_x"], "Labels": labels})
    assert not alone.is_sandbox  # anyone may write a label; without a pod it means nothing


def received(second: int) -> Record:
    series = Series.of("pod", {**POD, "interface": "eth0"})
    return Record(series, {"network_receive_bytes_total": 5}, second * SECOND)


def test_a_pods_row_stays_between_the_slow_readings_and_goes_soon_after_the_last() -> None:
    latest = Latest(keep_seconds=180)
    latest.update([received(1)], SECOND)
    latest.update([], 31 * SECOND)
    assert len(latest.rows()) == 1
    latest.update([], 32 * SECOND)
    assert not latest.rows()


def test_the_page_shows_a_pods_network_by_cadvisors_name() -> None:
    latest = Latest(keep_seconds=180)
    now = int(time.time())
    latest.update([received(now)], now * SECOND)
    labels = '{interface="eth0",namespace="shop",pod="web-0"}'
    page = Exposition(latest).page().decode()
    assert f"\ncontainer_network_receive_bytes_total{labels} 5.0 {now}000\n" in page
    assert "pod_network" not in page


def test_on_metrics_a_pods_own_figures_are_those_without_a_container() -> None:
    latest, now = Latest(keep_seconds=180), int(time.time())
    own = Record(Series.of("pod", POD), {"cpu_usage_seconds_total": 2.5}, now * SECOND)
    app = Record(
        Series.of("container", {**POD, "container": "app"}),
        {"cpu_usage_seconds_total": 1.5},
        now * SECOND,
    )
    latest.update([app, own], now * SECOND)
    page = Exposition(latest).page().decode()
    name = "\ncontainer_cpu_usage_seconds_total"
    assert f'{name}{{namespace="shop",pod="web-0"}} 2.5 {now}000\n' in page
    assert f'{name}{{container="app",namespace="shop",pod="web-0"}} 1.5 {now}000\n' in page
    assert page.count("# TYPE container_cpu_usage_seconds_total counter") == 1


def test_a_pods_own_figures_go_with_its_last_container() -> None:
    latest = Latest(keep_seconds=180)
    own = Record(Series.of("pod", POD), {"cpu_usage_seconds_total": 2.5}, SECOND)
    latest.update([own, received(1)], SECOND)
    latest.update([], 2 * SECOND)
    assert [current.series for current in latest.rows()] == [received(1).series]
