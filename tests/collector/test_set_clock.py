"""A real clock that is set while a collector runs: an hour forward, back, and to 1970.

In the virtual machine, since this one's clock is not ours.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.real.process import wait_until
from tests.real.scraped import value
from tests.real.vm import VirtualMachine

pytestmark = [pytest.mark.root, pytest.mark.timeout(600)]

HOUR = 3600
DATA = "/var/lib/weir-clock"
COLLECTOR = f"""\
cd /opt/weir && nohup python3 -m weir collector --listen 0.0.0.0:9180 --insecure --node v2 \
--data {DATA} --interval 1 --docker none > /var/log/weir-clock.log 2>&1 &
echo $!
"""
LOG = "cd /opt/weir && python3 -m weir log"


@pytest.fixture
def machine(virtual_machine: VirtualMachine) -> Iterator[VirtualMachine]:
    """The machine with a collector; its clock is right again at the end."""
    collector = int(virtual_machine.run(COLLECTOR))
    yield virtual_machine
    virtual_machine.run(f"kill {collector}; date -s @{time.time():.0f}")


def test_nothing_is_dropped_and_each_step_is_told(machine: VirtualMachine) -> None:
    url = machine.url(9180)
    wait_until(lambda: value(url, "weir_sweep_interval_seconds"), "the collector sweeps", 120)
    steps = (HOUR, -2 * HOUR, None)
    for number, step in enumerate(steps, 1):
        now = float(machine.run("date +%s"))
        there = now + step if step else float(machine.run("cut -d. -f1 /proc/uptime")) + 100
        machine.run(f"date -s @{there:.0f}")
        wait_until(lambda n=number: value(url, "weir_clock_steps_total") == n, "it is noticed", 60)
        assert value(url, "weir_clock_step_seconds") == pytest.approx(there - now, abs=20)
    size = value(url, "weir_log_bytes")
    wait_until(lambda: value(url, "weir_log_bytes") > size, "it goes on", 60)
    assert value(url, "weir_log_lost_records_total") == 0
    told: dict[str, Any] = json.loads(machine.run(f"{LOG} inspect {DATA} --json"))
    assert told["holes"] == [] and told["segments"][0]["first"] == 1
    assert told["last"] == told["records"] > 2 * len(steps)
    assert told["steps_back"] == 2
    assert "all is well" in machine.run(f"{LOG} verify {DATA}")
    said = machine.run("cat /var/log/weir-clock.log")
    assert said.count("the clock of this node was set forward by 3") == 1
    assert said.count("the clock of this node was set back by ") == 2
    events = machine.run(f"{LOG} export {DATA} --measurement event | grep -c reason=ClockStep")
    assert int(events) == 3
