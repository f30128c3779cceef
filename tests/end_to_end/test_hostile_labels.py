"""Containers with the worst labels that Docker takes: kept escaped or cut, and no point forged."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from prometheus_client.parser import text_string_to_metric_families

from monitor.stores.config import StoreConfig
from monitor.stores.open import open_reader
from tests.faults.ledger import assert_delivered, edge_log
from tests.real.busybox import IMAGE
from tests.real.docker import Container, Engine
from tests.real.influxdb import InfluxDB
from tests.real.weir import Weir

pytestmark = pytest.mark.root

FORGED = '"} 1\nforged,container=x value=1 1\nforged{x="'
LABELS = {
    "comma, space = equals": "a,b c=d",
    'quo"te\\': 'x"y\\',
    "line": FORGED,
    FORGED: "in a name",
    "emoji 🦭": "🦭 " * 10,
    "long": "x" * 10_240,
    "app.version": "dots",
    "app-version": "dash",
    "app_version": "underscore",
}
MANY = 10_000


@pytest.fixture(scope="module")
def collector(docker_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Weir]:
    """A collector beside a container with hostile labels and one with ten thousand of them."""
    directory = tmp_path_factory.mktemp("hostile")
    many = {f"label-{number:05}": f"value {number}" for number in range(MANY)}
    containers = [
        run(docker_engine, "weir-hostile", LABELS),
        run(docker_engine, "weir-many", many),
    ]
    weir = Weir(
        "collector",
        directory,
        f"--data={directory / 'log'}",
        "--interval=1",
        f"--docker={docker_engine.url}",
        "--label-allow=*",
    )
    try:
        weir.start_and_wait()
        weir.ready(lambda: b'name="weir-many"' in weir.get("/metrics"))
        yield weir
        assert weir.has_no_traceback(), weir.tail()
    finally:
        weir.stop()
        for container in containers:
            container.remove()


def run(engine: Engine, name: str, labels: dict[str, str]) -> Container:
    """A container made through Docker's API: the command line refuses most of these names."""
    with contextlib.closing(docker.APIClient(base_url=engine.url)) as client:
        made = client.create_container(IMAGE, ["sleep", "1000"], name=name, labels=labels)
        client.start(made["Id"])
    return Container(engine, made["Id"], name)


def labels_shown(page: bytes, container: str) -> dict[str, str]:
    """The container's own labels on its sample of the CPU time."""
    families = {f.name: f for f in text_string_to_metric_families(page.decode())}
    samples = families["container_cpu_usage_seconds"].samples
    (found,) = [sample.labels for sample in samples if sample.labels.get("name") == container]
    return {key: value for key, value in found.items() if key.startswith("container_label_")}


def test_the_page_stays_a_page(collector: Weir, promtool: str) -> None:
    page = collector.get("/metrics")
    checked = subprocess.run([promtool, "check", "metrics"], input=page, capture_output=True)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")
    assert not [line for line in page.splitlines() if line.startswith(b"forged")]
    shown = labels_shown(page, "weir-hostile")
    assert shown["container_label_app_version"] == "dash"
    assert shown["container_label_emoji__"] == LABELS["emoji 🦭"]
    assert shown["container_label_comma__space___equals"] == "a,b c=d"
    assert shown["container_label_line"] == FORGED.replace("\n", " ")
    assert "container_label_long" not in shown
    assert 0 < len(labels_shown(page, "weir-many")) <= 64


def test_what_is_cut_is_counted(collector: Weir) -> None:
    kept = {
        key.partition(",container=")[2].partition(",")[0]: json.loads(str(value))
        for (key, _, field), value in edge_log(collector.url).items()
        if key.startswith("container_info,") and field == "labels"
    }
    assert kept["weir-many"] == {f"label-{n:05}": f"value {n}" for n in range(64)}
    assert len(kept["weir-hostile"]) == len(LABELS) - 1, "all but the long one"
    cut = MANY - len(kept["weir-many"]) + 1
    page = collector.get("/metrics", **{"collect[]": "self"})
    assert f'weir_labels_left_out{{process="collector"}} {float(cut)}\n'.encode() in page


@pytest.mark.parametrize("kind", ["embedded", "influx"])
def test_no_point_is_forged(collector: Weir, influxdb: InfluxDB, tmp_path: Path, kind: str) -> None:
    store = StoreConfig(store=f"sqlite:{tmp_path / 'store'}")
    if kind == "influx":
        influxdb.create_database("hostile")
        store = StoreConfig(store=f"influxdb:{influxdb.url}", influx_database="hostile")
    aggregator = Weir(
        "aggregator",
        tmp_path,
        f"--nodes={collector.url}",
        f"--consumer={kind}",
        f"--store={store.store}",
        f"--influx-database={store.influx_database}",
        f"--data={tmp_path / 'data'}",
        "--poll=0.2",
    )
    try:
        aggregator.start_and_wait()
        assert assert_delivered(open_reader(store), collector.url) > 100
        assert not [file for file in (tmp_path / "data/quarantine").rglob("*") if file.is_file()]
    finally:
        aggregator.stop()
    assert aggregator.has_no_traceback(), aggregator.tail()
    if kind == "influx":
        (series,) = influxdb.query("SHOW MEASUREMENTS", "hostile")
        assert "forged" not in {name for (name,) in series["values"]}
