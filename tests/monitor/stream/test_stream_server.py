"""The endpoints, over real HTTP."""

from __future__ import annotations

import gzip
import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from monitor.edgelog import Cursor
from tests.monitor.stream.conftest import Node


def _call(url: str, method: str = "GET") -> tuple[int, Any, bytes]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=5) as reply:
            return reply.status, reply.headers, reply.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def test_pull_acknowledges_and_gives_what_follows(node: Node) -> None:
    for n in range(3):
        node.log.append(b"x v=%di 1\n" % n)
    url = f"{node.url}/api/v1/consumers/store/pull"
    status, headers, body = _call(f"{url}?max_bytes=1", "POST")
    assert (status, gzip.decompress(body)) == (200, b"x v=0i 1\n")
    assert headers["Content-Encoding"] == "gzip"
    assert Cursor.parse(headers["Weir-Cursor"])[:2] == (node.log.epoch, 1)
    assert headers["Weir-Backlog-Records"] == "2"
    status, headers, body = _call(f"{url}?ack={headers['Weir-Cursor']}", "POST")
    assert gzip.decompress(body) == b"x v=1i 1\nx v=2i 1\n"
    assert headers["Weir-Backlog-Records"] == "0"
    status, headers, body = _call(f"{url}?ack={headers['Weir-Cursor']}", "POST")
    assert (status, body) == (204, b"")
    assert Cursor.parse(headers["Weir-Cursor"])[:2] == (node.log.epoch, 3)


def test_a_pull_may_read_on_further_than_it_acknowledges(node: Node) -> None:
    for n in range(4):
        node.log.append(b"x v=%di 1\n" % n)
    epoch, url = node.log.epoch, f"{node.url}/api/v1/consumers/store/pull"
    status, headers, body = _call(f"{url}?ack={epoch}:1&after={epoch}:3", "POST")
    assert (status, gzip.decompress(body)) == (200, b"x v=3i 1\n")
    assert headers["Weir-Backlog-Records"] == "0"
    assert node.log.stats().backlog == {"store": 3}
    _, _, body = _call(url, "POST")
    assert gzip.decompress(body).startswith(b"x v=1i 1\n"), "what is not acknowledged comes again"


def test_stream_reads_and_changes_nothing(node: Node) -> None:
    node.log.append(b"x v=1i 1\n")
    for _ in range(2):
        status, headers, body = _call(f"{node.url}/api/v1/stream")
        assert (status, gzip.decompress(body)) == (200, b"x v=1i 1\n")
    assert _call(f"{node.url}/api/v1/stream?after={headers['Weir-Cursor']}")[0] == 204
    assert node.log.stats().backlog == {}


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("stream?after=nonsense", "after"),
        ("stream?after=ab:-1", "after"),
        ("stream?after=AB:1", "after"),
        ("stream?after=ab:99999999999999999999", "after"),
        ("stream?max_bytes=0", "max_bytes"),
        ("stream?max_bytes=4194305", "max_bytes"),
        ("stream?max_bytes=1e3", "max_bytes"),
        ("stream?max_bytes=%D9%A1", "max_bytes"),
        ("consumers/UPPER/pull", "consumer"),
        ("consumers/a%2Fb/pull", "consumer"),
        ("consumers/store/pull?ack=x", "ack"),
        ("consumers/store/pull?after=x", "after"),
    ],
)
def test_what_cannot_be_is_refused_in_words(node: Node, path: str, parameter: str) -> None:
    method = "POST" if "pull" in path else "GET"
    status, _, body = _call(f"{node.url}/api/v1/{path}", method)
    said = json.loads(body)
    assert (status, said["parameter"]) == (400, parameter)
    assert said["error"] and said["hint"]
    assert node.log.stats().backlog == {}


def test_a_pull_changes_something_and_so_is_no_get(node: Node) -> None:
    assert _call(f"{node.url}/api/v1/consumers/store/pull")[0] == 405


def test_consumers_are_listed_and_removed(node: Node) -> None:
    node.log.append(b"x v=1i 1\n")
    _call(f"{node.url}/api/v1/consumers/store/pull", "POST")
    listed = json.loads(_call(f"{node.url}/api/v1/consumers")[2])
    assert listed == {
        "epoch": node.log.epoch,
        "consumers": [{"name": "store", "backlog_records": 1}],
    }
    assert _call(f"{node.url}/api/v1/consumers/store", "DELETE")[0] == 204
    assert _call(f"{node.url}/api/v1/consumers/store", "DELETE")[0] == 400
