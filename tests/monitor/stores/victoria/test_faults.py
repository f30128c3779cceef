"""VictoriaMetrics away, refusing, read-only, or not there at all."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from monitor.errors import (
    BadRequest,
    ConfigError,
    StoreError,
    StoreForbidden,
    StoreMissing,
    StoreRejected,
    StoreTooLarge,
    StoreUnavailable,
)
from monitor.stores.config import StoreConfig
from monitor.stores.open import open_reader, open_writer
from monitor.stores.protocols import Matcher
from tests.monitor.stores.answering import answering
from tests.monitor.stores.samples import SECOND, body, record, select
from tests.real.victoria import VictoriaMetrics

LINES = body([record("m", {"container": "web"}, {"f": 1.0}, 1_700_000_000 * SECOND)])
PREFACE = b'remoteAddr: "127.0.0.1:1"; requestURI: /write?precision=ns; '


def _write(config: StoreConfig) -> None:
    writer = open_writer(config)
    try:
        writer.write(LINES)
    finally:
        writer.close()


def _read(config: StoreConfig) -> None:
    select(open_reader(config), "m", ["f"])


def test_a_refused_connection_is_one_clear_line(free_port: int) -> None:
    config = StoreConfig(store=f"victoriametrics:http://127.0.0.1:{free_port}")
    for act in (_write, _read):
        with pytest.raises(StoreUnavailable) as failure:
            act(config)
        assert str(failure.value) == (
            f"VictoriaMetrics at http://127.0.0.1:{free_port} does not answer (Connection refused):"
            " is it running, and is the address right?"
        )


def test_it_goes_on_after_it_was_away(victoria: VictoriaMetrics) -> None:
    config = StoreConfig(store=f"victoriametrics:{victoria.url}")
    victoria.delete('{__name__!=""}')
    writer, reader = open_writer(config), open_reader(config)
    writer.write(LINES)
    victoria.stop()
    try:
        with pytest.raises(StoreUnavailable):
            writer.write(LINES)
        with pytest.raises(StoreUnavailable):
            select(reader, "m", ["f"])
    finally:
        victoria.start()
    writer.write(LINES)
    victoria.flush()
    assert len(select(reader, "m", ["f"])) == 1


def test_a_wrong_path_is_no_fault_of_the_lines(victoria: VictoriaMetrics) -> None:
    config = StoreConfig(store=f"victoriametrics:{victoria.url}/line/insert")
    with pytest.raises(StoreMissing, match=r"unsupported path requested.*is the address right?"):
        _write(config)
    with pytest.raises(StoreMissing, match="unsupported path requested"):
        _read(StoreConfig(store=f"victoriametrics:{victoria.url}", promql_url=f"{victoria.url}/x"))


def test_a_damaged_body_is_refused(victoria: VictoriaMetrics) -> None:
    writer = open_writer(StoreConfig(store=f"victoriametrics:{victoria.url}"))
    with pytest.raises(StoreRejected, match="cannot read influx line protocol data"):
        writer.write(LINES[:-5])


def test_a_full_disk_is_waited_for(tmp_path: Path) -> None:
    server = VictoriaMetrics(tmp_path, "-storage.minFreeDiskSpaceBytes=1000000000000000")
    server.start()
    try:
        with pytest.raises(StoreUnavailable, match="read-only mode"):
            _write(StoreConfig(store=f"victoriametrics:{server.url}"))
    finally:
        server.stop()


def test_its_own_password(tmp_path: Path) -> None:
    server = VictoriaMetrics(tmp_path, "-httpAuth.username=u", "-httpAuth.password=secret")
    server.start()
    file = tmp_path / "token"
    file.write_text("u:secret\n")
    store = f"victoriametrics:{server.url}"
    try:
        for act in (_write, _read):
            act(StoreConfig(store=store, store_token_file=str(file)))
            with pytest.raises(StoreForbidden, match="check store_token_file") as failure:
                act(StoreConfig(store=store))
            assert "secret" not in str(failure.value)
    finally:
        server.stop()


def test_too_many_series_for_it_are_a_query_to_narrow(tmp_path: Path) -> None:
    server = VictoriaMetrics(tmp_path, "-search.maxExportSeries=2")
    server.start()
    try:
        rows = [record("m", {"c": str(i)}, {"f": 1.0}, 1_700_000_000 * SECOND) for i in range(5)]
        config = StoreConfig(store=f"victoriametrics:{server.url}")
        open_writer(config).write(body(rows))
        server.flush()
        with pytest.raises(BadRequest, match=r"increase -search\.max") as refused:
            _read(config)
        assert refused.value.parameter == "match"
    finally:
        server.stop()


def test_what_is_sent() -> None:
    with answering(204, b"") as (url, requests):
        _write(StoreConfig(store=f"victoriametrics:{url}/insert/7/influx/"))
        path, parameters, headers, content = requests[0]
    assert (path, parameters) == ("/insert/7/influx/write", {"precision": ["ns"]})
    assert headers["Content-Encoding"] == "gzip"
    assert content == LINES


@pytest.mark.parametrize("token", ["abc.def", "user:password"])
def test_the_token_is_sent_and_never_shown(tmp_path: Path, token: str) -> None:
    file = tmp_path / "token"
    file.write_text(token)
    with answering(403, b"") as (url, requests):
        config = StoreConfig(
            store=f"victoriametrics:{url}", store_token_file=str(file), store_tenant="team-a"
        )
        with pytest.raises(StoreForbidden) as failure:
            _write(config)
    basic = f"Basic {base64.b64encode(token.encode()).decode()}"
    assert requests[0][2]["Authorization"] == (basic if ":" in token else f"Bearer {token}")
    assert requests[0][2]["X-Scope-OrgID"] == "team-a"
    assert token not in str(failure.value) + repr(config)


@pytest.mark.parametrize(
    ("status", "reply", "error", "words"),
    [
        (400, PREFACE + b"cannot read influx line protocol data: x", StoreRejected, r"\): cannot"),
        (400, PREFACE + b'unsupported path requested: "/write"', StoreMissing, "is the address"),
        (400, b"cannot parse path", StoreMissing, "is the address right"),
        (400, b"missing route for x", StoreMissing, "is the address right"),
        (404, b"<html>", StoreMissing, "is the address right"),
        (200, b"<html>Log in", StoreMissing, "by 200, not by 204: is the address right"),
        (413, b"too large", StoreTooLarge, "takes no body of this size"),
        (401, b"", StoreForbidden, "store_token_file"),
        (500, b"no space left", StoreUnavailable, "no space left"),
        (301, b"", StoreUnavailable, "elsewhere"),
        (502, b"a\nb", StoreUnavailable, "a b"),
    ],
)
def test_what_a_status_means(
    status: int, reply: bytes, error: type[StoreError], words: str
) -> None:
    with answering(status, reply, {"Location": "http://127.0.0.1:1/"}) as (url, _):
        with pytest.raises(error, match=words) as failure:
            _write(StoreConfig(store=f"victoriametrics:{url}"))
        assert type(failure.value) is error
        assert url in str(failure.value)
        assert "\n" not in str(failure.value) and "remoteAddr" not in str(failure.value)


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_store_says_when_to_come_back(status: int) -> None:
    with (
        answering(status, b"", {"Retry-After": "17"}) as (url, _),
        pytest.raises(StoreUnavailable) as failure,
    ):
        _write(StoreConfig(store=f"victoriametrics:{url}"))
    assert failure.value.retry_after == 17


@pytest.mark.parametrize(
    "reply",
    [
        b"<html>",
        b'{"metric":{"__name__":"m_f"},"values":[1],"timestamps":[1]}\nerror when exporting data',
        b'{"metric":{"__name__":"m_f"},"values":[1]',
    ],
)
def test_an_export_that_breaks_off_is_no_answer(reply: bytes) -> None:
    with (
        answering(200, reply) as (url, _),
        pytest.raises(StoreUnavailable, match="breaks off its export"),
    ):
        _read(StoreConfig(store=f"victoriametrics:{url}"))


def test_a_certificate_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    config = StoreConfig(
        store="victoriametrics:https://127.0.0.1:1", store_ca=str(tmp_path / "ca.pem")
    )
    for opens in (open_writer, open_reader):
        with pytest.raises(ConfigError, match=r"store_ca: .*ca\.pem holds no certificate"):
            opens(config)


def test_tls_that_is_none(victoria: VictoriaMetrics) -> None:
    url = victoria.url.replace("http:", "https:")
    with pytest.raises(StoreUnavailable, match=r"no secure connection .*is it http:"):
        _write(StoreConfig(store=f"victoriametrics:{url}"))


OPERATORS = ("=", "!=", "=~", "!~")
HOSTILE = ['"} or {__name__=~".+"} #', '\\"} or {x="', "x\n}", "}[5m", "`", "a|b"]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_leaves_its_quotes(victoria: VictoriaMetrics, text: str) -> None:
    victoria.delete('{__name__!=""}')
    config = StoreConfig(store=f"victoriametrics:{victoria.url}")
    open_writer(config).write(LINES)
    victoria.flush()
    reader = open_reader(config)
    for matcher in (Matcher("container", "=", text), Matcher(text, "=", "x")):
        assert select(reader, "m", ["f"], matcher) == []
    for matcher in (Matcher("container", "!=", text), Matcher(text, "!=", "x")):
        assert len(select(reader, "m", ["f"], matcher)) == 1
    assert select(reader, text, ["f"]) == select(reader, "m", [text]) == []
