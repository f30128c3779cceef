"""Records from the newest back: for who asks what was just now, and not what comes next."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from monitor.edgelog import frame
from monitor.edgelog.reader import DamageSeen
from monitor.edgelog.segment import View


class Past(NamedTuple):
    """One record: its Unix time, and its lines as one gzip member."""

    time_ns: int
    payload: bytes


class Span(NamedTuple):
    """Which records: those of a Unix time from `since_ns` to `until_ns` (None: now).

    With a `step_ns` only the first of those between two of its multiples, and each segment's last.
    """

    since_ns: int = 0
    until_ns: int | None = None
    step_ns: int = 0


def newest_first(views: Sequence[View], span: Span, damaged: DamageSeen) -> Iterator[Past]:
    """The records of `span`, newest first.

    They are read as they are taken: whoever stops early has read no payload too many. Ends at the
    first record that is older, or was dropped meanwhile. Raises OSError.
    """
    for view in reversed(views):
        try:
            fd = os.open(view.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        try:
            for header in reversed(_thinned(_headers(fd, view), span.step_ns)):
                if header.time_ns < span.since_ns:
                    return
                if span.until_ns is not None and header.time_ns > span.until_ns:
                    continue
                payload = frame.payload_of(fd, header)
                if payload is not None:
                    yield Past(header.time_ns, payload)
                elif os.fstat(fd).st_size == 0:  # dropping empties the file first
                    return
                else:
                    damaged(
                        view.path, header.offset, f"record {header.sequence} fails its checksum"
                    )
        finally:
            os.close(fd)


def _headers(fd: int, view: View) -> Iterator[frame.Frame]:
    for item in frame.walk(fd, 0, view.size):
        if isinstance(item, frame.Frame) and item.length and item.sequence <= view.last:
            yield item


def _thinned(headers: Iterable[frame.Frame], step_ns: int) -> list[frame.Frame]:
    found = list(headers)
    if not step_ns:
        return found
    steps = groupby(found, key=lambda header: header.time_ns // step_ns)
    firsts = [next(of_one) for _, of_one in steps]
    return firsts + [header for header in found[-1:] if header != firsts[-1]]
