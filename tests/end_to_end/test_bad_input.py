"""What is wrong is said in one clear line, without a traceback, and the rest goes on."""

from __future__ import annotations

import gzip
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.real.docker import Engine
from tests.real.influxdb import InfluxDB
from tests.real.process import unused_port, wait_until
from tests.real.weir import Up, Weir

SWEEPS_SECONDS = 4.5
"""Four sweeps at a second's interval: a lasting fault must not be said four times."""


@contextmanager
def running(weir: Weir) -> Iterator[Weir]:
    """The process from its first answer on; it has to stop cleanly, without a traceback."""
    try:
        weir.start_and_wait()
        yield weir
        assert weir.running(), weir.tail()
    finally:
        code = weir.stop()
    assert code == 0, weir.tail()
    assert weir.has_no_traceback(), weir.tail()


def collector(
    directory: Path, *options: str, prefix: tuple[str, ...] = (), data: Path | None = None
) -> Weir:
    log = f"--data={data or directory / 'log'}"
    return Weir("collector", directory, log, "--interval=1", *options, prefix=prefix)


def sweeps(weir: Weir) -> bool:
    """Whether the collector has figures of its host."""
    return b"\nnode_load1 " in weir.get("/metrics")


def said_once(weir: Weir, pattern: str) -> None:
    """One line with the pattern, and no more of them while the fault lasts."""
    weir.wait_for_line(pattern)
    time.sleep(SWEEPS_SECONDS)
    assert len(weir.lines(pattern)) == 1, weir.tail()


def test_a_missing_cgroup_mount(tmp_path: Path) -> None:
    missing = tmp_path / "no-cgroups"
    with running(collector(tmp_path, f"--cgroup-root={missing}", "--docker=none")) as weir:
        said_once(weir, re.escape(str(missing)))
        wait_until(lambda: sweeps(weir), "figures of the host")


def test_an_absent_docker_socket(tmp_path: Path) -> None:
    missing = tmp_path / "docker.sock"
    with running(collector(tmp_path, f"--docker=unix://{missing}")) as weir:
        said_once(weir, re.escape(str(missing)))
        wait_until(lambda: sweeps(weir), "figures of the host")


@pytest.mark.root
def test_a_forbidden_docker_socket_leaves_the_figures(
    tmp_path: Path, docker_engine: Engine
) -> None:
    container = docker_engine.run("sleep", "1000")
    data = tmp_path / "log"
    data.mkdir()
    os.chown(data, 65534, 65534)
    nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--")
    options = (f"--docker={docker_engine.url}",)
    docker_engine.directory.chmod(0o755)
    _open_the_way_to(data)
    try:
        with running(collector(tmp_path, *options, prefix=nobody, data=data)) as weir:
            said_once(weir, f"{re.escape(str(docker_engine.socket))}.*([Pp]ermission|denied|group)")
            wait_until(
                lambda: container.id[:12].encode() in weir.get("/metrics"), "the container's id"
            )
    finally:
        container.remove()


@pytest.mark.root
def test_a_full_disk_under_the_edge_log(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "weir", small], check=True)
    try:
        with running(collector(tmp_path, "--docker=none", data=small / "log")) as weir:
            wait_until(lambda: weir.get("/api/v1/stream"), "a record")
            with (small / "filler").open("wb", buffering=0) as filler, _until_full():
                while True:
                    filler.write(bytes(4096))
            said_once(weir, "(?i)no space|full")
            assert sweeps(weir)
            assert weir.get("/api/v1/stream")
            (small / "filler").unlink()
            kept = len(weir.get("/api/v1/stream"))
            wait_until(lambda: len(weir.get("/api/v1/stream")) > kept, "further records")
    finally:
        subprocess.run(["umount", small], check=True)


def test_a_corrupted_segment_costs_one_record(tmp_path: Path) -> None:
    with running(collector(tmp_path, "--docker=none")) as weir:
        wait_until(lambda: _records(weir) >= 4, "four records")
    segment = max((tmp_path / "log").rglob("*"), key=lambda p: p.stat().st_size * p.is_file())
    content = bytearray(segment.read_bytes())
    content[len(content) // 2] ^= 0x10
    segment.write_bytes(content)
    weir.output.unlink()
    with running(weir):
        weir.get("/api/v1/stream")
        said_once(weir, f"{re.escape(segment.name)} .*damaged")
        before = _records(weir)
        assert before >= 3
        wait_until(lambda: _records(weir) > before, "the next record")


def test_an_unreachable_influxdb(tmp_path: Path) -> None:
    away = f"http://127.0.0.1:{unused_port()}"
    with running(collector(tmp_path, "--docker=none")) as node:
        store = (f"--nodes={node.url}", f"--store=influxdb:{away}", f"--data={tmp_path}")
        with running(Weir("aggregator", tmp_path, *store, "--poll=0.2")) as weir:
            said_once(weir, re.escape(away))


def test_a_refusing_influxdb(tmp_path: Path) -> None:
    server = InfluxDB(tmp_path, auth=True)
    try:
        server.start()
        server.query("CREATE USER admin WITH PASSWORD 'long enough' WITH ALL PRIVILEGES")
        with running(collector(tmp_path, "--docker=none")) as node:
            store = (f"--nodes={node.url}", f"--store=influxdb:{server.url}", f"--data={tmp_path}")
            with running(Weir("aggregator", tmp_path, *store, "--poll=0.2")) as weir:
                said_once(weir, f"{re.escape(server.url)}.*(credentials|user|token)")
    finally:
        server.stop()


def test_an_influxdb_without_the_database(tmp_path: Path, influxdb: InfluxDB) -> None:
    with running(collector(tmp_path, "--docker=none")) as node:
        store = (f"--nodes={node.url}", f"--store=influxdb:{influxdb.url}", f"--data={tmp_path}")
        weir = Weir("aggregator", tmp_path, *store, "--poll=0.2", "--influx-database=absent")
        with running(weir):
            said_once(weir, "absent")
            influxdb.create_database("absent")
            wait_until(lambda: influxdb.query("SELECT last(load1) FROM node", "absent"), "samples")
    influxdb.drop_database("absent")


@pytest.mark.root
@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("metric", "no_such_metric"),
        ("metric", "container_cpu_usage_seconds_total; DROP DATABASE weir"),
        ("fn", "sum"),
        ("step", "-1"),
        ("start", "yesterday"),
        ("match", 'container="a'),
        ("by", "nothing"),
        ("top", "0"),
    ],
)
def test_a_bad_parameter_of_the_api(up: Up, parameter: str, value: str) -> None:
    given = {"metric": "container_cpu_usage_seconds_total", "fn": "rate"} | {parameter: value}
    answer = up.api("query", **given)
    assert answer.keys() == {"error", "parameter", "hint"}
    assert answer["parameter"] == parameter
    assert up.has_no_traceback()


@pytest.mark.parametrize("part", ["up", "collector", "aggregator", "dashboard"])
def test_a_port_in_use(tmp_path: Path, part: str) -> None:
    weir = Weir(part, tmp_path, *([] if part == "dashboard" else [f"--data={tmp_path}"]))
    with socket.create_server(("127.0.0.1", weir.port)):
        weir.start()
        wait_until(lambda: not weir.running(), "the end", 20)
    assert weir.stop() == 2
    printed = weir.tail().strip().splitlines()
    assert len(printed) == 1, printed
    assert re.search(rf"weir {part}: .*127\.0\.0\.1:{weir.port}.*use", printed[0])


@pytest.mark.parametrize("part", ["up", "collector", "dashboard"])
def test_an_address_for_others_needs_tls_and_a_token(tmp_path: Path, part: str) -> None:
    command = [sys.executable, "-m", "weir", part, "--listen=0.0.0.0:0"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "--insecure" in done.stderr


@contextmanager
def _until_full() -> Iterator[None]:
    with pytest.raises(OSError, match="No space left"):
        yield


def _records(weir: Weir) -> int:
    """How many sweeps the edge log holds: each has one row of the host's load."""
    body = weir.get("/api/v1/stream", max_bytes=1000000)
    lines = gzip.decompress(body).splitlines() if body else []
    return sum(line.startswith(b"node,") and b"cpu_usage_seconds_total=" in line for line in lines)


def _open_the_way_to(path: Path) -> None:
    """Another user has to be able to come here; pytest's directories are closed to others."""
    for parent in path.parents:
        if "pytest" in str(parent):
            parent.chmod(parent.stat().st_mode | 0o011)
