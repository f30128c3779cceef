"""Five minutes of a real Prometheus whose scrapes and our sweeps do not divide each other.

`stamped` scrapes as Prometheus does by itself: each sample has the time of its reading. `fresh`
asks for figures as of now (`max_age=0`) and takes the times of its scrapes. Both have to agree with
the rates that Weir makes of its own samples. `beaten` takes the times of its scrapes and whatever
the last sweep found: it shows what the other two are good for.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from monitor.rates import Sample, window
from tests.end_to_end.workloads import SPIN, preferred
from tests.faults.ledger import edge_log
from tests.real.docker import Container, Engine
from tests.real.prometheus import Prometheus
from tests.real.weir import Weir

pytestmark = [pytest.mark.root, pytest.mark.timeout(600)]

SWEEP_SECONDS, SCRAPE_SECONDS = 7, 5
MINUTES = 5
WINDOW_SECONDS = 60
NS = 10**9

METRIC = "container_cpu_usage_seconds_total"
VARY = (
    "n=0; while :; do n=$(( (n + 3) % 7 )); i=0; "
    "while [ $i -lt $((n * 10000)) ]; do i=$((i + 1)); done; usleep 80000; done"
)
"""Bursts of seven lengths, with pauses between."""

CONFIG = f"""\
global: {{{{scrape_interval: {SCRAPE_SECONDS}s}}}}
scrape_configs:
- job_name: stamped
  static_configs: [{{{{targets: ["{{plain}}"]}}}}]
- job_name: beaten
  honor_timestamps: false
  static_configs: [{{{{targets: ["{{plain}}"]}}}}]
- job_name: fresh
  honor_timestamps: false
  params: {{{{max_age: ["0"]}}}}
  static_configs: [{{{{targets: ["{{asked}}"]}}}}]
"""


@dataclass(frozen=True)
class Minutes:
    """What was scraped, and what the two collectors kept of the same time."""

    prometheus: Prometheus
    begin: float
    end: float
    kept: dict[str, dict[str, list[Sample]]]

    def theirs(self, job: str, container: str) -> list[tuple[float, float]]:
        """Prometheus' rate over a minute, at many times."""
        rate = f'rate({METRIC}{{job="{job}",name="{container}"}}[{WINDOW_SECONDS}s])'
        return self.prometheus.range(rate, self.begin + WINDOW_SECONDS, self.end, step=5)

    def ours(self, job: str, container: str, time: float) -> float:
        """Weir's rate over the minute before `time`, in cores."""
        start_ns = round((time - WINDOW_SECONDS) * NS)
        (bucket,) = window(self.kept[job][container], start_ns, WINDOW_SECONDS * NS, 1)
        assert bucket.rate is not None
        return bucket.rate

    def deviations(self, job: str, container: str) -> list[float]:
        """Theirs against ours, each as a part of ours."""
        pairs = [(rate, self.ours(job, container, at)) for at, rate in self.theirs(job, container)]
        return [abs(rate - own) / own for rate, own in pairs]


@pytest.fixture(scope="module")
def minutes(docker_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Minutes]:
    directory = tmp_path_factory.mktemp("rates")
    with ExitStack() as stack:
        steady = _run(stack, docker_engine, "weir-steady", SPIN, "--cpus=0.4")
        varied = _run(stack, docker_engine, "weir-varied", VARY)
        plain = _collector(stack, directory / "plain", docker_engine)
        asked = _collector(stack, directory / "asked", docker_engine)
        targets = {"plain": plain.url, "asked": asked.url}
        config = CONFIG.format(**{k: url.removeprefix("http://") for k, url in targets.items()})
        prometheus = Prometheus(directory, config)
        stack.callback(prometheus.stop)
        prometheus.start()
        prometheus.wait_for(f'count({METRIC}{{name="weir-varied"}}) == 3')
        begin = time.time()
        time.sleep(MINUTES * 60)
        end = time.time()
        time.sleep(SWEEP_SECONDS + SCRAPE_SECONDS + 1)  # until the samples after the end are there
        samples = {
            collector: {container.name: _samples(url, container) for container in (steady, varied)}
            for collector, url in targets.items()
        }
        kept = {"stamped": samples["plain"], "beaten": samples["plain"], "fresh": samples["asked"]}
        yield Minutes(prometheus, begin, end, kept)


@pytest.mark.parametrize("container", ["weir-steady", "weir-varied"])
@pytest.mark.parametrize("job", ["stamped", "fresh"])
def test_rates_agree_within_two_percent(minutes: Minutes, job: str, container: str) -> None:
    deviations = minutes.deviations(job, container)
    assert len(deviations) >= 45, "four minutes of windows, every five seconds"
    assert max(deviations) < 0.02, deviations


@pytest.mark.parametrize("container", ["weir-steady", "weir-varied"])
def test_each_sample_is_the_one_that_was_kept(minutes: Minutes, container: str) -> None:
    wanted = f'{METRIC}{{job="stamped",name="{container}"}}[{MINUTES}m]'
    (scraped,) = minutes.prometheus.query(wanted)
    kept = {sample.time_ns // 10**6: sample.value for sample in minutes.kept["stamped"][container]}
    assert len(scraped["values"]) >= MINUTES * 60 // SWEEP_SECONDS - 2
    for seconds, value in scraped["values"]:
        near = [kept.get(round(seconds * 1000) + off) for off in (0, 1, -1)]
        assert float(value) in near, (seconds, value)


def test_what_was_seen(minutes: Minutes, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [f"{'':14}{'cores':>16}{'stamped':>10}{'fresh':>10}{'beaten':>10}"]
    for container in ("weir-steady", "weir-varied"):
        rates = [rate for _, rate in minutes.theirs("stamped", container)]
        worst = [max(minutes.deviations(job, container)) for job in ("stamped", "fresh", "beaten")]
        shown = f"{min(rates):.3f} to {max(rates):.3f}"
        lines.append(f"{container:14}{shown:>16}{''.join(f'{100 * w:9.2f}%' for w in worst)}")
    with capsys.disabled():
        print("\nlargest deviation of Prometheus' rate from Weir's\n" + "\n".join(lines))
    assert len(lines) == 3


def _run(stack: ExitStack, engine: Engine, name: str, script: str, *options: str) -> Container:
    container = engine.run("sh", "-c", script, name=name, options=options)
    stack.callback(container.remove)
    stack.enter_context(preferred(container))
    return container


def _collector(stack: ExitStack, directory: Path, engine: Engine) -> Weir:
    directory.mkdir()
    collector = Weir(
        "collector",
        directory,
        f"--data={directory / 'log'}",
        f"--interval={SWEEP_SECONDS}",
        f"--docker={engine.url}",
    )
    stack.callback(collector.stop)
    collector.start_and_wait()
    return collector


def _samples(url: str, container: Container) -> list[Sample]:
    """The container's CPU time as the collector kept it."""
    return sorted(
        Sample(time_ns, float(value))
        for (key, time_ns, field), value in edge_log(url).items()
        if f"container_{field}" == METRIC and f",container={container.name}," in key
    )
