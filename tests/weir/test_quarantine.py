"""`weir quarantine` from outside: lines that are refused, shown, and taken once the store may."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from monitor.aggregator.bisection import Refused
from monitor.aggregator.quarantine import Quarantine
from monitor.stores.config import StoreConfig
from monitor.stores.open import open_reader
from tests.real.process import unused_port

DAY_NS = 86_400 * 10**9


def run(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *(sys.executable, "-m", "weir", "quarantine", *arguments),
            *(f"--store=sqlite:{directory / 'store'}", f"--data={directory}"),
        ],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def _line(name: str, days_ago: float) -> bytes:
    return b"container,container=%s processes=1i %d\n" % (
        name.encode(),
        time.time_ns() - int(days_ago * DAY_NS),
    )


@pytest.fixture
def kept(tmp_path: Path) -> Quarantine:
    return Quarantine(tmp_path / "quarantine")


def _stored(directory: Path) -> set[str]:
    reader = open_reader(StoreConfig(store=f"sqlite:{directory / 'store'}"))
    return {s.tags["container"] for s in reader.select("container", ["processes"], [], 0, 2**62)}


def test_alone_it_says_what_it_can(tmp_path: Path) -> None:
    alone = subprocess.run(
        [sys.executable, "-m", "weir", "quarantine"], capture_output=True, text=True, check=False
    )
    assert alone.returncode == 2
    assert "  retry  " in alone.stderr
    assert run(tmp_path, "retry", "--poll=0").stderr.startswith("weir quarantine retry: poll: 0 is")


def test_an_empty_one(tmp_path: Path) -> None:
    listed = run(tmp_path, "list")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert listed.stdout == f"0 lines in 0 files under {tmp_path / 'quarantine'}\n"
    assert run(tmp_path, "list", "--json").stdout == "[]\n"
    assert run(tmp_path, "retry").returncode == 0


def test_it_is_shown_for_people_and_for_programs(tmp_path: Path, kept: Quarantine) -> None:
    lines = [_line("a", 1), _line("b\x1b[31m\u2028", 1)]
    path = kept.keep("http://n1:9180", [Refused(b"".join(lines), "no\x1b[0m reason")])
    listed = run(tmp_path, "list")
    assert listed.returncode == 0
    assert re.match(
        rf"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC  2 lines of http://n1:9180  {re.escape(str(path))}\n"
        r"    container,container=a processes=1i \d+ \(and 1 more lines\)\n"
        "      no\N{REPLACEMENT CHARACTER}\\[0m reason\n2 lines in 1 files under ",
        listed.stdout,
    )
    (entry,) = json.loads(run(tmp_path, "list", "--json").stdout)
    assert (entry["node"], entry["lines"], entry["file"]) == ("http://n1:9180", 2, str(path))
    assert entry["refused"] == [
        {"reason": "no\x1b[0m reason", "lines": [line.decode().strip("\n") for line in lines]}
    ]
    assert abs(entry["refused_at"] - time.time()) < 60


def test_what_the_store_takes_now_is_removed_and_the_rest_stays(
    tmp_path: Path, kept: Quarantine
) -> None:
    kept.keep("http://n1", [Refused(_line("a", 0), "it was too old")])
    kept.keep("http://n2", [Refused(_line("b", 400) + _line("c", 0) + b"nonsense\n", "all of it")])
    tried = run(tmp_path, "retry")
    assert tried.returncode == 1
    assert tried.stdout == "the store took 2 lines, refuses 2 again\n"
    assert _stored(tmp_path) == {"a", "c"}
    (path,) = kept.files()
    entry = kept.read(path)
    assert entry is not None and entry.node_url == "http://n2"
    assert [each.lines.split(b" ")[0] for each in entry.refused] == [
        b"container,container=b",
        b"nonsense\n",
    ]
    assert "is older than the days that the store keeps" in entry.reasons[0]
    again = run(tmp_path, "retry", "--retention-days=1000", "--json")
    assert json.loads(again.stdout) == {"files": 1, "taken": 1, "refused": 1, "files_left": 0}
    assert _stored(tmp_path) == {"a", "b", "c"}


def test_while_the_store_is_away_nothing_is_lost(tmp_path: Path, kept: Quarantine) -> None:
    for name in "ab":
        kept.keep("http://n1", [Refused(_line(name, 0), "no")])
    before = {path: path.read_bytes() for path in kept.files()}
    store = f"influxdb:http://127.0.0.1:{unused_port()}"
    tried = subprocess.run(
        [
            *(sys.executable, "-m", "weir", "quarantine", "retry"),
            *(f"--store={store}", f"--data={tmp_path}"),
        ],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert tried.returncode == 1
    assert "does not answer (Connection refused)" in tried.stderr
    assert tried.stdout == "the store took 0 lines, refuses 0 again; 2 files were not tried\n"
    assert {path: path.read_bytes() for path in kept.files()} == before


def test_a_file_that_cannot_be_read_hides_no_other(tmp_path: Path, kept: Quarantine) -> None:
    kept.keep("http://n1", [Refused(_line("a", 0), "no")])
    (kept.directory / "x.lp.gz").write_bytes(b"no gzip")
    listed = run(tmp_path, "list")
    assert listed.returncode == 1
    assert "x.lp.gz: gzip member 1 is damaged" in listed.stderr
    assert listed.stdout.endswith(f"1 lines in 1 files under {kept.directory}\n")
    tried = run(tmp_path, "retry")
    assert tried.returncode == 1
    assert tried.stdout == "the store took 1 lines, refuses 0 again; 1 files were not tried\n"
