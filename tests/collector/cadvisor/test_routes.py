"""What each path answers: shapes, statuses and lines, over a recorded log."""

from __future__ import annotations

import json
from typing import Any

import pytest

from collector.cadvisor import routes
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


@pytest.fixture
def node(recorded: Recorded) -> Recorded:
    """Ten sweeps of the machine and of one container, which uses a third of a core."""
    for number in range(10):
        recorded.sweep(
            T0 + number * 10 * SECOND,
            f"node,cluster=c,node=n cpu_usage_seconds_total={5.0 * number},"
            "memory_MemTotal_bytes=9i,memory_working_set_bytes=4i,boot_time_seconds=1600000000.0",
            f"node,cluster=c,device=eth0,node=n network_receive_bytes_total={number}i",
            "node,cluster=c,mountpoint=/,node=n filesystem_size_bytes=9i,filesystem_free_bytes=3i",
            container(
                f"cpu_usage_seconds_total={10 + number * 10 / 3!r},cpu_user_seconds_total=1.0,"
                f"memory_usage_bytes=50i,memory_working_set_bytes={number}i,threads=2i,"
                "start_time_seconds=1699999988.03,spec_cpu_shares=1024i"
            ),
            container("network_receive_bytes_total=8i", more=",interface=eth0"),
            container("fs_reads_bytes_total=7i", more=",device=sda"),
            info(),
        )
    return recorded


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/api/v1.0/containers", "model.ContainerInfo"),
        ("/api/v1.0/containers/", "model.ContainerInfo"),
        ("/api/v1.1/containers/docker", "model.ContainerInfo"),
        (f"/api/v1.3/containers{WEB_PATH}", "model.ContainerInfo"),
        ("/api/v1.1/subcontainers/", ["list", "model.ContainerInfo"]),
        ("/api/v1.3/subcontainers/docker", ["list", "model.ContainerInfo"]),
        ("/api/v1.2/docker", ["map", "model.ContainerInfo"]),
        ("/api/v1.3/docker/", ["map", "model.ContainerInfo"]),
        ("/api/v1.3/docker/web", ["map", "model.ContainerInfo"]),
        (f"/api/v1.3/docker/{WEB[:12]}", ["map", "model.ContainerInfo"]),
        ("/api/v1.3/machine", "model.MachineInfo"),
        ("/api/v1.3/events/?all_events=true", ["list", "model.Event"]),
        ("/api/v2.0/machine", "model.MachineInfo"),
        ("/api/v2.1/attributes", "v2.Attributes"),
        ("/api/v2.1/machinestats", ["list", "v2.MachineStats"]),
        (f"/api/v2.1/stats{WEB_PATH}", ["map", "v2.ContainerInfo"]),
        ("/api/v2.1/stats/web?type=docker", ["map", "v2.ContainerInfo"]),
        ("/api/v2.1/stats?type=docker&recursive=true", ["map", "v2.ContainerInfo"]),
        ("/api/v2.1/stats?recursive=true", ["map", "v2.ContainerInfo"]),
        ("/api/v2.0/stats/?recursive=true", ["map", ["list", "v2.DeprecatedContainerStats"]]),
        ("/api/v2.1/spec?recursive=true", ["map", "v2.ContainerSpec"]),
        ("/api/v2.0/summary/?recursive=true", ["map", "model.DerivedStats"]),
        ("/api/v2.1/version", "string"),
    ],
)
def test_every_answer_has_cadvisor_s_shape(node: Recorded, path: str, shape: Any) -> None:
    def whole(shape: Any) -> Any:
        return [shape[0], whole(shape[1])] if isinstance(shape, list) else SHAPES.get(shape, shape)

    answer = node.get(path)
    assert answer or "events" in path
    assert complaints(whole(shape), answer) == []


def test_a_container_with_its_samples(node: Recorded) -> None:
    found = node.get(f"/api/v1.3/containers{WEB_PATH}", num_stats=3)
    assert (found["name"], found["id"], found["aliases"]) == (WEB_PATH, WEB, ["web", WEB])
    assert [stats["memory"]["working_set"] for stats in found["stats"]] == [7, 8, 9]
    assert found["stats"][-1]["cpu"]["usage"]["total"] == 40 * SECOND
    assert node.get("/api/v1.3/docker/web", num_stats=3) == {WEB_PATH: found}
    assert node.get("/api/v1.3/docker", num_stats=3) == {WEB_PATH: found}
    directory, below = node.get("/api/v1.3/subcontainers/docker", num_stats=3)
    assert directory["subcontainers"] == [{"name": WEB_PATH}] and below == found
    assert len(node.get(f"/api/v1.3/containers{WEB_PATH}")["stats"]) == 10


def test_a_window_of_time(node: Recorded) -> None:
    window = {"start": "2023-11-14T22:13:40Z", "end": "2023-11-14T22:14:00Z"}
    found = node.get("/api/v1.3/docker/web", num_stats=-1, **window)
    assert [s["timestamp"][14:] for s in found[WEB_PATH]["stats"]] == ["13:40Z", "13:50Z", "14:00Z"]


def test_version_2_has_the_rate_since_the_sample_before(node: Recorded) -> None:
    found = node.get("/api/v2.1/stats/web?type=docker&count=3")[WEB_PATH]
    first, second, third = found["stats"]
    assert "cpu_inst" not in first
    assert second["cpu_inst"]["usage"]["total"] == third["cpu_inst"]["usage"]["total"] == 333333333
    assert second["cpu_inst"]["usage"]["user"] == 0
    assert found["spec"]["aliases"] == ["web", WEB]
    deprecated = node.get("/api/v2.0/stats/web?type=docker&count=3")[WEB_PATH]
    assert [stats["cpu"] for stats in deprecated] == [stats["cpu"] for stats in found["stats"]]
    assert deprecated[0]["has_cpu"] and deprecated[2]["cpu_inst"] == third["cpu_inst"]


def test_the_machine_is_no_container_in_2_1_and_has_stats_of_its_own(node: Recorded) -> None:
    assert node.get("/api/v2.1/stats/") == {}
    assert node.get("/api/v2.1/stats?recursive=true").keys() == {"/docker", WEB_PATH}
    last = node.get("/api/v2.1/machinestats?count=2")[-1]
    assert last["cpu_inst"]["usage"]["total"] == SECOND // 2
    assert last["network"]["interfaces"][0]["rx_bytes"] == 9
    assert last["filesystem"][0]["usage"] == 6


def test_a_summary(node: Recorded) -> None:
    found = node.get("/api/v2.1/summary/web?type=docker")[WEB_PATH]
    assert found["latest_usage"] == {"cpu": 333, "memory": 9}
    assert found["minute_usage"]["percent_complete"] == 100
    assert found["minute_usage"]["cpu"]["mean"] == 333


def test_max_age_asks_for_a_sweep(node: Recorded) -> None:
    node.get("/api/v2.1/stats/web?type=docker&max_age=500ms")
    node.get("/api/v2.1/spec/web?type=docker")
    assert node.fresh == [0.5]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("/api/v1.3/containers/nope", 'unknown container "/nope"'),
        ("/api/v1.3/subcontainers/nope", 'unknown container "/nope"'),
        ("/api/v1.3/docker/nope", 'unable to find container "nope" in "docker" namespace'),
        ("/api/v1.3/docker/a/b", "unknown request for Docker container 'a/b'"),
        ("/api/v1.2/events", "unknown request type 'events'"),
        ("/api/v1.0/docker", "unknown request type 'docker'"),
        ("/api/v2.0/machinestats", "unknown request type 'machinestats'"),
        ("/api/v2.1/ps/web", "unknown request type 'ps'"),
        ("/api/v2.1/stats/web", 'unknown container "/web"'),
        ("/api/v2.1/stats/web?type=podman", 'unable to find container "web" in "podman" namespace'),
        (
            "/api/v2.1/stats/web?type=docker&recursive=true",
            'invalid request for docker container "/web" with subcontainers',
        ),
        ("/api/v2.1/spec?type=pod", "unknown 'type' 'pod'"),
    ],
)
def test_what_cannot_be_answered_is_500_and_a_line_as_in_cadvisor(
    node: Recorded, path: str, line: str
) -> None:
    reply = node.client.get(path)
    assert (reply.status_code, reply.text) == (500, f"{line}\n")
    assert reply.content_type.startswith("text/plain")


@pytest.mark.parametrize(
    "path",
    ["%00", "%0a%0d", "..%2f..%2f", "%ff%fe", "a" * 4000, "%3Cscript%3E", "%F0%9F%8E%89", "a//b",
     "%22%7d%2c", "%5C%22"],
)  # fmt: skip
def test_hostile_paths_are_data(
    node: Recorded, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    for kind in ("v1.3/containers", "v1.3/docker", "v1.3/events", "v2.1/stats", "v2.1/spec", "v9"):
        reply = node.client.get(f"/api/{kind}/{path}", follow_redirects=True)
        if reply.status_code == 200:
            json.loads(reply.data)
        elif reply.content_type != "application/json":
            assert reply.status_code == 500 and reply.text.rstrip("\n").isprintable()
        else:
            assert reply.status_code == 404
    assert not caplog.records


def test_what_there_is_to_ask_for(node: Recorded) -> None:
    reply = node.client.get("/api/")
    assert (reply.status_code, reply.text) == (
        400, "Supported API versions: v1.0,v1.1,v1.2,v1.3,v2.0,v2.1\n",
    )  # fmt: skip
    reply = node.client.get("/api/v1.1")
    assert reply.status_code == 400 and "containers,machine,subcontainers" in reply.text


def test_a_full_gate_refuses_and_opens_again(node: Recorded) -> None:
    path = "/api/v1.3/docker"
    open_answers = [node.client.get(path, buffered=False) for _ in range(routes.MOST_ANSWERS)]
    refused = node.client.get(path)
    assert refused.status_code == 503 and "ask again later" in refused.text
    for answer in open_answers:
        answer.close()
    assert node.client.head(path).status_code == 200
    assert node.client.get(path).status_code == 200


def test_an_unreadable_log_is_a_line(node: Recorded) -> None:
    for segment in (node.log.directory / "segments").iterdir():
        segment.unlink()
        segment.mkdir()
    reply = node.client.get("/api/v1.3/docker")
    assert reply.status_code == 500 and "cannot be read" in reply.text
    assert "\n" not in reply.text.rstrip()
