"""`weir health`: which process it asks, where, and what it says."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.errors import WeirError
from monitor.web.app import App, json_response
from monitor.web.config import ListenConfig
from monitor.web.server import Server, bind
from tests.real.process import unused_port
from tests.real.require import program
from weir.health import HealthConfig, ask, health, part_of, running

OWN = b"0::/system.slice/docker-aa.scope\n"
OTHER = b"0::/system.slice/docker-bb.scope\n"


def process(proc: Path, pid: str, cgroup: bytes, *words: str) -> None:
    (proc / pid).mkdir(parents=True)
    (proc / pid / "cgroup").write_bytes(cgroup)
    (proc / pid / "cmdline").write_bytes(b"".join(word.encode() + b"\0" for word in words))


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """The host's processes, seen from the container aa: two containers' parts, a kernel thread."""
    process(tmp_path, "2", b"0::/\n")
    process(tmp_path, "90", OTHER, "/opt/weir/bin/python", "/opt/weir/bin/weir", "dashboard")
    process(tmp_path, "100", OWN, "/opt/weir/bin/python", "/opt/weir/bin/weir", "collector", "-x")
    process(tmp_path, "self", OWN, "/opt/weir/bin/python", "/opt/weir/bin/weir", "health")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["python", "/opt/weir/bin/weir", "collector", "--data=/d"], ("collector", ["--data=/d"])),
        (["python3", "-m", "weir", "up"], ("up", [])),
        (["weir", "aggregator", "--store", "weir"], ("aggregator", ["--store", "weir"])),
        (["python", "/opt/weir/bin/weir", "health"], None),
        (["python", "-m", "weir", "collector", "--listen=fd:3"], None),
        (["sh", "-c", "weir collector"], None),
        ([], None),
    ],
)
def test_the_part_in_a_command_line(words: list[str], found: object) -> None:
    assert part_of(b"".join(word.encode() + b"\0" for word in words)) == found


def test_the_part_of_the_own_container_is_found_among_the_hosts_processes(proc: Path) -> None:
    assert running(proc) == ("collector", ["-x"])


def test_no_part_is_one_line_and_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    process(tmp_path, "90", OTHER, "weir", "dashboard")
    process(tmp_path, "self", OWN, "weir", "health")
    assert health(HealthConfig(), {}, tmp_path) == 1
    said = "weir health: none of up, collector, aggregator, dashboard runs in this container\n"
    assert capsys.readouterr().err == said


@pytest.fixture
def token(tmp_path: Path) -> str:
    path = tmp_path / "token"
    path.write_text("0123456789abcdef\n")
    return str(path)


def certificate(directory: Path, name: str) -> tuple[str, str]:
    """A new self-signed certificate and its key, as files."""
    cert, key = directory / f"{name}.pem", directory / f"{name}.key"
    openssl = program("openssl", "openssl")
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=elsewhere",
         "-keyout", key, "-out", cert],
        check=True, capture_output=True,
    )  # fmt: skip
    return str(cert), str(key)


@pytest.fixture
def served(token: str, tmp_path: Path) -> Iterator[ListenConfig]:
    """A part that asks for a token, over TLS, under a name that is not its address."""
    app = App()
    app.add("/healthz", lambda request: json_response({"status": "ok"}))
    cert, key = certificate(tmp_path, "own")
    config = ListenConfig(
        listen=f"0.0.0.0:{unused_port()}", tls_cert=cert, tls_key=key, token_file=token
    )
    server = Server(app, bind(config.listen), config)
    server.start()
    yield config
    server.stop()


def test_it_passes_token_and_tls(served: ListenConfig) -> None:
    assert ask(served, seconds=10) == '{"status":"ok"}'


def test_another_certificate_is_not_believed(served: ListenConfig, tmp_path: Path) -> None:
    cert, key = certificate(tmp_path, "other")
    config = ListenConfig(
        listen=served.listen, tls_cert=cert, tls_key=key, token_file=served.token_file
    )
    with pytest.raises(WeirError, match=r"0\.0\.0\.0:\d+ does not answer .*certificate"):
        ask(config, seconds=10)


def test_an_ill_part_and_one_that_does_not_answer() -> None:
    app = App()
    app.add("/healthz", lambda request: json_response({"status": "no sweep"}, 503))
    config = ListenConfig(listen=f"127.0.0.1:{unused_port()}")
    server = Server(app, bind(config.listen), config)
    server.start()
    try:
        with pytest.raises(WeirError, match=r'answers 503: \{"status":"no sweep"\}'):
            ask(config, seconds=10)
    finally:
        server.stop()
    with pytest.raises(WeirError, match=r"does not answer \(.*refused\)"):
        ask(config, seconds=10)


def test_a_part_is_asked_where_its_options_say(proc: Path) -> None:
    """The whole command: options of another process, the environment, the answer."""
    app = App()
    app.add("/healthz", lambda request: json_response({"ok": True}))
    config = ListenConfig(listen=f"127.0.0.1:{unused_port()}")
    server = Server(app, bind(config.listen), config)
    process(proc, "50", OWN, sys.executable, "-m", "weir", "collector", "--node=n1")
    server.start()
    try:
        assert health(HealthConfig(), {"WEIR_LISTEN": config.listen}, proc) == 0
        assert health(HealthConfig(), {"WEIR_LISTEN": f"127.0.0.1:{unused_port()}"}, proc) == 1
    finally:
        server.stop()
