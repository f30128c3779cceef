"""A PromQL store that refuses, or answers in another form."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest

from monitor.errors import BadRequest, StoreMissing, StoreUnavailable
from monitor.stores.config import StoreConfig
from monitor.stores.open import open_reader, open_writer
from monitor.stores.protocols import Matcher
from tests.monitor.stores.answering import answering
from tests.monitor.stores.samples import SECOND, raw, select
from tests.monitor.stream.crooked import Crooked, http

LINES = raw("m f=1 1\n")

GOOD = (
    b'{"status":"success","data":{"resultType":"matrix","result":['
    b'{"metric":{"__name__":"m_f","job":"x"},"values":[[1,"1"],[2.5,"NaN"],[3,"3"],[9,"9"]]},'
    b'{"metric":{"__name__":"m_g","job":"x"},"values":[[3,"4"],[3.001,"5"]]}]}}'
)


def test_what_is_asked_and_how_it_is_joined() -> None:
    with answering(200, GOOD) as (url, requests):
        reader = open_reader(StoreConfig(store=f"promql:{url}/prometheus/", store_tenant="a"))
        matchers = (Matcher("job", "=~", 'x"|y'), Matcher("a b", "=", ""))
        found = select(reader, "m", ["f", "g"], *matchers, start=SECOND, end=5 * SECOND)
    assert found == [
        (
            {"job": "x"},
            [SECOND, 3 * SECOND, 3 * SECOND + 1_000_000],
            {"f": [1.0, 3.0, None], "g": [None, 4.0, 5.0]},
        )
    ]
    path, _, headers, content = requests[0]
    asked = {name: values[0] for name, values in parse_qs(content.decode()).items()}
    assert (path, headers["X-Scope-OrgID"]) == ("/prometheus/api/v1/query", "a")
    assert asked["query"] == r'{__name__=~"m_f|m_g",job=~"x\"|y"}[4002ms]'
    assert asked["time"] == "5.001"
    assert asked["partial_response"] == "false"


def test_a_matcher_on_what_can_be_no_label_is_decided_here() -> None:
    with answering(200, GOOD) as (url, _):
        reader = open_reader(StoreConfig(store=f"promql:{url}"))
        assert select(reader, "m", ["f"], Matcher("a b", "=", "x")) == []
        assert select(reader, "m", ["f"], Matcher("__name__", "!=", "")) == []
        assert len(select(reader, "m", ["f"], Matcher("a b", "!=", "x"))) == 1


def test_more_than_the_limit_is_refused_while_it_comes() -> None:
    with answering(200, GOOD) as (url, _):
        reader = open_reader(StoreConfig(store=f"promql:{url}"))
        assert len(select(reader, "m", ["f", "g"], limit=3)) == 1
        with pytest.raises(BadRequest, match="more than 2 samples"):
            select(reader, "m", ["f", "g"], limit=2)


@pytest.mark.parametrize("kind", ["promql", "victoriametrics"])
@pytest.mark.parametrize("at_once", [0, 100])
def test_a_store_that_drips_is_given_up_in_time(kind: str, at_once: int) -> None:
    with Crooked(http(b" " * 10_000), drip_seconds=0.05, at_once=at_once) as dripping:
        config = StoreConfig(store=f"{kind}:{dripping.url}", store_timeout=0.6)
        with pytest.raises(StoreUnavailable, match=r"did not answer within 0\.6 s: is it over"):
            select(open_reader(config), "m", ["f"])
        if kind == "victoriametrics" and not at_once:
            with pytest.raises(StoreUnavailable, match=r"did not answer within 0\.6 s: is it over"):
                open_writer(config).write(LINES)


@pytest.mark.parametrize(
    ("status", "reply", "error", "words"),
    [
        (422, b'{"status":"error","error":"too many samples"}', BadRequest, "too many samples"),
        (400, b'{"status":"error","error":"parse error"}', BadRequest, "parse error"),
        (503, b"no healthy upstream", StoreUnavailable, "no healthy upstream"),
        (404, b"404 page not found", StoreMissing, "is the address right"),
        (200, b"<html>", StoreMissing, "does not answer in PromQL's form"),
        (200, GOOD[:-30], StoreMissing, "does not answer in PromQL's form"),
        (200, b'{"data":{"result":[{"value":[1,"1"]}]}}', StoreMissing, "PromQL's form"),
    ],
)
def test_what_it_answers_instead(
    status: int, reply: bytes, error: type[Exception], words: str
) -> None:
    with answering(status, reply) as (url, _):
        reader = open_reader(StoreConfig(store=f"promql:{url}"))
        with pytest.raises(error, match=words) as failure:
            select(reader, "m", ["f"])
    assert url in str(failure.value)
    assert "\n" not in str(failure.value)
