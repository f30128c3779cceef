"""A real container of a real engine: what cAdvisor's paths say of it is what the kernel says."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.agent import Agent
from collector.config import CollectorConfig
from monitor.web.server import bind
from tests.collector.cadvisor.recorded import SHAPES, complaints
from tests.real.docker import Container, Engine
from tests.real.process import wait_until


def started(engine: Engine, data: Path) -> Agent:
    config = CollectorConfig(listen="127.0.0.1:0", data=str(data), interval=1.0, docker=engine.url)
    agent = Agent(config, bind(config.listen), {})
    agent.start()
    return agent


@pytest.fixture
def agent(docker_engine: Engine, tmp_path: Path) -> Iterator[Agent]:
    agent = started(docker_engine, tmp_path)
    yield agent
    agent.stop()


@pytest.fixture
def busy(docker_engine: Engine) -> Iterator[Container]:
    """Works, writes, and is held back; with a name that would like to be more than a name."""
    script = "while :; do dd if=/dev/zero of=/f bs=64k count=16 2>/dev/null; done"
    options = ("--cpus=0.4", "--memory=64m", "-l", 'evil="},{', "-e", "A=b")
    container = docker_engine.run("sh", "-c", script, options=options)
    yield container
    container.remove()


def ask(agent: Agent, path: str, **body: Any) -> Any:
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(f"{agent.url}{path}", data=data)
    with urllib.request.urlopen(request, timeout=20) as reply:
        return json.loads(reply.read())


@pytest.mark.root
def test_both_versions_agree_with_the_kernel_s_files(agent: Agent, busy: Container) -> None:
    """Counters lie between two readings of their files: the first one made before the sweep."""
    before = _kernel(busy)
    answers: dict[str, Any] = {}

    def is_newer() -> bool:
        version_2 = ask(agent, f"/api/v2.1/stats/{busy.id}?type=docker&count=1&max_age=0s")
        version_1 = ask(agent, f"/api/v1.3/docker/{busy.name}", num_stats=1)
        answers.update(version_1=version_1, version_2=version_2)
        shown = [_shown(answer) for answer in answers.values()]
        return all(of.get(what, -1) >= before[what] for of in shown for what in before)

    wait_until(lambda: busy.id in str(ask(agent, "/api/v1.3/docker/")), "the container")
    wait_until(is_newer, "a sample of all that is compared", pause=0.5)
    after = _kernel(busy)
    for version, answer in answers.items():
        for what, value in _shown(answer).items():
            assert value <= after[what], f"{what} of {version}"
    assert complaints(["map", SHAPES["model.ContainerInfo"]], answers["version_1"]) == []
    assert complaints(["map", SHAPES["v2.ContainerInfo"]], answers["version_2"]) == []
    ((name, found),) = answers["version_1"].items()
    assert answers["version_2"].keys() == {name}
    assert name == f"/{busy.cgroup('memory').relative_to('/sys/fs/cgroup/memory')}"
    spec = found["spec"]
    assert spec["labels"] == {"evil": '"},{'} and spec["image"] == "busybox:test"
    assert (spec["memory"]["limit"], spec["cpu"]["limit"]) == (64 * 2**20, 1024)
    assert (spec["cpu"]["quota"], spec["cpu"]["period"]) == (40000, 100000)
    assert found["aliases"] == [busy.name, busy.id]


def _kernel(container: Container) -> dict[str, int]:
    throttled = _keyed(container.cgroup("cpu") / "cpu.stat")
    network = Path(f"/proc/{container.pid}/net/dev").read_text().partition("eth0:")[2].split()
    return {
        "total": int((container.cgroup("cpuacct") / "cpuacct.usage").read_text()),
        "periods": throttled["nr_periods"],
        "throttled_time": throttled["throttled_time"],
        "max_usage": int((container.cgroup("memory") / "memory.max_usage_in_bytes").read_text()),
        "pgfault": _keyed(container.cgroup("memory") / "memory.stat")["total_pgfault"],
        "rx_bytes": int(network[0]),
    }


def _shown(answer: dict[str, Any]) -> dict[str, int]:
    """The same figures of the newest sample in an answer of either version; {} without one."""
    (found,) = answer.values()
    if not found.get("stats") or "network" not in found["stats"][-1]:
        return {}
    stats = found["stats"][-1]
    return {
        "total": stats["cpu"]["usage"]["total"],
        "periods": stats["cpu"]["cfs"]["periods"],
        "throttled_time": stats["cpu"]["cfs"]["throttled_time"],
        "max_usage": stats["memory"]["max_usage"],
        "pgfault": stats["memory"]["hierarchical_data"]["pgfault"],
        "rx_bytes": stats["network"]["interfaces"][0]["rx_bytes"],
    }


def _keyed(file: Path) -> dict[str, int]:
    rows = (line.split() for line in file.read_text().splitlines())
    return {key: int(value) for key, value in rows}


@pytest.mark.root
def test_a_container_s_life_is_told_as_it_is_lived(docker_engine: Engine, tmp_path: Path) -> None:
    agent = started(docker_engine, tmp_path)
    events: list[dict[str, Any]] = []
    url = f"{agent.url}/api/v1.3/events/docker?stream=true&all_events=true&subcontainers=true"
    wait_until(lambda: ask(agent, "/api/v1.3/containers/", num_stats=1).get("stats"), "a sweep")
    begun = threading.Event()

    def follow() -> None:
        with urllib.request.urlopen(url, timeout=30) as reply:
            for line in reply:
                begun.set()
                if line.strip():
                    events.append(json.loads(line))

    follower = threading.Thread(target=follow)
    follower.start()
    try:
        assert begun.wait(10)
        container = docker_engine.run("sleep", "1000")

        def kinds(of: list[dict[str, Any]]) -> list[str]:
            return [one["event_type"] for one in of if container.id in one["container_name"]]

        wait_until(lambda: kinds(events) == ["containerCreation"], "its creation")
        container.remove()
        life = ["containerCreation", "containerDeletion"]
        wait_until(lambda: kinds(events) == life, "its deletion")
        path = "/api/v1.3/events/?all_events=true&subcontainers=true"
        past = ask(agent, path)
        assert kinds(past) == life
        deletion = next(one for one in past if one["event_type"] == "containerDeletion")
        assert deletion["event_data"]["container_deletion"]["exit_code"] in (137, -1)
    finally:
        began = time.monotonic()
        agent.stop()
        follower.join(timeout=5)
        assert not follower.is_alive() and time.monotonic() - began < 4
