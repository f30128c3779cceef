"""Names from a real Docker engine: listed, followed, and done without."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from collector.containers.docker import DockerNames
from collector.containers.docker_engine import DEFAULT_URL, Engine, address
from collector.containers.docker_naming import ContainerEvent, naming_of_event, naming_of_row
from collector.containers.names import Found, Naming, fallback
from tests.real import docker as real
from tests.real.process import wait_until

SHORT = partial(Engine, timeout=0.5, window=2.0)


def found(id: str) -> Found:
    return Found(f"/docker/{id}", id, "docker")


@pytest.fixture
def names(docker_engine: real.Engine) -> Iterator[DockerNames]:
    names = DockerNames(docker_engine.url, {}, retry_seconds=0.1)
    names.start(wait_seconds=10)
    yield names
    names.stop()


def await_name(names: DockerNames, id: str, name: str) -> Naming:
    def named() -> bool:
        naming = names.name_of(found(id))
        return naming is not None and naming.name == name

    wait_until(named, f"the name {name}", seconds=10)
    naming = names.name_of(found(id))
    assert naming is not None
    return naming


@pytest.mark.root
def test_a_change_of_limits_is_told_once(docker_engine: real.Engine, names: DockerNames) -> None:
    container = docker_engine.run("sleep", "100", options=("--cpus", "0.5"))
    try:
        assert not names.updated()
        docker_engine.cli("update", "--cpus", "0.25", container.id)
        wait_until(names.updated, "the update is heard of", seconds=10)
        assert not names.updated()
    finally:
        container.remove()


@pytest.mark.root
def test_names_project_labels_and_renaming_of_a_compose_container(
    docker_engine: real.Engine, names: DockerNames
) -> None:
    options = ("-l", "com.docker.compose.project=shop", "-l", "name=a label", "-l", "tier=web")
    container = docker_engine.run("sleep", "100", name="shop-web-1", options=options)
    try:
        naming = await_name(names, container.id, "shop-web-1")
        assert (naming.container, naming.namespace, naming.pod) == ("shop-web-1", "shop", None)
        assert naming.image == "busybox:test"
        assert naming.labels == {"com.docker.compose.project": "shop", "tier": "web"}
        assert names.name_of(found("f" * 64)) is None
        other = Found(f"/crio-{'f' * 64}", "f" * 64, "crio")
        assert names.name_of(other) == fallback(other)

        docker_engine.cli("rename", "shop-web-1", "shop-web-2")
        assert await_name(names, container.id, "shop-web-2").namespace == "shop"

        late = DockerNames(docker_engine.url, {})
        late.start(wait_seconds=10)
        listed = late.name_of(found(container.id))
        late.stop()
        assert listed is not None
        assert (listed.name, listed.image) == ("shop-web-2", "busybox:test")
        assert listed.labels["name"] == "a label"
    finally:
        container.remove()


@pytest.mark.root
def test_kubernetes_labels_win(docker_engine: real.Engine, names: DockerNames) -> None:
    labels = {"pod.name": "web-0", "pod.namespace": "prod", "container.name": "nginx"}
    options = [f"--label=io.kubernetes.{key}={value}" for key, value in labels.items()]
    container = docker_engine.run("sleep", "100", name="k8s_nginx", options=tuple(options))
    try:
        naming = await_name(names, container.id, "k8s_nginx")
        assert (naming.container, naming.namespace, naming.pod) == ("nginx", "prod", "web-0")
    finally:
        container.remove()


@pytest.mark.root
def test_deaths_and_restarts_become_events(docker_engine: real.Engine, names: DockerNames) -> None:
    options = ("--restart=on-failure:1", "-l", "com.docker.compose.project=shop")
    container = docker_engine.run("sh", "-c", "exit 3", name="crashing", options=options)
    events: list[ContainerEvent] = []

    def died_twice() -> bool:
        events.extend(names.drain())
        return [event.reason for event in events] == ["Died", "Restarted", "Died"]

    try:
        wait_until(died_twice, "two deaths and a restart")
        assert {event.id for event in events} == {container.id}
        assert {event.naming.namespace for event in events} == {"shop"}
        assert (events[0].type, events[0].message) == ("Warning", "exited with code 3")
        assert abs(events[0].time_ns - time.time_ns()) < 60e9
        assert names.drain() == []
    finally:
        container.remove()


@pytest.mark.root
def test_an_oom_kill_becomes_an_event(docker_engine: real.Engine, names: DockerNames) -> None:
    # Docker hears of an OOM kill only once it watches the new group: a moment before the feast.
    hog = ("sh", "-c", "sleep 1; x=aaaaaaaa; while true; do x=$x$x; done")
    container = docker_engine.run(*hog, name="hog", options=("-m", "16m"))
    events: list[ContainerEvent] = []

    def killed() -> bool:
        events.extend(names.drain())
        return {"OOMKilled", "Died"} <= {event.reason for event in events}

    try:
        wait_until(killed, "an OOM kill and a death")
        assert next(e for e in events if e.reason == "Died").message == "exited with code 137"
    finally:
        container.remove()


@pytest.mark.root
def test_no_event_is_lost_between_two_windows(docker_engine: real.Engine) -> None:
    names = DockerNames(
        docker_engine.url, {}, connect=partial(Engine, window=0.2), retry_seconds=0.3
    )
    names.start(wait_seconds=10)
    container = docker_engine.run("true", name="often")
    seen: list[str] = []

    def all_seen() -> bool:
        seen.extend(event.reason for event in names.drain())
        return seen.count("Died") >= 9

    try:
        for _ in range(8):
            docker_engine.cli("start", "-a", container.id)
        wait_until(all_seen, "nine deaths")
        assert seen.count("Died") == 9
    finally:
        names.stop()
        container.remove()


@pytest.mark.root
def test_an_engine_that_ends_and_comes_back(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with tempfile.TemporaryDirectory(prefix="weir-docker-") as directory:
        engine = real.Engine(Path(directory))
        names = DockerNames(engine.url, {}, retry_seconds=0.1)
        names.start(wait_seconds=10)
        try:
            assert not names.up
            engine.start()
            wait_until(lambda: names.up, "the engine is noticed")
            engine.stop()
            wait_until(lambda: not names.up, "its end is noticed")
            engine.start()
            wait_until(lambda: names.up, "its return is noticed")
            container = engine.run("sleep", "100", name="after")
            await_name(names, container.id, "after")
        finally:
            names.stop()
            engine.stop()
    said = [record.getMessage() for record in caplog.records if record.name.startswith("collector")]
    assert [("answers" in line, "until it answers" in line) for line in said] == [
        (True, True),
        (True, False),
        (True, True),
        (True, False),
    ], said


@pytest.mark.root
def test_an_engine_that_freezes_is_noticed(caplog: pytest.LogCaptureFixture) -> None:
    with tempfile.TemporaryDirectory(prefix="weir-docker-") as directory:
        engine = real.Engine(Path(directory))
        engine.start()
        names = DockerNames(engine.url, {}, connect=SHORT, retry_seconds=0.1)
        names.start(wait_seconds=10)
        daemon = int(Path(directory, "pid").read_text())
        try:
            assert names.up
            os.kill(daemon, signal.SIGSTOP)
            wait_until(lambda: not names.up, "the frozen engine is noticed")
            assert "does not answer within 0.5 s" in caplog.messages[-1]
            os.kill(daemon, signal.SIGCONT)
            wait_until(lambda: names.up, "it is well again")
        finally:
            os.kill(daemon, signal.SIGCONT)
            names.stop()
            engine.stop()


def test_an_absent_socket_is_said_once_with_the_remedy(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    names = DockerNames(f"unix://{tmp_path}/docker.sock", {}, retry_seconds=0.01)
    names.start(wait_seconds=5)
    time.sleep(0.1)  # several attempts
    names.stop()
    assert [record.getMessage() for record in caplog.records] == [
        f"docker: no socket at {tmp_path}/docker.sock; start Docker, name another engine with "
        "--docker URL, or say --docker none; names come from cgroup paths until it answers"
    ]
    assert not names.up
    naming = names.name_of(found("a" * 64))
    assert naming is not None and naming.name == "docker-aaaaaaaaaaaa"


@pytest.mark.root
def test_a_forbidden_socket_names_the_user_and_the_group(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with tempfile.TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX) as server:
        Path(directory).chmod(0o755)
        server.bind(f"{directory}/docker.sock")
        server.listen()
        Path(directory, "docker.sock").chmod(0)
        code = (
            "import logging, os, sys; logging.basicConfig(format='%(message)s')\n"
            "from collector.containers.docker import DockerNames\n"
            "os.seteuid(65534)\n"
            "names = DockerNames(sys.argv[1], {})\n"
            "names.start(wait_seconds=5); names.stop()"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, f"unix://{directory}/docker.sock"],
            capture_output=True,
            text=True,
            check=False,
        )
    assert "user nobody" in done.stderr
    assert f"may not open {directory}/docker.sock" in done.stderr
    assert "add the user to the socket's group" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_hanging_engine_holds_up_nobody(caplog: pytest.LogCaptureFixture) -> None:
    with tempfile.TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{directory}/docker.sock")
        server.listen()
        names = DockerNames(f"unix://{directory}/docker.sock", {}, connect=SHORT)
        began = time.monotonic()
        names.start(wait_seconds=5)
        naming = names.name_of(found("a" * 64))
        assert naming is not None and naming.name == "docker-aaaaaaaaaaaa"
        names.stop()
        assert time.monotonic() - began < 3
    (line,) = [record.getMessage() for record in caplog.records]
    assert "takes connections but does not answer within 0.5 s" in line


def test_something_else_on_the_socket_is_one_clear_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def answer(server: socket.socket) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                if connection.recv(65536):
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n[1, 2]")

    with tempfile.TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{directory}/docker.sock")
        server.listen()
        threading.Thread(target=answer, args=(server,), daemon=True).start()
        names = DockerNames(f"unix://{directory}/docker.sock", {}, connect=SHORT)
        names.start(wait_seconds=5)
        names.stop()
        server.shutdown(socket.SHUT_RDWR)
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith(f"docker: unix://{directory}/docker.sock") and "\n" not in line


def test_hostile_names_and_labels_are_capped() -> None:
    row = {
        "Id": "a" * 64,
        "Names": ["/one/alias", "/web\nforged 1"],
        "Image": "i" * 1000,
        "Labels": {f"{n:03}" + "k" * 500: "v" * 10_000 for n in range(100)},
    }
    naming = naming_of_row(row)
    assert naming.name == "web forged 1"
    assert len(naming.image) == 256
    assert len(naming.labels) == 64
    assert naming.labels_left_out == 36
    assert {len(key) for key in naming.labels} == {256}
    assert {len(value) for value in naming.labels.values()} == {4096}


def test_an_event_without_a_name_falls_back_to_the_id() -> None:
    event = {"Action": "start", "Actor": {"ID": "b" * 64, "Attributes": {}}, "timeNano": 1}
    assert naming_of_event(event).name == "b" * 12


def test_the_address_follows_docker_host_unless_told() -> None:
    assert address("auto", {}) == DEFAULT_URL
    assert address("auto", {"DOCKER_HOST": "tcp://engine:2375"}) == "tcp://engine:2375"
    assert address("unix:///x", {"DOCKER_HOST": "tcp://engine:2375"}) == "unix:///x"
