"""`weir log inspect|verify|export` as a person runs it, on copies and on a log that is open."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.edgelog import Cursor, EdgeLog, Limits
from tests.real.require import program

WEIR = (sys.executable, "-m", "weir", "log")
RECORDS = [b"container,container=web v=%di %d\n" % (n, 10**18 + n) for n in range(2000)]


def run(*arguments: object, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [*WEIR, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=env)


def on_terminal(command: str) -> str:
    """What the command shows on a terminal of its own."""
    script = program("script", "bsdutils")
    shown = subprocess.run(
        [script, "-qec", f"stty cols 100; {command}", "/dev/null"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        env={**os.environ, "TERM": "xterm"},
    )
    return shown.stdout.decode()


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log that is open in this process."""
    path = tmp_path_factory.mktemp("node") / "collector"
    log = EdgeLog(path, Limits(max_bytes=1 << 20))
    for number, record in enumerate(RECORDS):
        log.append(record, 10**18 + number)
    log.pull("store", Cursor(log.epoch, 1500), 1)
    return path


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    log = EdgeLog(tmp_path / "log")
    for record in RECORDS[:3]:
        log.append(record)
    log.close()
    (segment,) = (tmp_path / "log" / "segments").iterdir()
    data = bytearray(segment.read_bytes())
    data[len(data) // 2] ^= 1
    segment.write_bytes(data)
    return tmp_path / "log"


def test_inspect_is_for_people(directory: Path) -> None:
    shown = run("inspect", directory)
    assert shown.returncode == 0 and not shown.stderr
    first, *_ = shown.stdout.splitlines()
    assert first == f"edge log {directory}, open in process {os.getpid()}"
    assert "records    2,000 (1 to 2,000), " in shown.stdout
    assert [line.split()[:3] for line in shown.stdout.splitlines()][-1] == ["store", "1,500", "500"]


def test_inspect_is_for_programs(directory: Path) -> None:
    told = json.loads(run("inspect", directory, "--json").stdout)
    assert told["records"] == 2000
    assert told["consumers"][0]["backlog_records"] == 500
    assert sum(segment["records"] for segment in told["segments"]) == 2000


def test_verify_says_that_all_is_well(directory: Path) -> None:
    shown = run("verify", directory)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.startswith("2,000 records, 2,000 lines, ")
    assert shown.stdout.endswith(": all is well\n")


def test_verify_names_each_damage_and_fails(damaged: Path) -> None:
    shown = run("verify", damaged)
    assert shown.returncode == 1
    flaw, summary = shown.stdout.splitlines()
    assert flaw.startswith(f"{damaged}/segments/00000000000000000001.log:")
    assert flaw.endswith(": record 2 fails its checksum")
    assert summary.endswith(": 1 damaged places")


def test_export_leaves_out_what_is_damaged_and_says_so(damaged: Path) -> None:
    shown = run("export", damaged)
    assert shown.returncode == 1
    assert shown.stdout.encode() == RECORDS[0] + RECORDS[2]
    assert shown.stderr.endswith(": record 2 fails its checksum; left out\n")


def test_export_gives_the_lines(directory: Path, tmp_path: Path) -> None:
    assert run("export", directory).stdout.encode() == b"".join(RECORDS)
    part = run("export", directory, "--since=1000000000", "--until=1000000000.000000003")
    assert part.stdout.encode() == b"".join(RECORDS[:3])
    target = tmp_path / "lines.ndjson"
    told = run("export", directory, "--format=ndjson", f"--output={target}")
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")
    found = [json.loads(line) for line in target.read_text().splitlines()]
    assert [one["fields"]["v"] for one in found] == list(range(2000))
    assert run("export", directory, "--measurement=nothing").stdout == ""


def test_a_reader_that_goes_away_is_no_error(directory: Path) -> None:
    command = f"{shlex.join(WEIR)} export {directory} | head -n 1"
    shown = subprocess.run(command, shell=True, capture_output=True, timeout=60)
    assert (shown.stdout, shown.stderr) == (RECORDS[0], b"")


def test_progress_is_for_a_terminal_only(directory: Path) -> None:
    command = f"{shlex.join(WEIR)} verify {directory}"
    assert "verifying" in on_terminal(command)
    assert "verifying" not in run("verify", directory).stderr
    assert "exporting" in on_terminal(f"{shlex.join(WEIR)} export {directory} >/dev/null")
    assert (
        "exporting" not in on_terminal(f"{shlex.join(WEIR)} export {directory} | tail -n 1")[-80:]
    )


def test_progress_is_plain_without_rich(directory: Path, tmp_path: Path) -> None:
    (tmp_path / "rich.py").write_text("raise ModuleNotFoundError('rich')")
    command = f"PYTHONPATH={tmp_path} {shlex.join(WEIR)} verify {directory}"
    shown = on_terminal(command)
    assert "\rverifying  " in shown and " % " in shown
    assert shown.splitlines()[-1].endswith(": all is well")


@pytest.mark.parametrize("command", ["inspect", "verify", "export"])
def test_what_is_no_log_is_one_line_and_code_2(command: str, tmp_path: Path) -> None:
    for place, words in (
        (tmp_path / "nowhere", "there is no such directory"),
        (tmp_path, "is no edge log, it has no segments"),
    ):
        shown = run(command, place)
        assert (shown.returncode, shown.stdout) == (2, "")
        assert shown.stderr.startswith(f"weir log {command}: {place}")
        assert words in shown.stderr and shown.stderr.count("\n") == 1


@pytest.mark.root
def test_what_may_not_be_read_is_one_line(directory: Path) -> None:
    command = ["setpriv", "--reuid=65534", "--clear-groups", *WEIR, "inspect", str(directory)]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert shown.returncode == 2
    assert "Permission denied" in shown.stderr and "be its owner or root" in shown.stderr
    assert shown.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--since=yesterday"], "since: 'yesterday' is no time; such as 15m or 2h (ago)"),
        (["--format=csv"], "format: 'csv' is not known; lp or ndjson"),
        (["--output=/nowhere/file"], "No such file or directory: '/nowhere/file'"),
        (["--output=/dev/full"], "No space left on device"),
    ],
)
def test_options_that_cannot_be_are_named(directory: Path, options: list[str], words: str) -> None:
    shown = run("export", directory, *options)
    assert shown.returncode == 2 and words in shown.stderr and shown.stderr.count("\n") == 1


def test_without_a_command_it_says_which_there_are() -> None:
    assert run().returncode == 2 and "inspect " in run().stderr
    assert run("--help").returncode == 0 and "export " in run("--help").stdout


@pytest.mark.root
def test_the_usual_directory_is_the_collectors() -> None:
    command = ["setpriv", "--reuid=65534", "--clear-groups", *WEIR, "inspect"]
    shown = subprocess.run(
        command, capture_output=True, text=True, timeout=60, env={**os.environ, "HOME": "/nowhere"}
    )
    assert "/nowhere/.local/share/weir/collector: there is no such directory" in shown.stderr
