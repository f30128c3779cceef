"""`weir top` against a query API that answers what it is told to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.wrappers import Request, Response

from monitor.web.app import App, json_response
from monitor.web.config import ListenConfig
from monitor.web.server import Server, bind
from weir.top import TopConfig, top
from weir.words import size

ROW: dict[str, Any] = {
    "container": "spin",
    "namespace": "shop",
    "node": "n1",
    "start_time_seconds": 900.0,
    "cpu_cores": 0.5,
    "cpu_of_limit": 1.0,
    "cpu_of_node": 0.25,
    "memory_working_set_bytes": 3 * 2**20,
    "memory_of_limit": None,
    "network_receive_bytes_per_second": 1536.0,
    "network_transmit_bytes_per_second": 0.0,
    "fs_reads_bytes_per_second": None,
    "fs_writes_bytes_per_second": None,
    "processes": 2,
}


class Api:
    """A server whose one answer can be set."""

    def __init__(self) -> None:
        self.answer: Any = {"time": 1000.0, "containers": [ROW]}
        self.status = 200
        app = App()
        app.add("/api/v1/containers", self._reply)
        self.server = Server(app, bind("127.0.0.1:0"), ListenConfig(), threads=1)

    def _reply(self, request: Request) -> Response:
        return json_response(self.answer, self.status)


@pytest.fixture
def api() -> Iterator[Api]:
    api = Api()
    api.server.start()
    yield api
    api.server.stop()


def config(api: Api, **more: Any) -> TopConfig:
    return TopConfig(url=api.server.url, once=True, **more)


def test_a_table_names_the_base_of_each_percentage(
    api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    idle = ROW | {"container": "idle [b]x[/b]", "cpu_cores": None, "start_time_seconds": None}
    api.answer["containers"] = [idle, ROW]

    assert top(config(api)) == 0

    header, first, second = capsys.readouterr().out.splitlines()
    assert header.split("  ")[0] == "NAME"
    assert header.count("% of limit") == 2
    assert "% of node" in header
    assert " ".join(first.split()) == (
        "spin shop n1 1m 0.500 100 % 25 % 3.0 MiB - 1.5 KiB/s 0 B/s - - 2"
    )
    # A name is text, not markup; an age that is not known is not 0 s.
    assert second.split()[:5] == ["idle", "[b]x[/b]", "shop", "n1", "-"]


def test_json_is_the_answer_itself(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    assert top(config(api, json=True)) == 0
    assert json.loads(capsys.readouterr().out) == api.answer


def test_an_empty_node_says_why(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api.answer["containers"] = []
    assert top(config(api)) == 0
    assert "first two sweeps are not over yet" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        ([1], 200, "another shape"),
        ({"time": 1, "containers": [{"fields": {}}]}, 200, "a collector?"),
        (
            {"error": "no", "hint": "send one"},
            401,
            "a token is needed; name its file by --token-file",
        ),
        ({"error": "no such thing", "hint": "ask again"}, 404, "no such thing; ask again"),
    ],
)
def test_another_server_is_one_line(
    api: Api, capsys: pytest.CaptureFixture[str], answer: Any, status: int, words: str
) -> None:
    api.answer, api.status = answer, status

    assert top(config(api)) == 1

    line = capsys.readouterr().err
    assert line.startswith(f"weir top: {api.server.url}")
    assert words in line
    assert line.count("\n") == 1


def test_nobody_there_is_one_line_with_the_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    sock = bind("127.0.0.1:0")
    url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    sock.close()

    assert top(TopConfig(url=url, once=True)) == 1

    assert capsys.readouterr().err == (
        f"weir top: {url} does not answer ([Errno 111] Connection refused): "
        "start `weir up`, or say --url\n"
    )


def test_sizes_are_binary() -> None:
    assert [size(n) for n in (None, 0, 1023, 1024, 1536 * 1024, 5 * 2**50)] == [
        *("-", "0 B", "1023 B", "1.0 KiB", "1.5 MiB", "5120.0 TiB")
    ]
