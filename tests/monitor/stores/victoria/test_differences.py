"""What VictoriaMetrics does where it differs from the other stores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from monitor.stores.config import StoreConfig
from monitor.stores.open import open_reader, open_writer
from monitor.stores.protocols import Reader, Writer
from tests.monitor.stores.conftest import Visible
from tests.monitor.stores.samples import SECOND, body, raw, record, select
from tests.real.victoria import VictoriaMetrics

Open = Callable[[VictoriaMetrics], tuple[Writer, Reader]]


@pytest.fixture
def store() -> Iterator[Open]:
    with ExitStack() as ends:

        def opened(server: VictoriaMetrics) -> tuple[Writer, Reader]:
            server.delete('{__name__!=""}')
            config = StoreConfig(store=f"victoriametrics:{server.url}")
            writer, reader = Visible(open_writer(config), server), open_reader(config)
            ends.callback(writer.close)
            ends.callback(reader.close)
            return writer, reader

        yield opened


def test_times_are_cut_to_milliseconds(store: Open, victoria: VictoriaMetrics, now: int) -> None:
    writer, reader = store(victoria)
    writer.write(body([record("m", {}, {"f": 1.0, "g": 2}, now + 1_999_999)]))
    assert select(reader, "m", ["f", "g"]) == [({}, [now + 1_000_000], {"f": [1.0], "g": [2.0]})]
    assert select(reader, "m", ["f"], start=now + 1_000_001) == []
    assert select(reader, "m", ["f"], end=now + 999_999) == []


def test_some_fourteen_digits_of_a_number_are_kept(
    store: Open, victoria: VictoriaMetrics, now: int
) -> None:
    writer, reader = store(victoria)
    counters = [123456.789012345, 1 / 3, 0.000001, 987654321.123456, float(1 << 52)]
    fields = {f"f{i}": value for i, value in enumerate(counters)}
    writer.write(body([record("m", {}, dict(fields), now)]))
    [(_, _, columns)] = select(reader, "m", list(fields))
    assert [columns[name][0] for name in fields] == pytest.approx(counters, rel=1e-13)


def test_a_text_is_a_zero_or_the_number_that_it_shows(
    store: Open, victoria: VictoriaMetrics, now: int
) -> None:
    writer, reader = store(victoria)
    writer.write(raw(f'm f="words",g="12" {now}\n'))
    assert select(reader, "m", ["f", "g"]) == [({}, [now], {"f": [0.0], "g": [12.0]})]


def test_bad_lines_are_dropped_and_good_ones_beside_them_stored(
    store: Open, victoria: VictoriaMetrics, now: int
) -> None:
    writer, reader = store(victoria)
    bad = f"m,container=a f=1 {now}\nm,container=b nothing {now}\nm,container=c f=3 {now}\n"
    writer.write(raw(bad) + raw(f"m,container=d f=4 {now}\n"))
    found = select(reader, "m", ["f"])
    assert [tags["container"] for tags, _, _ in found] == ["a", "c", "d"]


def test_without_its_deduplication_a_sample_that_came_twice_is_still_one(
    store: Open, tmp_path: Path, now: int
) -> None:
    server = VictoriaMetrics(tmp_path, dedup="0s")
    server.start()
    try:
        writer, reader = store(server)
        lines = body([record("m", {}, {"f": float(i)}, now + i * SECOND) for i in range(3)])
        for _ in range(3):
            writer.write(lines)
        times = [now + i * SECOND for i in range(3)]
        assert select(reader, "m", ["f"], limit=9) == [({}, times, {"f": [0.0, 1.0, 2.0]})]
        assert server.query("count_over_time(m_f[1h])", time=now / 1e9 + 60)[0]["value"][1] == "9"
    finally:
        server.stop()
