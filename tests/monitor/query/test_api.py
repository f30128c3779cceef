"""The API over the embedded store: real lines written, JSON read, through HTTP at the end."""

from __future__ import annotations

import gzip
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client
from werkzeug.wrappers import Response

from monitor.errors import StoreUnavailable
from monitor.lineprotocol import encode
from monitor.query.api import query_api
from monitor.stores.embedded.reader import EmbeddedReader
from monitor.stores.embedded.writer import EmbeddedWriter
from monitor.web.config import ListenConfig
from monitor.web.server import Server, bind
from tests.monitor.query.fake_reader import T0, FakeReader, S

CPU = "container_cpu_usage_seconds_total"
NAME = 'we"b,\\=é</script>'
NOW_NS = (T0 + 61) * S


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minute of two containers, one of a hostile name; the other stops after 30 s."""
    rows = FakeReader()
    rows.add("machine", "cluster=c node=n", 0, cpu_cores=2, memory_bytes=1 << 30)
    for at in range(0, 61, 10):
        rows.add("node", "cluster=c node=n", at, cpu_usage_seconds_total=at * 1.0)
        for name, cores in ((NAME, 0.5), ("db", 1.0)):
            if name == "db" and at > 30:
                continue
            tags = f"cluster=c node=n container={name}"
            start = {"start_time_seconds": T0 - 60.5}
            rows.add("container", tags, at, cpu_usage_seconds_total=7 + cores * at, **start)
            rows.add(
                "container", f"{tags} interface=eth0", at, network_receive_bytes_total=at, **start
            )
    rows.add(
        "container_info",
        f"cluster=c node=n container={NAME}",
        0,
        id="f00",
        image="i",
        runtime="docker",
    )
    directory = tmp_path_factory.mktemp("store")
    writer = EmbeddedWriter(directory, 7, lambda: NOW_NS)
    writer.write(gzip.compress(encode(rows.records)))
    writer.close()
    return directory


@pytest.fixture
def client(store: Path) -> Iterator[Client]:
    reader = EmbeddedReader(store)
    app = DispatcherMiddleware(Response(status=404), {"/api/v1": query_api(reader, lambda: NOW_NS)})
    yield Client(app)
    reader.close()


def get(client: Client, path: str, **values: str) -> Any:
    response = client.get(f"/api/v1/{path}", query_string=values)
    assert response.content_type == "application/json"
    assert response.status_code == 200, response.text
    return json.loads(response.text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


SAFE_NAME = NAME.replace("\\", "\N{FULLWIDTH REVERSE SOLIDUS}")


def test_a_query(client: Client) -> None:
    found = get(client, "query", metric=CPU, start=str(T0), end=str(T0 + 60), step="20")
    assert found == {
        "metric": CPU,
        "unit": "cores",
        "fn": "rate",
        "start": T0,
        "end": T0 + 60,
        "step": 20,
        "times": [T0, T0 + 20, T0 + 40],
        "series": [
            {"labels": {"cluster": "c", "node": "n", "container": "db"}, "values": [1, 1, None]},
            {"labels": {"cluster": "c", "node": "n", "container": SAFE_NAME}, "values": [0.5] * 3},
        ],
    }


def test_a_query_by_default_is_round_and_relative(client: Client) -> None:
    found = get(client, "query", metric=CPU, by="node", start="-1m")
    assert (found["step"], found["start"], found["end"]) == (10, T0 + 10, T0 + 70)
    assert found["series"] == [{"labels": {"node": "n"}, "values": [1.5, 1.5, 0.5, 0.5, 0.5, None]}]


def test_a_hostile_name_can_be_selected(client: Client) -> None:
    match = 'container="{}"'.format(SAFE_NAME.replace('"', '\\"'))
    found = get(client, "query", metric=CPU, match=match, start="-1m")
    assert [series["labels"]["container"] for series in found["series"]] == [SAFE_NAME]


def test_numbers_keep_thirteen_digits(client: Client) -> None:
    found = get(client, "query", metric=CPU, start=str(T0), end=str(T0 + 63), step="7", by="")
    total = sum(value * 7 for value in found["series"][0]["values"] if value is not None)
    assert total == pytest.approx(0.5 * 63 + 1.0 * 35, rel=1e-9)


def test_containers(client: Client) -> None:
    found = get(client, "containers")
    assert found["time"] == T0 + 61
    (row,) = found["containers"]
    assert row["container"] == SAFE_NAME
    assert (row["id"], row["image"], row["runtime"]) == ("f00", "i", "docker")
    assert (row["cpu_cores"], row["cpu_of_node"], row["cpu_of_limit"]) == (0.5, 0.25, None)
    assert row["network_receive_bytes_per_second"] == 1
    assert row["start_time_seconds"] == T0 - 60.5
    assert found["nodes"] == get(client, "nodes")["nodes"]


def test_nodes(client: Client) -> None:
    assert get(client, "nodes") == {
        "time": T0 + 61,
        "nodes": [
            {
                "node": "n",
                "cluster": "c",
                "cpu_count": 2,
                "cpu_cores": 1.0,
                "cpu_of_node": 0.5,
                "memory_bytes": 1 << 30,
                "memory_working_set_bytes": None,
                "memory_of_node": None,
                "last_seen_seconds": 1.0,
                "spacing_seconds": 10.0,
                "containers": 1,
            }
        ],
    }


def test_explain(client: Client) -> None:
    found = get(client, "explain", metric=CPU, match='container!="db"')
    assert found["result"] == 0.5
    assert found["pairs"][0]["b"] == {"time": T0 + 60, "value": 37, "start": T0 - 60.5}


@pytest.mark.parametrize(
    ("path", "values", "parameter"),
    [
        ("query", {"metric": "container_cpu"}, "metric"),
        ("query", {"metric": CPU, "match": 'container=~"(a+)+"'}, "match"),
        ("query", {"metric": CPU, "step": "0.01"}, "step"),
        ("query", {"metric": CPU, "q": "x"}, "q"),
        ("containers", {"node": "n"}, "node"),
        ("nodes", {"x": "\x00"}, "x"),
        ("explain", {"metric": CPU}, "match"),
    ],
)
def test_a_bad_parameter_is_a_400_that_names_it(
    client: Client, path: str, values: dict[str, str], parameter: str
) -> None:
    response = client.get(f"/api/v1/{path}", query_string=values)
    assert response.status_code == 400
    assert set(response.json) == {"error", "parameter", "hint"}
    assert response.json["parameter"] == parameter
    assert response.json["error"]
    assert response.json["hint"]


def test_only_reading_is_offered(client: Client) -> None:
    for path in ("query", "containers", "nodes", "explain"):
        assert client.post(f"/api/v1/{path}").status_code == 405
    assert client.get("/api/v1/other").status_code == 404


def test_a_store_that_does_not_answer_is_a_503() -> None:
    class Away(FakeReader):
        def select(self, *args: object, **kwargs: object) -> Any:
            raise StoreUnavailable("the store is away")

    client = Client(query_api(Away()))
    for path in ("query?metric=" + CPU, "containers", "nodes", "explain?metric=" + CPU):
        response = client.get(f"/{path}")
        assert response.status_code == 503
        assert "away" in response.json["error"]


def test_an_empty_store_answers_with_nothing(tmp_path: Path) -> None:
    client = Client(query_api(EmbeddedReader(tmp_path / "none")))
    assert client.get(f"/query?metric={CPU}").json["series"] == []
    assert client.get("/containers").json["containers"] == []
    assert client.get("/nodes").json["nodes"] == []


def test_through_a_real_server(store: Path) -> None:
    reader = EmbeddedReader(store)
    app = query_api(reader, lambda: NOW_NS)
    server = Server(app, bind("127.0.0.1:0"), ListenConfig(listen="127.0.0.1:0"))
    server.start()
    try:
        url = f"{server.url}/query?metric={CPU}&by=container&top=1&start=-1m"
        with urllib.request.urlopen(url, timeout=10) as answer:
            found = json.load(answer)
    finally:
        server.stop()
    assert found["series"][0]["labels"] == {"container": "db"}
