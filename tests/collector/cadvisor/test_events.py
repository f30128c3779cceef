"""Events: which, whose, when; from the log and as they come."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from collector.cadvisor import events
from tests.collector.cadvisor.recorded import (
    SECOND,
    SHAPES,
    T0,
    WEB,
    WEB_PATH,
    Recorded,
    complaints,
    container,
    info,
)

ALL = "all_events=true&subcontainers=true"


def event(reason: str, id: str = WEB, path: str = WEB_PATH, message: str = "") -> str:
    told = f',cgroup="{path}"' if path else ""
    return (
        f"event,cluster=c,kind=Container,node=n,reason={reason},type=Normal "
        f'message="{message}",object="web",id="{id}"{told}'
    )


@pytest.fixture
def lived(recorded: Recorded) -> Recorded:
    """A container that came, was short of memory, and went; another one, that stays."""
    cpu = container("cpu_usage_seconds_total=1.0", "other")
    at = [T0 + number * 10 * SECOND for number in range(5)]
    recorded.sweep(at[0], cpu, info("other", "/docker/other", "other"))
    recorded.sweep(at[1], cpu, event("Started"))
    recorded.sweep(at[2], cpu, event("OOMKilled", path=""))
    recorded.sweep(at[3], cpu, event("Died", path="", message="exited with code 137"))
    recorded.sweep(at[4], cpu, event("Stopped"))
    recorded.sweep(at[4] + SECOND, cpu, event("OOMKilled", "other", path=""))
    return recorded


def told(found: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(one["event_type"], one["container_name"]) for one in found]


def test_all_of_all(lived: Recorded) -> None:
    found = lived.get(f"/api/v1.3/events/?{ALL}")
    assert complaints(["list", SHAPES["model.Event"]], found) == []
    assert told(found) == [
        ("containerCreation", WEB_PATH),
        ("oom", WEB_PATH),
        ("oomKill", WEB_PATH),
        ("containerDeletion", WEB_PATH),
        ("oom", "/docker/other"),
        ("oomKill", "/docker/other"),
    ]
    assert found[3]["event_data"] == {"container_deletion": {"exit_code": 137}}
    assert found[3]["timestamp"] == "2023-11-14T22:14:00Z"
    assert found == lived.get(f"/api/v2.1/events?{ALL}")


@pytest.mark.parametrize(
    ("asked", "types"),
    [
        ("", []),
        ("creation_events=true", ["containerCreation"]),
        ("oom_events=true&deletion_events=true", ["oom", "containerDeletion"]),
        ("all_events=true&max_events=1", ["containerDeletion"]),
        ("all_events=true&end_time=2023-11-14T22:13:40Z", ["containerCreation", "oom", "oomKill"]),
        ("all_events=true&start_time=2023-11-14T22:13:41Z", ["containerDeletion"]),
    ],
)
def test_of_one_container(lived: Recorded, asked: str, types: list[str]) -> None:
    found = lived.get(f"/api/v1.3/events{WEB_PATH}?{asked}")
    assert [one["event_type"] for one in found] == types


def test_below_a_directory_only_where_asked(lived: Recorded) -> None:
    assert lived.get("/api/v1.3/events/docker?all_events=true") == []
    assert len(lived.get(f"/api/v1.3/events/docker?{ALL}")) == 6
    assert lived.get(f"/api/v1.3/events/docke?{ALL}") == []


def test_a_deletion_without_a_word_of_its_code_is_minus_one(recorded: Recorded) -> None:
    recorded.sweep(T0, event("Stopped"))
    (only,) = recorded.get(f"/api/v1.3/events?{ALL}")
    assert only["event_data"]["container_deletion"]["exit_code"] == -1


def test_the_newest_are_kept_and_no_more_of_the_log_is_read(recorded: Recorded) -> None:
    for number in range(30):
        recorded.sweep(T0 + number * SECOND, event("Started", str(number), f"/docker/{number}"))
    found = recorded.get(f"/api/v1.3/events?{ALL}")
    assert [one["container_name"] for one in found] == [f"/docker/{n}" for n in range(20, 30)]


def test_a_stream_has_what_comes_and_ends_when_told(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "_POLL_SECONDS", 0.01)
    recorded.sweep(T0, event("Started", "old", "/docker/old"))
    reply = recorded.client.get(f"/api/v1.3/events?stream=true&{ALL}", buffered=False)
    assert (reply.status_code, reply.content_type) == (200, "application/json")
    parts = iter(reply.response)
    assert next(parts) == b"\n"  # at once, so that the caller sees the stream begin
    recorded.sweep(T0 + SECOND, event("Started"), event("Stopped", "y", "/docker/y"))
    assert told([json.loads(next(parts)), json.loads(next(parts))]) == [
        ("containerCreation", WEB_PATH),
        ("containerDeletion", "/docker/y"),
    ]
    threading.Timer(0.05, setattr, (recorded, "stopping", True)).start()
    assert [part for part in parts if part.strip()] == []
    reply.close()


def test_streams_are_few_and_free_their_place(recorded: Recorded) -> None:
    path = f"/api/v1.3/events?stream=true&{ALL}"
    open_streams = [recorded.client.get(path, buffered=False) for _ in range(2)]
    refused = recorded.client.get(path)
    assert refused.status_code == 503 and "2 streams of events" in refused.text
    recorded.get("/api/v1.3/machine")
    for stream in open_streams:
        stream.close()
    recorded.client.get(path, buffered=False).close()
    recorded.client.head(path)
    recorded.client.get(path, buffered=False).close()


def test_a_stream_ends_by_itself(recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_POLL_SECONDS", 0.01)
    monkeypatch.setattr(events, "STREAM_SECONDS", 0.05)
    assert recorded.client.get(f"/api/v1.3/events?stream=true&{ALL}").data.strip() == b""
