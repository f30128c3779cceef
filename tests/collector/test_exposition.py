"""The page for Prometheus: its exact text, its agreement with the client library, and promtool."""

from __future__ import annotations

import subprocess

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from collector.exposition import Exposition, render
from collector.host.host import Host
from collector.latest import Latest
from monitor.catalogue import CATALOGUE
from monitor.record import Record, Series, Value

IDENTITY = {"cluster": "default", "node": "here"}

GOLDEN = """\
# HELP container_cpu_usage_seconds_total CPU time consumed
# TYPE container_cpu_usage_seconds_total counter
container_cpu_usage_seconds_total{container="shop-web-1",id="/docker/abc",image="busybox:test",\
name="shop-web-1",namespace="shop"} 1.5
container_cpu_usage_seconds_total{container="docker-def"} 0.25
# HELP container_memory_usage_bytes Memory in use, page cache included
# TYPE container_memory_usage_bytes gauge
container_memory_usage_bytes{container="shop-web-1",id="/docker/abc",image="busybox:test",\
name="shop-web-1",namespace="shop"} 12345678
# HELP container_memory_failcnt Times the memory limit was hit
# TYPE container_memory_failcnt untyped
container_memory_failcnt{container="shop-web-1",id="/docker/abc",image="busybox:test",\
name="shop-web-1",namespace="shop"} 3
# HELP container_network_receive_bytes_total Bytes received
# TYPE container_network_receive_bytes_total counter
container_network_receive_bytes_total{container="shop-web-1",id="/docker/abc",\
image="busybox:test",interface="eth0",name="shop-web-1",namespace="shop"} 1000
# HELP node_cpu_seconds_total CPU time of the whole node in each mode
# TYPE node_cpu_seconds_total counter
node_cpu_seconds_total{mode="user"} 100.25
# HELP machine_cpu_cores Logical CPUs
# TYPE machine_cpu_cores gauge
machine_cpu_cores 2
# HELP weir_containers Containers that are read
# TYPE weir_containers gauge
weir_containers{process="collector"} 2
"""


def row(measurement: str, fields: dict[str, Value], **tags: str) -> Record:
    return Record(Series.of(measurement, {**IDENTITY, **tags}), fields, 10**9)


def page_of(*records: Record) -> CollectorRegistry:
    latest = Latest(keep_seconds=60)
    latest.update(records, 10**9)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Exposition(latest))
    return registry


def everything() -> list[Record]:
    """Every metric of the catalogue, twice where its measurement has a name of its own."""
    records = [row("container_info", {"cgroup": "/docker/a", "name": "a"}, container="a")]
    for number, metric in enumerate(CATALOGUE.values()):
        value = number + 0.5 if metric.unit == "seconds" else 2**52 + number
        own = {"container": {"container": "a"}, "weir": {"process": "p"}}
        tags = {**own.get(metric.measurement, {}), **dict.fromkeys(metric.tags, "one")}
        records.append(row(metric.measurement, {metric.field: value}, **tags))
    return records


def test_the_page_in_full() -> None:
    web = {"container": "shop-web-1", "namespace": "shop"}
    info = {"cgroup": "/docker/abc", "id": "abc", "name": "shop-web-1", "image": "busybox:test"}
    fields: dict[str, Value] = {
        "cpu_usage_seconds_total": 1.5,
        "memory_usage_bytes": 12345678,
        "memory_failcnt": 3,
        "not_in_the_catalogue": 1,
    }
    registry = page_of(
        row("machine", {"cpu_cores": 2, "memory_bytes_text": "8"}),
        row("container", fields, **web),
        row("container_info", {**info, "labels": "{}"}, **web),
        row("container", {"network_receive_bytes_total": 1000}, **web, interface="eth0"),
        row("container", {"cpu_usage_seconds_total": 0.25}, container="docker-def"),
        row("node", {"memory_MemTotal_bytes": 8}),
        row("node", {"cpu_seconds_total": 100.25}, mode="user"),
        row("weir", {"containers": 2}, process="collector"),
    )
    assert render(registry).decode() == GOLDEN


def test_it_says_what_the_client_library_says() -> None:
    registry = page_of(*everything())

    def read(text: str) -> list[tuple[object, ...]]:
        return [
            (family.name, family.type, family.documentation, family.samples)
            for family in text_string_to_metric_families(text)
        ]

    assert read(render(registry).decode()) == read(generate_latest(registry).decode())


def test_names_come_out_as_the_catalogue_has_them() -> None:
    lines = render(page_of(*everything())).decode().splitlines()
    named = {line.partition("{")[0].partition(" ")[0] for line in lines if line[0] != "#"}
    missing = {name for name in CATALOGUE if name not in named}
    assert missing and all(name.startswith("node_memory_") for name in missing)
    kinds = dict(line.split(" ")[2:4] for line in lines if line.startswith("# TYPE"))
    assert kinds.keys() == named
    assert kinds["container_cpu_usage_seconds_total"] == "counter"
    assert kinds["container_memory_usage_bytes"] == "gauge"
    assert kinds["container_memory_failcnt"] == "untyped"


def test_hostile_names_stay_inside_their_label() -> None:
    record = row("container", {"threads": 1}, container='x"} 1\nforged{y="\\')
    text = render(page_of(record)).decode()
    (family,) = text_string_to_metric_families(text)
    assert family.samples[0].labels == {"container": 'x"} 1 forged{y="\uff3c'}
    assert len(text.splitlines()) == 3


def test_promtool_finds_nothing_to_say(promtool: str) -> None:
    registry = page_of(*everything(), *Host(IDENTITY).read())
    done = subprocess.run(
        [promtool, "check", "metrics"], input=render(registry), capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
