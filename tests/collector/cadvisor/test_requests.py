"""What callers may ask: defaults, bounds, and nonsense."""

from __future__ import annotations

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from collector.cadvisor.requests import (
    CannotAnswer,
    Options,
    Window,
    container_name,
    events_wanted,
    options,
    window,
)


def request(query: str = "", body: bytes | None = None) -> Request:
    method = "GET" if body is None else "POST"
    return Request(EnvironBuilder(method=method, query_string=query, data=body).get_environ())


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (None, Window(60)),
        (b"", Window(60)),
        (b" \n", Window(60)),
        (b"null", Window(60)),
        (b"{}", Window(60)),
        (b'{"num_stats":3,"other":[]}', Window(3)),
        (b'{"num_stats":-1}', Window(-1)),
        (
            b'{"num_stats":2,"start":"0001-01-01T00:00:00Z","end":"2023-11-14T22:13:20.5Z"}',
            Window(2, None, 1_700_000_000_500_000_000),
        ),
    ],
)
def test_version_1_s_body(body: bytes | None, wanted: Window) -> None:
    assert window(request(body=body)) == wanted


@pytest.mark.parametrize(
    "body",
    [
        b"{", b"[]", b"7", b'"x"', b'{"num_stats":"3"}', b'{"num_stats":-2}', b'{"num_stats":1.5}',
        b'{"num_stats":true}', b'{"start":5}', b'{"end":"yesterday"}', b"\xff", b"[" * 60_000,
        b'{"a":"' + b"x" * 70_000 + b'"}',
    ],
)  # fmt: skip
def test_a_body_that_cannot_be_is_one_line(body: bytes) -> None:
    with pytest.raises(CannotAnswer) as refused:
        window(request(body=body))
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 200


def test_version_2_s_parameters() -> None:
    assert options(request()) == Options("name", 64, False, None)
    asked = "type=docker&count=-1&recursive=true&max_age=1m"
    assert options(request(asked)) == Options("docker", -1, True, 60.0)
    assert options(request("recursive=1&count=")) == Options("name", 64, False, None)


@pytest.mark.parametrize(
    "query", ["type=pod", "count=x", "count=-2", "count=" + "9" * 40, "max_age=5", "count=%D9%A1"]
)
def test_a_parameter_that_cannot_be_is_one_line(query: str) -> None:
    with pytest.raises(CannotAnswer) as refused:
        options(request(query))
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 200


def test_events_have_cadvisor_s_defaults_and_ignore_what_they_cannot_read() -> None:
    plain = events_wanted(request("max_events=x&start_time=soon&oom_events=maybe"), "docker/")
    assert (plain.types, plain.container, plain.subcontainers) == (frozenset(), "/docker", False)
    assert (plain.max_events, plain.start_ns, plain.stream) == (10, None, False)
    every = events_wanted(request("all_events=1&max_events=-5&subcontainers=true"), "")
    assert every.types == {"oom", "oomKill", "containerCreation", "containerDeletion"}
    assert (every.container, every.max_events) == ("/", 10_000)
    some = events_wanted(request("oom_events=T&creation_events=0&deletion_events=true"), "")
    assert some.types == {"oom", "containerDeletion"}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("", "/"), ("docker", "/docker"), ("docker/", "/docker"), ("/docker//a", "/docker/a"),
        ("../../etc/passwd", "/etc/passwd"), ("a/./b/..", "/a"),
    ],
)  # fmt: skip
def test_a_name_is_absolute_and_plain(path: str, name: str) -> None:
    assert container_name(path) == name
