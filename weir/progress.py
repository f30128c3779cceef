"""How far a long command is, on a terminal's standard error: rich's bar, or plain text."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from weir.words import size

Advance = Callable[[int], object]

_EVERY_SECONDS = 0.2


@contextmanager
def progress(what: str, total_bytes: int, wanted: bool = True) -> Iterator[Advance]:
    """Gives what is told of the bytes done. Nothing is shown where standard error is no terminal.

    A command whose output goes to the same terminal does not want it.
    """
    if not (wanted and total_bytes and sys.stderr.isatty()):
        yield lambda _: None
        return
    try:
        import rich  # noqa: F401
    except ModuleNotFoundError:
        with _plain(what, total_bytes) as advance:
            yield advance
    else:
        with _bar(what, total_bytes) as advance:
            yield advance


@contextmanager
def _bar(what: str, total: int) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TimeRemainingColumn(),
    )
    shown = Progress(
        *columns,
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=sys.stdout.isatty(),
        redirect_stderr=False,
    )
    with shown:
        task = shown.add_task(what, total=total)
        yield lambda count: shown.advance(task, count)


@contextmanager
def _plain(what: str, total: int) -> Iterator[Advance]:
    done, due = 0, 0.0

    def advance(count: int) -> None:
        nonlocal done, due
        done += count
        if time.monotonic() >= due:
            due = time.monotonic() + _EVERY_SECONDS
            text = f"{what}  {min(100, 100 * done // total)} %  {size(done)} of {size(total)}"
            print(f"\r{text}\x1b[K", end="", file=sys.stderr, flush=True)

    try:
        yield advance
    finally:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
