import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.errors import ConfigError
from monitor.web.app import App, json_response
from monitor.web.config import ListenConfig
from monitor.web.server import Server, bind


def _app() -> App:
    app = App()
    app.add("/ok", lambda request: json_response({"ok": True}))
    return app


def test_it_serves_on_a_free_port_and_stops() -> None:
    sock = bind("127.0.0.1:0")
    server = Server(_app(), sock, ListenConfig(listen="127.0.0.1:0"))
    server.start()
    try:
        assert urllib.request.urlopen(server.url + "/ok").read() == b'{"ok":true}'
    finally:
        server.stop()
    with pytest.raises(OSError):
        urllib.request.urlopen(server.url + "/ok", timeout=1)


def test_an_inherited_socket_is_served() -> None:
    outer = bind("127.0.0.1:0")
    server = Server(_app(), bind(f"fd:{outer.detach()}"), ListenConfig())
    server.start()
    try:
        assert urllib.request.urlopen(server.url + "/ok").status == 200
    finally:
        server.stop()


def test_a_port_in_use_is_named_with_its_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ConfigError, match=f"{place}: Address already in use; .*another port"):
            bind(place)


@pytest.mark.parametrize("listen", ["8080", "host:", "host:port", "1.2.3.4:99999", ""])
def test_an_address_that_is_none_is_refused(listen: str) -> None:
    with pytest.raises(ConfigError, match="HOST:PORT"):
        ListenConfig(listen=listen)


@pytest.mark.parametrize("listen", ["127.0.0.1:1", "127.9.9.9:1", "localhost:1", "[::1]:1"])
def test_loopback_needs_nothing(listen: str) -> None:
    assert ListenConfig(listen=listen).is_loopback


@pytest.mark.parametrize("listen", ["0.0.0.0:80", "[::]:80", "192.0.2.1:80", "node.example:80"])
def test_elsewhere_needs_tls_and_a_token_or_a_clear_word(listen: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("0123456789abcdef")
    path = str(file)

    with pytest.raises(
        ConfigError, match=r"needs tls-cert, tls-key and token-file; or say --insec"
    ):
        ListenConfig(listen=listen)
    with pytest.raises(ConfigError):
        ListenConfig(listen=listen, token_file=path)
    ListenConfig(listen=listen, insecure=True)
    ListenConfig(listen=listen, tls_cert=path, tls_key=path, token_file=path)


def test_a_short_or_missing_token_is_refused(tmp_path: Path) -> None:
    short = tmp_path / "short"
    short.write_text("abc")

    with pytest.raises(ConfigError, match="fewer than 16"):
        ListenConfig(token_file=str(short)).token()
    with pytest.raises(ConfigError, match="no file"):
        ListenConfig(token_file=str(tmp_path / "none"))


def test_an_inherited_socket_is_held_to_the_same_rule() -> None:
    with (
        socket.create_server(("0.0.0.0", 0)) as wide,
        socket.create_server(("127.0.0.1", 0)) as own,
    ):
        with pytest.raises(ConfigError, match="can be reached from other machines"):
            ListenConfig(listen=f"fd:{wide.fileno()}")
        assert ListenConfig(listen=f"fd:{own.fileno()}").is_loopback


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[str, str]:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(cert)),
        ],
        check=True,
        capture_output=True,
    )
    return str(cert), str(key)


@pytest.fixture
def tls(certificate: tuple[str, str]) -> Iterator[Server]:
    cert, key = certificate
    server = Server(_app(), bind("127.0.0.1:0"), ListenConfig(tls_cert=cert, tls_key=key), 2)
    server.start()
    yield server
    server.stop()


def _get_over_tls(server: Server, cert: str) -> int:
    context = ssl.create_default_context(cafile=cert)
    with urllib.request.urlopen(server.url + "/ok", context=context, timeout=5) as answer:
        status: int = answer.status
        return status


def test_a_silent_caller_holds_up_no_tls_handshake(
    tls: Server, certificate: tuple[str, str]
) -> None:
    port = int(tls.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)):
        assert _get_over_tls(tls, certificate[0]) == 200


def test_plain_text_to_a_tls_port_is_survived(tls: Server, certificate: tuple[str, str]) -> None:
    port = int(tls.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as plain:
        plain.sendall(b"GET /ok HTTP/1.1\r\nHost: localhost\r\n\r\n")
        plain.settimeout(5)
        plain.recv(1000)
    assert _get_over_tls(tls, certificate[0]) == 200


def test_a_certificate_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    path = tmp_path / "nonsense.pem"
    path.write_text("nonsense")
    config = ListenConfig(tls_cert=str(path), tls_key=str(path))

    with pytest.raises(ConfigError, match=r"nonsense\.pem cannot be used"):
        Server(_app(), bind("127.0.0.1:0"), config)


def test_a_caller_who_drips_is_cut_and_others_are_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.web.server.ASK_SECONDS", 1.0)
    server = Server(_app(), bind("127.0.0.1:0"), ListenConfig(), threads=1)
    server.start()
    try:
        port = int(server.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as slow:
            slow.sendall(b"GET /ok HTTP/1.1\r\nX-Slow: ")
            began = time.monotonic()
            with pytest.raises(OSError):
                while time.monotonic() - began < 8:  # a byte each 50 ms, for ever
                    slow.sendall(b"x")
                    time.sleep(0.05)
            assert time.monotonic() - began < 5
        assert urllib.request.urlopen(server.url + "/ok", timeout=5).status == 200
    finally:
        server.stop()
