"""An InfluxDB whose certificate is not to be believed gets neither samples nor the token."""

from __future__ import annotations

import gzip
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from monitor.errors import ConfigError, StoreUnavailable
from monitor.stores.config import StoreConfig
from monitor.stores.open import open_reader, open_writer

LINES = gzip.compress(b"m f=1 1\n")


class Certificates:
    """Made by openssl, each signed by itself."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def make(self, name: str, *, address: str = "IP:127.0.0.1", days: int = 2) -> Path:
        cert, key, asked, also = (
            self._directory / f"{name}.{end}" for end in ("pem", "key", "csr", "ext")
        )
        also.write_text(f"subjectAltName={address}")
        self._openssl(
            *("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=influxdb"),
            *("-keyout", str(key), "-out", str(asked)),
        )
        self._openssl(
            *("x509", "-req", "-in", str(asked), "-signkey", str(key), "-days", str(days)),
            *("-extfile", str(also), "-out", str(cert)),
        )
        return cert

    @staticmethod
    def _openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path)


@contextmanager
def serving(cert: Path) -> Iterator[tuple[str, list[bytes]]]:
    """A server that takes every write; its address, and what came."""
    came: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A client that turned away."""

    server = Server(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, cert.with_suffix(".key"))
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"https://127.0.0.1:{server.server_port}", came
    finally:
        server.shutdown()
        server.server_close()


def test_the_right_certificate_is_believed(certificates: Certificates) -> None:
    cert = certificates.make("right")
    with serving(cert) as (url, came):
        config = StoreConfig(store=f"influxdb:{url}", influx_version="1", influx_ca=str(cert))
        open_writer(config).write(LINES)
    assert came == [LINES]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("unknown", r"\(self-signed certificate\): check influx_ca"),
        ("expired", r"\(certificate has expired\): give it a new one"),
        (
            "address",
            r"\(IP address mismatch, certificate is not valid for '127\.0\.0\.1'\): name the"
            " address that it is for",
        ),
    ],
)
def test_a_wrong_one_gets_nothing(
    certificates: Certificates, tmp_path: Path, wrong: str, words: str
) -> None:
    made = {
        "unknown": lambda: certificates.make("server"),
        "expired": lambda: certificates.make("server", days=-1),
        "address": lambda: certificates.make("server", address="DNS:influxdb.example"),
    }
    cert = made[wrong]()
    believed = certificates.make("another") if wrong == "unknown" else cert
    (tmp_path / "token").write_text("a-secret-word")
    with serving(cert) as (url, came):
        config = StoreConfig(
            store=f"influxdb:{url}",
            influx_version="2",
            influx_org="home",
            influx_ca=str(believed),
            influx_token_file=str(tmp_path / "token"),
        )
        with pytest.raises(StoreUnavailable, match=f"certificate is not believed {words}") as error:
            open_writer(config).write(LINES)
        assert "\n" not in str(error.value)
        assert "secret" not in str(error.value)
        with pytest.raises(StoreUnavailable, match="certificate is not believed"):
            list(open_reader(config).select("m", ["f"], (), 0, 1))
    assert came == []


def test_a_server_without_tls_is_recognised(free_port: int) -> None:
    class Plain(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", free_port), Plain)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        config = StoreConfig(store=f"influxdb:https://127.0.0.1:{free_port}")
        with pytest.raises(StoreUnavailable, match=r"is it http://\?"):
            open_writer(config).write(LINES)
    finally:
        server.shutdown()
        server.server_close()


def test_a_file_that_holds_no_certificate_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    config = StoreConfig(store="influxdb:https://h:1", influx_ca=str(tmp_path / "ca.pem"))
    with pytest.raises(ConfigError, match=r"influx_ca: .*ca\.pem holds no certificate"):
        open_writer(config)
