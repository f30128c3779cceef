import socket
import urllib.request
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
