"""A store over HTTP is not connected to anew for each write."""

from __future__ import annotations

import pytest

from monitor.stores.config import StoreConfig
from monitor.stores.open import open_writer
from tests.monitor.stores.answering import answering
from tests.monitor.stores.samples import body, record


@pytest.mark.parametrize("kind", ["influxdb", "victoriametrics"])
def test_writes_share_a_connection(kind: str) -> None:
    with answering(204, b"") as (url, requests):
        writer = open_writer(StoreConfig(store=f"{kind}:{url}"))
        for second in range(3):
            writer.write(body([record("m", {}, {"f": 1.0}, second * 10**9)]))
        writer.close()
    ports = [headers["Port"] for path, _, headers, _ in requests if path == "/write"]
    assert len(ports) == 3
    assert len(set(ports)) == 1
