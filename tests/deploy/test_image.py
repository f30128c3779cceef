"""The image of deploy/Dockerfile, and the collector in it as docker-compose.yml runs it: no root,
nothing to write to but its volume, no capability."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.docker import Container, Engine
from tests.real.process import unused_port, wait_until
from tests.real.scraped import value
from tests.real.weir_image import BASE, IMAGE, PROJECT, USER

pytestmark = [pytest.mark.root, pytest.mark.timeout(900)]

LOCKED = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges:true")
OF_THE_HOST = (
    *("--network=host", "--pid=host", "--cgroupns=host"),
    *("-v", "/sys/fs/cgroup:/sys/fs/cgroup:ro", "-v", "weir-test:/data"),
)
CPU = "container_cpu_usage_seconds_total"
IMPORT_ALL = """
import importlib, pkgutil
for package in ("collector", "dashboard", "monitor", "weir"):
    for module in pkgutil.walk_packages(importlib.import_module(package).__path__, package + "."):
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as error:
            print(module.name, error)
"""
MOST_BYTES = 130e6
"""What Weir and its libraries may add to the image below. NumPy is 70 MB of it."""


@pytest.fixture(scope="module")
def engine(weir_engine: Engine) -> Engine:
    return weir_engine


@pytest.fixture(scope="module")
def busy(engine: Engine) -> Iterator[Container]:
    container = engine.run("sh", "-c", "while :; do :; done", options=("--cpus=0.2",))
    yield container
    container.remove()


@pytest.fixture(scope="module")
def url() -> str:
    return f"http://127.0.0.1:{unused_port()}"


@pytest.fixture(scope="module")
def collector(engine: Engine, url: str) -> Iterator[Container]:
    options = ("collector", "--data=/data", "--docker=none", "--interval=1")
    listen = f"--listen={url.removeprefix('http://')}"
    often = "--health-interval=1s"
    identity = engine.cli("run", "-d", often, *LOCKED, *OF_THE_HOST, IMAGE, *options, listen)
    container = Container(engine, identity, identity)
    try:
        wait_until(lambda: value(url, "weir_containers"), "a sweep")
        yield container
    except AssertionError as error:
        raise AssertionError(f"{error}\n{engine.cli('logs', identity)}") from None
    finally:
        container.remove()
        engine.cli("volume", "rm", "weir-test")


def test_it_is_small(engine: Engine) -> None:
    sizes = {name: int(engine.cli("inspect", "-f", "{{.Size}}", name)) for name in (IMAGE, BASE)}
    print(sizes)
    assert sizes[IMAGE] - sizes[BASE] < MOST_BYTES


def test_it_says_what_it_is(engine: Engine) -> None:
    config = json.loads(engine.cli("inspect", "-f", "{{json .Config}}", IMAGE))
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    label = "org.opencontainers.image"
    assert config["Labels"][f"{label}.version"] == project["version"]
    assert config["Labels"][f"{label}.licenses"] == project["license"]
    assert (config["User"], config["StopSignal"]) == (f"{USER}:{USER}", "SIGTERM")
    version = engine.cli("run", "--rm", *LOCKED, IMAGE, "version")
    assert version == f"weir {project['version']}"


def test_every_part_has_its_libraries(engine: Engine) -> None:
    missing = engine.cli("run", "--rm", *LOCKED, "--entrypoint=python", IMAGE, "-c", IMPORT_ALL)
    assert missing == ""


def test_its_health_check_asks_the_part_that_it_runs(engine: Engine, collector: Container) -> None:
    """Though it sees all of the host's processes, and the host's ports."""

    def health() -> str:
        return engine.cli("inspect", "-f", "{{.State.Health.Status}}", collector.id)

    wait_until(lambda: health() == "healthy", "a healthy collector")
    assert collector.exec("weir", "health").startswith('weir collector: {"status":"ok"')
    nothing = engine._docker(
        "run", "--rm", *LOCKED, "--network=host", "--pid=host", IMAGE, "health"
    )
    assert (nothing.returncode, nothing.stdout) == (1, "")
    assert "runs in this container" in nothing.stderr


def test_it_has_no_right(collector: Container) -> None:
    status = Path(f"/proc/{collector.pid}/status").read_text()
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert fields["Uid"].split() == [str(USER)] * 4
    assert {int(fields[f"Cap{kind}"], 16) for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {0}
    assert fields["NoNewPrivs"] == "1"


def test_cpu_time_is_the_kernels(collector: Container, busy: Container, url: str) -> None:
    file = busy.cgroup("cpuacct") / "cpuacct.usage"
    called = f"docker-{busy.id[:12]}"
    before = int(file.read_text()) / 1e9
    wait_until(lambda: value(url, CPU, container=called) >= before, "a newer sample")
    assert before <= value(url, CPU, container=called) <= int(file.read_text()) / 1e9


def test_its_log_is_in_the_volume_and_it_says_little(engine: Engine, collector: Container) -> None:
    volume = engine.cli("volume", "inspect", "-f", "{{.Mountpoint}}", "weir-test")
    wait_until(lambda: list(Path(volume, "segments").iterdir()), "a segment of the log")
    said = engine.cli("logs", collector.id)
    assert "Traceback" not in said
    assert len(said.splitlines()) <= 3, said


def test_the_doctor_finds_nothing_missing(engine: Engine, collector: Container) -> None:
    options = ("--docker=none", "--runtime-state=", "--data=/data", "--json")
    shown = json.loads(collector.exec("weir", "doctor", "collector", *options))
    assert shown["complete"], shown
    assert f"uid {USER}" in shown["about"]


def test_without_the_hosts_namespaces_the_doctor_says_which(engine: Engine) -> None:
    options = ("doctor", "collector", "--docker=none", "--data=/data", "--json")
    done = engine._docker("run", "--rm", *LOCKED, IMAGE, *options)
    assert done.returncode == 1, done.stderr
    assert done.stderr == ""
    findings = {finding["what"]: finding for finding in json.loads(done.stdout)["findings"]}
    assert findings["hierarchy"]["state"] == "no"
    assert "--cgroupns host" in findings["hierarchy"]["remedy"]
