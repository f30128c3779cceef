"""The page for Prometheus: its exact text, its agreement with the client library, and promtool."""

from __future__ import annotations

import json
import subprocess

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from collector.exposition import Exposition
from collector.exposition.selection import Selection
from collector.host.host import Host
from collector.label_rules import LabelRules
from collector.latest import Latest
from monitor.catalogue import CATALOGUE
from monitor.record import Record, Series, Value

IDENTITY = {"cluster": "default", "node": "here"}
MADE_BY_THE_PAGE = {"container_last_seen", "container_scrape_error", "weir_version_info"}

GOLDEN = """\
# HELP container_cpu_usage_seconds_total CPU time consumed
# TYPE container_cpu_usage_seconds_total counter
container_cpu_usage_seconds_total{container="shop-web-1",id="/docker/abc",image="busybox:test",\
name="shop-web-1",namespace="shop"} 1.5 12500
container_cpu_usage_seconds_total{container="docker-def"} 0.25 12500
# HELP container_memory_usage_bytes Memory in use, page cache included
# TYPE container_memory_usage_bytes gauge
container_memory_usage_bytes{container="shop-web-1",id="/docker/abc",image="busybox:test",\
name="shop-web-1",namespace="shop"} 1.2345678e+07 12500
# HELP container_memory_failcnt Times the memory limit was hit
# TYPE container_memory_failcnt untyped
container_memory_failcnt{container="shop-web-1",id="/docker/abc",image="busybox:test",\
name="shop-web-1",namespace="shop"} 3.0 12500
# HELP container_network_receive_bytes_total Bytes received
# TYPE container_network_receive_bytes_total counter
container_network_receive_bytes_total{container="shop-web-1",id="/docker/abc",\
image="busybox:test",interface="eth0",name="shop-web-1",namespace="shop"} 1000.0 12500
# HELP container_last_seen When the container was last read; on /metrics only, in the stores it is \
the sample's own time
# TYPE container_last_seen gauge
container_last_seen{container="shop-web-1",id="/docker/abc",image="busybox:test",\
name="shop-web-1",namespace="shop"} 12.5 12500
container_last_seen{container="docker-def"} 12.5 12500
# HELP container_scrape_error Whether the last sweep is older than it should be (1) or not (0); \
on /metrics only, for the page as a whole
# TYPE container_scrape_error gauge
container_scrape_error 0.0
# HELP node_cpu_seconds_total CPU time of the whole node in each mode
# TYPE node_cpu_seconds_total counter
node_cpu_seconds_total{mode="user"} 100.25 12500
# HELP machine_cpu_cores Logical CPUs
# TYPE machine_cpu_cores gauge
machine_cpu_cores{boot_id="b",machine_id="m"} 2.0
# HELP weir_containers Containers that are read
# TYPE weir_containers gauge
weir_containers{process="collector"} 2.0
# HELP weir_version_info Always 1: the versions are its labels; on /metrics only, in the stores \
they are fields of machine
# TYPE weir_version_info gauge
weir_version_info{kernel_version="6.1",weir_version="0.1"} 1.0
"""


def row(
    measurement: str, fields: dict[str, Value], time_ns: int = 12_500_000_000, **tags: str
) -> Record:
    return Record(Series.of(measurement, {**IDENTITY, **tags}), fields, time_ns)


def showing(*records: Record, rules: LabelRules | None = None) -> Exposition:
    latest = Latest(keep_seconds=60)
    latest.update(records, 12_500_000_000)
    return Exposition(latest, rules or LabelRules())


def by_client(exposition: Exposition) -> bytes:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(exposition)
    return generate_latest(registry)


def everything() -> list[Record]:
    """Every metric of the catalogue that is read, and labels that need escapes."""
    info: dict[str, Value] = {"cgroup": '/docker/"a', "name": "a", "image": "i:1"}
    records = [row("container_info", info, container="a")]
    for number, metric in enumerate(CATALOGUE.values()):
        value = (number + 0.5) * 10 ** (number % 9 - 4) if number % 2 else 10 ** (number % 18)
        own = {"container": {"container": "a"}, "weir": {"process": "p"}}
        tags = {**own.get(metric.measurement, {}), **dict.fromkeys(metric.tags, "one")}
        if metric.name not in MADE_BY_THE_PAGE:
            time_ns = 1_700_000_000_123_456_789 + number * 1_234_567
            records.append(row(metric.measurement, {metric.field: value}, time_ns, **tags))
    texts: dict[str, Value] = {"kernel_version": "6.1", "machine_id": "m"}
    return [*records, row("machine", texts)]


def test_a_container_has_one_start_whatever_parts_it_has() -> None:
    fields: dict[str, Value] = {"memory_failures_total": 3, "start_time_seconds": 1.5}
    parts = [
        row("container", fields, container="a", failure_type="pgfault", scope=scope)
        for scope in ("container", "hierarchy")
    ]
    whole = row("container", {"threads": 1, "start_time_seconds": 1.5}, container="a")
    page = showing(whole, *parts).page()
    assert page.count(b"\ncontainer_start_time_seconds{") == 1
    assert page.count(b"\ncontainer_memory_failures_total{") == 2


def test_a_memory_node_is_shown_as_cadvisor_does() -> None:
    tags = {"type": "anon", "scope": "container", "numa_node": "0"}
    page = showing(row("container", {"memory_numa_pages": 7}, container="a", **tags)).page()
    assert (
        b'container_memory_numa_pages{container="a",node="0",scope="container",type="anon"} 7.0'
        in page
    )


def test_the_page_in_full() -> None:
    web = {"container": "shop-web-1", "namespace": "shop"}
    info = {"cgroup": "/docker/abc", "id": "abc", "name": "shop-web-1", "image": "busybox:test"}
    versions = {"weir_version": "0.1", "kernel_version": "6.1"}
    fields: dict[str, Value] = {
        "cpu_usage_seconds_total": 1.5,
        "memory_usage_bytes": 12345678,
        "memory_failcnt": 3,
        "not_in_the_catalogue": 1,
    }
    exposition = showing(
        row("machine", {"cpu_cores": 2, "machine_id": "m", "boot_id": "b", **versions}),
        row("container", fields, **web),
        row("container_info", {**info, "labels": '{"owner": "me"}'}, **web),
        row("container", {"network_receive_bytes_total": 1000}, **web, interface="eth0"),
        row("container", {"cpu_usage_seconds_total": 0.25}, container="docker-def"),
        row("node", {"memory_MemTotal_bytes": 8}),
        row("node", {"cpu_seconds_total": 100.25}, mode="user"),
        row("weir", {"containers": 2}, process="collector"),
    )
    assert exposition.page().decode() == GOLDEN


def test_it_is_what_the_client_library_writes_byte_for_byte() -> None:
    exposition = showing(*everything())
    page = exposition.page()
    assert page == by_client(exposition)
    assert page == exposition.page(), "and again, with labels that are known by now"


@pytest.mark.parametrize(
    "value",
    (
        *(0, 1, -1, 0.1, 1e-9, 999999, 999999.5, 1e6, 1234567, 2**53 + 1, 1e16, 1.5e300, -1e6),
        *map(float, ("inf", "-inf", "nan")),
    ),
)
def test_a_number_is_written_as_the_client_library_writes_it(value: float) -> None:
    exposition = showing(row("node", {"load1": value}))
    assert exposition.page() == by_client(exposition)


def test_names_come_out_as_the_catalogue_has_them() -> None:
    lines = showing(*everything()).page().decode().splitlines()
    named = {line.partition("{")[0].partition(" ")[0] for line in lines if line[0] != "#"}
    missing = {name for name in CATALOGUE if name not in named}
    assert missing and all(
        name.startswith(("node_memory_", "pod_", "namespace_")) for name in missing
    )
    assert {f"container_{name.removeprefix('pod_')}" for name in missing if "pod_" in name} <= named
    kinds = dict(line.split(" ")[2:4] for line in lines if line.startswith("# TYPE"))
    assert kinds.keys() == named
    assert kinds["container_cpu_usage_seconds_total"] == "counter"
    assert kinds["container_memory_usage_bytes"] == "gauge"
    assert kinds["container_memory_failcnt"] == "untyped"
    assert kinds["container_network_tcp_usage_total"] == "untyped"


def test_a_sample_has_the_time_of_the_reading_that_it_comes_from() -> None:
    slow: dict[str, Value] = {"cpu_usage_seconds_total": 1.0, "memory_rss": 5}
    latest = Latest(keep_seconds=60)
    latest.update([row("container", slow, 10**9, container="a")], 10**9)
    fast: dict[str, Value] = {"cpu_usage_seconds_total": 2.0}
    latest.update([row("container", fast, 3 * 10**9, container="a")], 3 * 10**9)
    lines = Exposition(latest).page().decode().splitlines()
    assert 'container_cpu_usage_seconds_total{container="a"} 2.0 3000' in lines
    assert 'container_memory_rss{container="a"} 5.0 1000' in lines
    assert len([line for line in lines if line.startswith("container_cpu_usage")]) == 1


def test_labels_follow_the_container_s_info() -> None:
    latest = Latest(keep_seconds=60)
    exposition = Exposition(latest)
    sample = row("container", {"threads": 1}, container="a")
    for name in ("old", "new"):
        time_ns = {"old": 1, "new": 2}[name]
        latest.update([sample, row("container_info", {"name": name}, time_ns, container="a")], 1)
        assert f'container_threads{{container="a",name="{name}"}} 1.0'.encode() in exposition.page()
    latest.update([row("container", {"threads": 2}, container="b")], 1)
    assert b'container_threads{container="b"} 2.0' in exposition.page()


def test_labels_of_containers_are_shown_only_where_allowed() -> None:
    own = {"app.version": "1\n2", "app-version": "x", "app.owner": 'a"b', "secret": "s"}
    records = (
        row("container", {"threads": 1}, container="a"),
        row("container_info", {"labels": json.dumps(own)}, container="a"),
    )
    assert b"container_label" not in showing(*records).page()
    rules = LabelRules(allow=("app*",), deny=("*owner",))
    exposition = showing(*records, rules=rules)
    assert exposition.page() == by_client(exposition)
    families = text_string_to_metric_families(exposition.page().decode())
    (sample,) = next(f for f in families if f.name == "container_threads").samples
    assert sample.labels == {"container": "a", "container_label_app_version": "x"}


def test_a_part_of_the_page() -> None:
    exposition = showing(*everything())

    def names(selection: Selection) -> set[str]:
        lines = exposition.page(selection).decode().splitlines()
        return {line.split(" ")[2] for line in lines if line.startswith("# TYPE")}

    cpu = names(Selection(frozenset({"cpu"})))
    assert {"container_cpu_usage_seconds_total", "node_cpu_seconds_total"} <= cpu
    assert all("_cpu_" in name for name in cpu)
    both = names(Selection(frozenset({"cpu"}), frozenset({"node", "weir"})))
    assert both == {name for name in cpu if name.startswith("node_")}


def test_a_page_that_is_too_old_says_so() -> None:
    exposition = Exposition(Latest(60), fails=lambda: True)
    assert exposition.page().endswith(b"\ncontainer_scrape_error 1.0\n")


def test_hostile_names_stay_inside_their_label() -> None:
    record = row("container", {"threads": 1}, container='x"} 1\nforged{y="\\')
    text = showing(record).page(Selection(frozenset({"process"}))).decode()
    (family,) = text_string_to_metric_families(text)
    assert family.samples[0].labels == {"container": 'x"} 1 forged{y="\uff3c'}
    assert len(text.splitlines()) == 3


def test_promtool_finds_nothing_to_say(promtool: str) -> None:
    page = showing(*everything(), *Host(IDENTITY).read()).page()
    done = subprocess.run(
        [promtool, "check", "metrics"], input=page, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
