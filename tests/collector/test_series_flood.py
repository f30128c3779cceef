"""A node on which far too many containers appear: the whole collector, over real cgroups."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from collector.agent import Agent
from collector.config import CollectorConfig
from monitor.web.server import bind
from tests.real.cgroups import Group, Groups
from tests.real.process import wait_until

pytestmark = pytest.mark.root

ROOM, FLOOD = 60, 150


@pytest.fixture
def groups(tmp_path: Path) -> Iterator[Groups]:
    (tmp_path / "groups").mkdir()
    with Groups(tmp_path / "groups") as groups:
        yield groups


def started(groups: Groups, data: Path, max_series: int) -> Agent:
    config = CollectorConfig(
        listen="127.0.0.1:0",
        data=str(data),
        interval=1.0,
        docker="none",
        cgroup_root=str(groups.root),
        max_series=max_series,
    )
    agent = Agent(config, bind(config.listen), {})
    agent.start()
    return agent


def page(agent: Agent) -> str:
    with urlopen(f"{agent.url}/metrics?max_age=0&collect[]=container", timeout=10) as reply:
        text: str = reply.read().decode()
    return text


def series(agent: Agent) -> dict[str, Any]:
    with urlopen(f"{agent.url}/healthz", timeout=10) as reply:
        found: dict[str, Any] = json.load(reply)["series"]
    return found


def shown(agent: Agent, among: list[Group]) -> int:
    text = page(agent)
    return sum(f'id="{group.path}"' in text for group in among)


def test_old_containers_go_on_and_new_ones_are_left_out_and_counted(
    groups: Groups, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    old = [groups.add("exec sleep 1000") for _ in range(5)]
    first = started(groups, tmp_path / "first", max_series=20_000)
    try:
        wait_until(lambda: shown(first, old) == 5, "the old ones")
        own = series(first)["series"]
    finally:
        first.stop()
    agent = started(groups, tmp_path / "second", max_series=own + ROOM)
    try:
        wait_until(lambda: shown(agent, old) == 5, "the old ones")
        new = [groups.add("exec sleep 1000") for _ in range(FLOOD)]
        wait_until(lambda: series(agent)["series_left_out"] > FLOOD - ROOM, "all were found")
        assert shown(agent, old) == 5
        assert 0 < shown(agent, new) < FLOOD
        assert "\ncontainer_scrape_error 0.0\n" in page(agent)
        state = series(agent)
        assert state["max"] == own + ROOM
        assert state["rows_left_out_total"] >= state["series_left_out"]
        said = [r for r in caplog.records if r.name == "collector.series_budget"]
        assert len(said) == 1 and "--max-series" in said[0].getMessage()
    finally:
        agent.stop()
