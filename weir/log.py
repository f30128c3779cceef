"""`weir log inspect|verify|export`: looks into an edge log, also while a collector writes it."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from monitor.edgelog.export import FORMS, Wanted, export
from monitor.edgelog.inspect import inspect
from monitor.edgelog.keeper import Limits
from monitor.edgelog.onlooker import Onlooker
from monitor.edgelog.verify import Flaw, Verifier
from monitor.errors import ConfigError, WeirError
from monitor.settings import setting, state_directory
from weir.log_report import text
from weir.options import load
from weir.process import REFUSED
from weir.progress import progress
from weir.words import moment_ns, size

USAGE = """\
usage: weir log COMMAND [DIR] [OPTIONS]     (weir log COMMAND --help shows a command's options)

  inspect      what it holds, who has it, how it grows, and when the bounds will cut
  verify       every record's checksum, gzip and lines; exit code 1 if any is damaged
  export       its lines as line protocol or JSON

DIR is an edge log or a copy of one; left out, it is that of this machine's collector. A collector
may have it open: nothing is locked, repaired or changed.
"""


@dataclass(frozen=True, kw_only=True)
class LogConfig:
    """An edge log's directory."""

    dir: str = setting(
        "",
        "directory of the edge log; left out: /var/lib/weir/collector for root, "
        "~/.local/share/weir/collector for others",
        metavar="DIR",
        positional=True,
    )

    @property
    def onlooker(self) -> Onlooker:
        """The log as it lies there. Raises LogError."""
        return Onlooker.of(state_directory(self.dir, "collector"))


@dataclass(frozen=True, kw_only=True)
class LogInspectConfig(LogConfig):
    """Show what an edge log holds: segments, consumers and their backlog, gaps, and its growth."""

    log_max_bytes: int = setting(256 * 2**20, "the collector's --log-max-bytes")
    log_max_age: float = setting(86400.0, "the collector's --log-max-age")
    json: bool = setting(False, "print JSON instead of text")


@dataclass(frozen=True, kw_only=True)
class LogVerifyConfig(LogConfig):
    """Read every record: its checksum, its gzip member, its lines. One line for each damage."""


@dataclass(frozen=True, kw_only=True)
class LogExportConfig(LogConfig):
    """Write an edge log's lines to standard output or a file, oldest record first."""

    since: str = setting(
        "", "lines from this time on: 15m or 2h (ago), 2026-11-25T09:00 (UTC), or Unix seconds"
    )
    until: str = setting("", "lines before this time, written in the same way")
    measurement: str = setting("", "lines of this measurement only, such as container")
    format: str = setting("lp", "lp for line protocol, ndjson for a JSON object in each line")
    output: str = setting("", "file to write; left out: standard output", metavar="FILE")

    def __post_init__(self) -> None:
        if self.format not in FORMS:
            raise ConfigError(f"format: {self.format!r} is not known; {' or '.join(FORMS)}")
        self.wanted(time.time_ns())

    def wanted(self, now_ns: int) -> Wanted:
        """Which lines. Raises ConfigError."""
        since, until = (
            moment_ns(given, name, now_ns) if given else None
            for name, given in (("since", self.since), ("until", self.until))
        )
        return Wanted(since, until, self.measurement)


def log(arguments: Sequence[str]) -> int:
    """Run `weir log ARGUMENTS`; returns the exit code, 2 for what is no log or may not be read."""
    command, *rest = arguments or [""]
    if command not in COMMANDS:
        asked = command in ("-h", "--help")
        print(USAGE, file=sys.stdout if asked else sys.stderr, end="")
        return 0 if asked else REFUSED
    for number in (signal.SIGPIPE, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)  # `| head` and ^C end it without a word
    run, config_class = COMMANDS[command]
    config = load(config_class, "log", rest, dict(os.environ), f"log {command}")
    try:
        return run(config)
    except (WeirError, OSError) as error:
        print(f"weir log {command}: {error}", file=sys.stderr)
        return REFUSED


def _inspect(config: LogInspectConfig) -> int:
    seen = config.onlooker
    limits = Limits(config.log_max_bytes, config.log_max_age)
    report = inspect(seen, limits, time.time_ns())
    print(json.dumps(dataclasses.asdict(report), indent=2) if config.json else text(report))
    return 0


def _verify(config: LogVerifyConfig) -> int:
    seen = config.onlooker
    verifier = Verifier(seen)
    flaws = 0
    with progress("verifying", seen.total_bytes) as advance:
        for flaw in verifier.flaws(advance):
            flaws += 1
            print(flaw, flush=True)
    print(
        f"{verifier.records:,} records, {verifier.lines:,} lines, {size(verifier.bytes)} in "
        f"{len(seen.segments)} segments: {f'{flaws} damaged places' if flaws else 'all is well'}"
    )
    return int(flaws > 0)


def _export(config: LogExportConfig) -> int:
    seen = config.onlooker
    flaws: list[None] = []

    def flawed(flaw: Flaw) -> None:
        flaws.append(None)
        print(f"weir log export: {flaw}; left out", file=sys.stderr)

    with ExitStack() as stack:
        out: BinaryIO = sys.stdout.buffer
        if config.output:
            out = stack.enter_context(Path(config.output).open("wb"))
        is_free = bool(config.output) or not sys.stdout.isatty()
        advance = stack.enter_context(progress("exporting", seen.total_bytes, is_free))
        form = FORMS[config.format]()
        for lines in export(seen, config.wanted(time.time_ns()), form, flawed, advance):
            out.write(lines)
        out.flush()
    return int(bool(flaws))


COMMANDS: dict[str, tuple[Callable[[Any], int], type[LogConfig]]] = {
    "inspect": (_inspect, LogInspectConfig),
    "verify": (_verify, LogVerifyConfig),
    "export": (_export, LogExportConfig),
}
