"""The parts themselves: each starts, answers, and can be ended and started again."""

from __future__ import annotations

import subprocess
import time
import urllib.request
import uuid
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.real.containerd import Containerd
    from tests.real.docker import Engine
    from tests.real.influxdb import InfluxDB
    from tests.real.podman import Podman
    from tests.real.vm import VirtualMachine


@pytest.mark.root
def test_a_container_runs_with_a_network_and_a_cgroup(docker_engine: Engine) -> None:
    container = docker_engine.run("sleep", "100", options=("--cpus", "0.5"))
    try:
        assert "eth0" in container.exec("ip", "addr")
        period = (container.cgroup("cpu") / "cpu.cfs_period_us").read_text()
        assert int((container.cgroup("cpu") / "cpu.cfs_quota_us").read_text()) == int(period) / 2
        assert str(container.pid) in (container.cgroup("memory") / "cgroup.procs").read_text()
        assert docker_engine.stats(container)[0]["Name"] == container.name
    finally:
        container.remove()


@pytest.mark.root
def test_podman_runs_a_container_with_a_cgroup_and_leaves_nothing(podman: Podman) -> None:
    container = podman.run("sleep", "100", options=("--memory", "64m"))
    group = container.cgroup("memory")
    try:
        assert group.name == f"libpod-{container.id}"
        assert int((group / "memory.limit_in_bytes").read_text()) == 64 * 2**20
        assert str(container.pid) in (group / "cgroup.procs").read_text()
        assert "sleep 100" in container.exec("ps")
        container.stop()
        assert container.pid == 0
        container.start()
        assert container.pid
    finally:
        container.remove()
    assert not group.exists()


@pytest.mark.root
def test_containerd_runs_a_container_where_the_kubelet_wants_it(containerd: Containerd) -> None:
    pod = f"/kubepods/burstable/pod{uuid.uuid4()}"
    identity = uuid.uuid4().hex + uuid.uuid4().hex
    container = containerd.run(
        *("sleep", "100"),
        namespace="k8s.io",
        identity=identity,
        annotations={"io.kubernetes.cri.container-name": "web"},
        options=("--cgroup", f"{pod}/{identity}", "--memory-limit", str(64 * 2**20)),
    )
    group = container.cgroup("memory")
    try:
        assert str(group).endswith(f"{pod}/{identity}")
        assert int((group / "memory.limit_in_bytes").read_text()) == 64 * 2**20
        container.add_interface()
        assert "eth0" in container.exec("ip", "addr")
    finally:
        container.remove()
    assert not group.parent.exists()


def test_influxdb_keeps_its_data_over_an_outage(influxdb: InfluxDB) -> None:
    influxdb.create_database("parts")
    body = f"cpu,host=a value=1i {time.time_ns()}".encode()
    request = urllib.request.Request(f"{influxdb.url}/write?db=parts", data=body)
    urllib.request.urlopen(request, timeout=10).close()
    influxdb.stop()
    assert not influxdb.answers()
    influxdb.start()
    assert influxdb.query("SELECT value FROM cpu", "parts")[0]["values"][0][1] == 1
    influxdb.kill()
    influxdb.start()
    assert influxdb.query("SELECT value FROM cpu", "parts")[0]["values"][0][1] == 1
    influxdb.drop_database("parts")


def test_promtool_checks_an_exposition(promtool: str) -> None:
    text = "# HELP weir_up Whether Weir runs.\n# TYPE weir_up gauge\nweir_up 1\n"
    done = subprocess.run([promtool, "check", "metrics"], input=text, text=True, check=False)
    assert done.returncode == 0


def test_the_browser_draws_a_page(page: Page) -> None:
    page.set_content("<h1>weir</h1>")
    assert page.locator("h1").inner_text() == "weir"


@pytest.mark.root
def test_the_virtual_machine_has_cgroup_v2_and_the_systemd_driver(
    virtual_machine: VirtualMachine,
) -> None:
    shown = virtual_machine.run("docker info --format '{{.CgroupVersion}} {{.CgroupDriver}}'")
    assert shown.splitlines()[-1] == "2 systemd"
    assert "memory" in virtual_machine.run("cat /sys/fs/cgroup/cgroup.controllers").split()
    assert virtual_machine.run("docker run --rm busybox:test echo hello") == "hello"
    with pytest.raises(AssertionError, match="false: 1"):
        virtual_machine.run("false")
