"""Containers of real runtimes other than Docker, by name, as a collector shows them."""

from __future__ import annotations

import json
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.agent import Agent
from collector.config import CollectorConfig
from monitor.web.server import bind
from tests.real.containerd import Container, Containerd
from tests.real.podman import FULL_IMAGE, Podman
from tests.real.process import wait_until

pytestmark = pytest.mark.root
CRI = "io.kubernetes.cri."
RECEIVED = "container_network_receive_bytes_total"
SENT = "container_network_transmit_bytes_total"


class Page:
    """A running collector over the two runtimes' state directories."""

    def __init__(self, agent: Agent) -> None:
        self.agent = agent

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self.agent.url + path, timeout=10) as reply:
            text: str = reply.read().decode()
        return text

    def lines(self, metric: str, *labels: str) -> list[str]:
        """The page's samples of the metric that have these labels."""
        found = [line for line in self.get("/metrics").splitlines() if line.startswith(metric)]
        return [line for line in found if all(label in line for label in labels)]

    def await_lines(self, metric: str, *labels: str) -> list[str]:
        wait_until(lambda: self.lines(metric, *labels), f"{metric} with {labels}")
        return self.lines(metric, *labels)

    def container(self, id: str) -> dict[str, Any] | None:
        """What /api/v1/containers says of it."""
        rows = json.loads(self.get("/api/v1/containers"))["containers"]
        return next((row for row in rows if row["id"] == id), None)


@pytest.fixture
def page(containerd: Containerd, podman: Podman, tmp_path: Path) -> Iterator[Page]:
    config = CollectorConfig(
        listen="127.0.0.1:0",
        data=str(tmp_path),
        interval=1.0,
        docker="none",
        runtime_state=f"{containerd.state},{podman.storage}",
    )
    agent = Agent(config, bind(config.listen), {})
    agent.start()
    yield Page(agent)
    agent.stop()


def value(line: str) -> float:
    """A sample's value; behind it stands the time of its reading."""
    return float(line.rpartition("} ")[2].split()[0])


def in_pod(containerd: Containerd, uid: str, noted: dict[str, str], *options: str) -> Container:
    id = uuid.uuid4().hex + uuid.uuid4().hex
    shared = {
        f"{CRI}sandbox-name": "web-0",
        f"{CRI}sandbox-namespace": "shop",
        f"{CRI}sandbox-uid": uid,
    }
    return containerd.run(
        *("sleep", "1000"),
        namespace="k8s.io",
        identity=id,
        annotations={**shared, **{CRI + key: value for key, value in noted.items()}},
        options=("--cgroup", f"/kubepods/burstable/pod{uid}/{id}", *options),
    )


def test_podmans_container_is_shown_by_name_and_image_until_it_is_removed(
    podman: Podman, page: Page
) -> None:
    project = "com.docker.compose.project=shop"
    options = ("--memory", "64m", "--annotation", project, "--rm")
    container = podman.run("sleep", "1000", name="pod-idle", options=options)
    try:
        name = ('container="pod-idle"', 'name="pod-idle"', 'namespace="shop"')
        labels = (*name, f'image="{FULL_IMAGE}"')
        (line,) = page.await_lines("container_spec_memory_limit_bytes{", *labels)
        assert value(line) == 64 * 2**20
        row = page.container(container.id)
        assert row is not None and row["runtime"] == "podman"
    finally:
        container.remove()
    wait_until(lambda: not page.lines("container_", '"pod-idle"'), "it is forgotten")


def test_what_ctr_runs_is_shown_by_its_id(containerd: Containerd, page: Page) -> None:
    container = containerd.run("sleep", "1000", namespace=f"builds-{uuid.uuid4().hex[:8]}")
    try:
        labels = (f'container="containerd-{container.id[:12]}"', 'name="containerd-')
        (line,) = page.await_lines("container_cpu_usage_seconds_total{", *labels)
        assert f'id="/{container.namespace}/{container.id}"' in line and "namespace=" not in line
    finally:
        container.remove()
    wait_until(lambda: page.container(container.id) is None, "it is forgotten")


def test_a_pods_containers_have_its_name_and_their_network_is_the_pods(
    containerd: Containerd, page: Page
) -> None:
    uid = str(uuid.uuid4())
    sandbox = in_pod(containerd, uid, {"container-type": "sandbox"})
    running = [sandbox]
    try:
        sandbox.add_interface()
        network = f"network:/proc/{sandbox.pid}/ns/net"
        for name in ("app", "proxy"):
            noted = {"container-type": "container", "container-name": name, "image-name": "a/b:1"}
            running.append(in_pod(containerd, uid, noted, "--with-ns", network))
        pod = ('namespace="shop"', 'pod="web-0"')
        for name in ("app", "proxy"):
            labels = (f'container="{name}"', 'image="a/b:1"', *pod)
            assert len(page.await_lines("container_memory_usage_bytes{", *labels)) == 1
        assert not page.lines("container_memory_usage_bytes{", *pod, 'container="POD"')
        assert page.container(sandbox.id) is None

        page.await_lines(RECEIVED, *pod, 'interface="eth0"')
        (line,) = page.lines(RECEIVED, *pod)  # of the pod alone, and once
        assert line.startswith(RECEIVED + '{interface="eth0",namespace="shop",pod="web-0"}')
        running[1].exec("sh", "-c", "arping -c 2 -I eth0 10.214.0.3; true")
        kernel = Path(f"/proc/{sandbox.pid}/net/dev").read_text()
        sent = next(row.split()[9] for row in kernel.splitlines() if "eth0:" in row)
        assert int(sent) > 0
        wait_until(lambda: value(page.lines(SENT, *pod)[0]) >= int(sent), f"{sent} bytes sent")
    finally:
        for container in reversed(running):
            container.remove()
    wait_until(lambda: not page.lines("container_memory", 'pod="web-0"'), "the containers left")
    wait_until(lambda: not page.lines(RECEIVED, 'pod="web-0"'), "the pod left", seconds=45)
