"""The pages, assets and other addresses, without a browser."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import plotly
import pytest
from flask.testing import FlaskClient

from dashboard import assets
from dashboard.app import create_app
from dashboard.config import DashboardConfig
from dashboard.telemetry import route_of
from monitor.catalogue import CATALOGUE
from monitor.errors import ConfigError, StoreUnavailable
from tests.dashboard.fake_store import FakeStore

PAGES = ("/", "/container?node=den&container=spin")
HOSTILE = "\"><script>alert(1)</script><img src=x onerror='alert(2)'>"


@pytest.mark.parametrize("address", PAGES)
def test_a_page_allows_nothing_inline_and_nothing_from_elsewhere(
    client: FlaskClient, address: str
) -> None:
    response = client.get(address)
    policy = response.headers["Content-Security-Policy"]
    assert response.status_code == 200
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert not re.search(r"<script(?![^>]*\bsrc=)", response.text)
    assert not re.search(r"\sstyle=|\son\w+=", response.text)
    assert not re.search(r'(?:src|href)="(?!/)(?!#main)', response.text)


def test_the_nonce_is_new_for_each_answer(client: FlaskClient) -> None:
    first, second = (client.get("/") for _ in range(2))
    nonces = [
        re.findall(r"'nonce-([^']+)'", r.headers["Content-Security-Policy"])
        for r in (first, second)
    ]
    assert nonces[0] != nonces[1]
    assert f'nonce="{nonces[0][0]}"' in first.text


@pytest.mark.parametrize("tag", ["cluster", "node", "namespace", "pod", "container"])
def test_hostile_tags_are_text(client: FlaskClient, tag: str) -> None:
    tags = {"node": "den", "container": "spin", tag: HOSTILE}
    page = client.get("/container", query_string=tags).text
    assert "<script>alert" not in page
    assert "<img" not in page


def test_a_container_page_needs_its_tags(client: FlaskClient) -> None:
    response = client.get("/container?node=den")
    assert response.status_code == 400
    assert "names no container" in response.text


def test_an_unknown_page_says_so(client: FlaskClient) -> None:
    response = client.get("/nothing")
    assert response.status_code == 404
    assert "There is no such page" in response.text
    assert "Content-Security-Policy" in response.headers


def test_every_asset_of_a_page_is_there_and_is_kept_for_ever(client: FlaskClient) -> None:
    page = client.get("/").text
    addresses = set(re.findall(r'"(/assets/[^"]+)"', page))
    assert len(addresses) > 20
    for address in addresses:
        response = client.get(address)
        assert response.status_code == 200, address
        assert response.headers["Cache-Control"] == assets.FOR_EVER


def test_every_module_that_is_imported_is_loaded_ahead(client: FlaskClient) -> None:
    scripts = assets.STATIC / "js"
    preloaded = set(re.findall(r"/js/([\w-]+)\.js", client.get("/").text))
    imported = {
        name
        for path in scripts.glob("*.js")
        for name in re.findall(r'from "\./([\w-]+)\.js"', path.read_text())
    }
    assert imported <= preloaded


def test_an_asset_of_another_version_is_not_found(client: FlaskClient) -> None:
    assert client.get("/assets/0000000000000000/js/theme.js").status_code == 404
    assert client.get("/assets/0000000000000000/plotly.min.js").status_code == 404


def test_an_asset_is_only_what_lies_in_the_folder(client: FlaskClient) -> None:
    response = client.get(f"/assets/{assets.static_version()}/../app.py")
    assert response.status_code == 404


def test_plotly_is_the_installed_one_compressed_once(client: FlaskClient) -> None:
    source = (Path(plotly.__file__).parent / "package_data" / "plotly.min.js").read_bytes()
    (address,) = re.findall(r'src="([^"]+plotly.min.js)"', client.get("/").text)
    plain = client.get(address)
    packed = client.get(address, headers={"Accept-Encoding": "gzip"})
    assert plain.data == source
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == source
    assert len(packed.data) < len(source) / 2
    assert packed.headers["Vary"] == "Accept-Encoding"


def test_the_catalogue_names_the_kernels_files(client: FlaskClient) -> None:
    metrics = client.get("/catalogue").json
    assert metrics is not None
    assert metrics.keys() == CATALOGUE.keys()
    assert "cpuacct.usage" in metrics["container_cpu_usage_seconds_total"]["v1"]


def test_the_query_api_answers_under_the_same_application(client: FlaskClient) -> None:
    answer = client.get("/api/v1/containers").json
    assert answer is not None
    assert len(answer["containers"]) == 12


def test_a_store_that_is_away_is_one_line(client: FlaskClient, store: FakeStore) -> None:
    store.failing = StoreUnavailable("the store at X does not answer")
    response = client.get("/api/v1/nodes")
    assert response.status_code == 503
    assert response.json is not None
    assert response.json["error"] == "the store at X does not answer"
    assert client.get("/").status_code == 200


def test_it_is_healthy_and_counts_its_requests(client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"status": "ok"}
    client.get("/nothing")
    metrics = client.get("/metrics").text
    assert 'request_seconds_count{route="/healthz",status="200"} 1.0' in metrics
    assert 'request_seconds_count{route="other",status="404"} 1.0' in metrics


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/", "/"),
        ("/api/v1/query", "/api/v1/query"),
        ("/api/v1/../../etc", "other"),
        ("/assets/x/y.js", "/assets"),
        ("/wp-admin", "other"),
    ],
)
def test_strangers_make_no_series(path: str, route: str) -> None:
    assert route_of(path) == route


def test_a_refresh_that_cannot_be_is_refused() -> None:
    with pytest.raises(ConfigError, match="refresh"):
        DashboardConfig(refresh=0.1)


@pytest.mark.parametrize(
    ("kind", "said"), [("influxdb", False), ("victoriametrics", True), ("promql", True)]
)
def test_what_a_store_of_numbers_cannot_know_is_said(
    store: FakeStore, kind: str, said: bool
) -> None:
    config = DashboardConfig(store=f"{kind}:http://127.0.0.1:1")
    page = create_app(config, store).test_client().get("/container?node=den&container=spin")
    assert ("This store keeps numbers only" in page.text) == said
