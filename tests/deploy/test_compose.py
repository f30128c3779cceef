"""docker-compose.yml from its first start on, with a real engine: what a user of it sees and gets.

The images are built and tagged here (tests/real/weir_image.py, tests/real/influxdb_image.py), since
no registry is needed then; the compose file is the one that users start.
"""

from __future__ import annotations

import json
import os
import re
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.real import influxdb_image
from tests.real.compose import Stack
from tests.real.docker import Container, Engine
from tests.real.process import wait_until
from tests.real.weir_image import USER

pytestmark = [pytest.mark.root, pytest.mark.timeout(900)]

PARTS = ("collector", "aggregator", "dashboard")
SERVICES = ("influxdb", *PARTS)
CPU = "container_cpu_usage_seconds_total"
SPIN, CORES = "weir-compose-spin", 0.3
WATCHED_SECONDS = 10.0


@pytest.fixture(scope="module")
def engine(weir_engine: Engine) -> Engine:
    influxdb_image.tag(weir_engine)
    return weir_engine


@pytest.fixture(scope="module")
def spin(engine: Engine) -> Iterator[Container]:
    script = "while :; do :; done"
    container = engine.run("sh", "-c", script, name=SPIN, options=(f"--cpus={CORES}",))
    yield container
    container.remove()


@pytest.fixture(scope="module")
def stack(engine: Engine, spin: Container) -> Iterator[Stack]:
    """One `up -d` on an engine that has never seen it. A test that changes it puts it back.

    `--build`, which a user needs not say: the image is there, and a build from its layers is quick.
    """
    stack = Stack(engine, "weirtest", WEIR_INTERVAL="2")
    try:
        stack.compose("up", "-d", "--build")
        yield stack
    finally:
        stack.compose("down", "--volumes")


def test_the_first_start_needs_nothing_and_frightens_nobody(stack: Stack) -> None:
    wait_until(lambda: row(stack, SPIN), "the container on the query API", 30)
    wait_until(lambda: all(health(stack, s) == "healthy" for s in SERVICES), "all healthy", 90)
    assert stack.state("init")["ExitCode"] == 0
    said = {service: stack.logs(service) for service in (*SERVICES, "init")}
    print(said)
    frightening = r"Traceback|: [WE] |lvl=(warn|err)|[Rr]efuse|[Ff]ail|does not|cannot"
    assert not [line for text in said.values() for line in text.splitlines()
                if re.search(frightening, line) and "waiting up to" not in line]  # fmt: skip
    assert "the store is ready" in said["init"]
    assert not [service for service in PARTS if len(said[service].splitlines()) > 3]


def test_the_rate_of_a_known_load_is_the_kernels(stack: Stack, spin: Container) -> None:
    wait_until(lambda: (row(stack, SPIN) or {}).get("cpu_cores"), "a rate", 30)
    before = kernel(spin)
    time.sleep(WATCHED_SECONDS)
    assert_agrees(stack, before, kernel(spin))
    found = row(stack, SPIN)
    assert found is not None
    assert 0.3 * CORES < found["cpu_cores"] < 1.1 * CORES
    assert found["cpu_limit_cores"] == CORES


@pytest.mark.parametrize("service", SERVICES)
def test_no_service_has_a_right_or_may_write_but_to_its_volume(stack: Stack, service: str) -> None:
    container = stack.container(service)
    status = Path(f"/proc/{container.pid}/status").read_text()
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert {int(fields[f"Cap{kind}"], 16) for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {0}
    assert fields["NoNewPrivs"] == "1"
    assert fields["Uid"].split()[1] == ("0" if service == "influxdb" else "65532")
    mounts = Path(f"/proc/{container.pid}/mounts").read_text().splitlines()
    [root] = [options for _, place, _, options, *_ in map(str.split, mounts) if place == "/"]
    assert "ro" in root.split(",")
    mounted = json.loads(stack.engine.cli("inspect", "-f", "{{json .Mounts}}", container.id))
    writable = {m["Destination"] for m in mounted if m["RW"]}
    own = {"influxdb": "/influxdb", "collector": "/data", "aggregator": "/data"}
    assert writable - {"/var/lib/influxdb"} == ({own[service]} if service in own else set())


def test_nothing_can_be_reached_from_elsewhere(stack: Stack, spin: Container) -> None:
    gateway = stack.engine.cli("inspect", "-f", "{{.NetworkSettings.Gateway}}", spin.id)
    for port in stack.ports.values():
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((gateway, port), timeout=5)


def test_the_secrets_stand_in_their_files_and_nowhere_else(stack: Stack) -> None:
    files = [stack.volume(name) / "influxdb" for name in ("secrets", "administrator")]
    assert [file.stat().st_mode & 0o777 for file in files] == [0o600, 0o600]
    users, passwords = zip(*(file.read_text().strip().split(":") for file in files), strict=True)
    assert users == ("weir", "weir-admin")
    assert all(len(password) >= 32 for password in passwords)
    services = (*SERVICES, "init")
    everything = [stack.engine.cli("inspect", stack.container(s).id) for s in services]
    everything += [stack.logs(service) for service in services]
    everything += [stack.engine.cli("history", "--no-trunc", "weir"), stack.compose("config")]
    for service in SERVICES:
        process = Path(f"/proc/{stack.container(service).pid}")
        everything += [(process / name).read_text() for name in ("cmdline", "environ")]
    assert all(everything)
    assert not [text for text in everything for password in passwords if password in text]


def test_the_running_parts_have_no_administrators_password(stack: Stack) -> None:
    for service in ("aggregator", "dashboard"):
        assert stack.container(service).exec("ls", "/secrets") == "influxdb"


@pytest.mark.parametrize("service", SERVICES)
def test_a_restart_of_a_service_loses_nothing(stack: Stack, spin: Container, service: str) -> None:
    before = kernel(spin)
    wait_until(lambda: newest(stack) > before.time, "samples before the restart", 30)
    stack.compose("restart", service)
    restarted = kernel(spin)
    wait_until(lambda: newest(stack) > restarted.time, "samples after the restart", 60)
    assert_agrees(stack, before, restarted)
    assert "Traceback" not in stack.logs(service)


def test_down_and_up_again_keep_data_and_credentials(stack: Stack) -> None:
    moment = time.time()
    wait_until(lambda: newest(stack) > moment, "samples until now", 30)
    files = [stack.volume(name) / "influxdb" for name in ("secrets", "administrator")]
    secrets = [file.read_text() for file in files]
    before = history(stack, moment)
    assert any(before)
    stack.compose("down")
    stack.compose("up", "-d")
    assert stack.state("init")["ExitCode"] == 0
    assert "exists already, kept as it is" in stack.logs("init")
    assert [file.read_text() for file in files] == secrets
    wait_until(lambda: newest(stack) > moment + 2, "newer samples", 60)
    assert history(stack, moment) == before


def test_a_missing_or_wrong_secret_is_one_clear_line(stack: Stack) -> None:
    file = stack.volume("secrets") / "influxdb"
    right = file.read_text()
    try:
        file.write_text("weir:wrong\n")
        lines = said_after_restart(stack, "aggregator", "credentials")
        assert len(lines) == 1, lines
        assert "(401, " in lines[0]
        assert lines[0].endswith("check influx_token_file")
        assert "weir:wrong" not in lines[0]
        file.unlink()
        lines = said_after_restart(stack, "aggregator", "cannot be read")
        assert set(lines) == {
            "weir aggregator: influx_token_file /secrets/influxdb cannot be read: "
            "No such file or directory"
        }
    finally:
        file.write_text(right)
        os.chown(file, USER, USER)
        stack.compose("restart", "aggregator")
    restarted = time.time()
    wait_until(lambda: newest(stack) > restarted, "samples with the right secret", 60)


def test_one_container_on_the_embedded_store_is_enough(engine: Engine, spin: Container) -> None:
    stack = Stack(engine, "weirembedded", WEIR_INTERVAL="2")
    try:
        stack.compose("up", "-d", "embedded")
        wait_until(lambda: (row(stack, SPIN) or {}).get("cpu_cores"), "a rate", 60)
        assert stack.container("embedded").exec("weir", "health").startswith("weir up: ")
        assert "Traceback" not in stack.logs("embedded")
    finally:
        stack.compose("down", "--volumes")


def row(stack: Stack, name: str) -> dict[str, Any] | None:
    """The container's row of the query API; None while it, or the API, is not there."""
    try:
        rows = stack.api("containers")["containers"]
    except OSError:
        return None
    return next((row for row in rows if row["container"] == name), None)


def newest(stack: Stack) -> float:
    """The Unix time of the newest sample of the busy container; 0 for none."""
    found = row(stack, SPIN)
    return time.time() - found["last_seen_seconds"] if found else 0.0


@dataclass(frozen=True)
class Usage:
    """CPU seconds that a container had used at a Unix time, by the kernel."""

    time: float
    cpu_seconds: float


def kernel(container: Container) -> Usage:
    file = container.cgroup("cpuacct") / "cpuacct.usage"
    return Usage(time.time(), int(file.read_text()) / 1e9)


def assert_agrees(stack: Stack, before: Usage, after: Usage) -> None:
    """The increase that the query API tells between two moments is the kernel's."""
    wait_until(lambda: newest(stack) > after.time, "samples of all of it", 60)
    answer = query(stack, before.time, after.time, after.time - before.time + 0.001)
    [[increase]] = answer
    used = after.cpu_seconds - before.cpu_seconds
    print(f"{increase:.3f} s, by the kernel {used:.3f} s, in {after.time - before.time:.3f} s")
    assert increase == pytest.approx(used, rel=0.05, abs=0.1)


def history(stack: Stack, moment: float) -> list[Any]:
    """The increases of the busy container in each 2 s of the 20 s before a moment."""
    [values] = query(stack, moment - 20, moment, 2)
    return values


def query(stack: Stack, start: float, end: float, step: float) -> list[list[Any]]:
    window = {"start": start, "end": end, "step": f"{step:.3f}"}
    match = f'container="{SPIN}"'
    answer = stack.api("query", metric=CPU, fn="increase", by="node", match=match, **window)
    return [series["values"] for series in answer["series"]]


def said_after_restart(stack: Stack, service: str, word: str) -> list[str]:
    """The lines with the word that the service prints from now on, until a second has passed."""
    since = f"{time.time():.3f}"
    stack.compose("restart", service)

    def lines() -> list[str]:
        identity = stack.container(service).id
        done = stack.engine._docker("logs", "--since", since, identity)
        return [line for line in (done.stdout + done.stderr).splitlines() if word in line]

    wait_until(lines, f"a line with {word!r}", 30)
    time.sleep(1)
    return lines()


def health(stack: Stack, service: str) -> str:
    return str(stack.state(service)["Health"]["Status"])
