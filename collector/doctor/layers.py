"""The space of containers' writable layers: whether the walk through one can begin."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from collector.cgroup.faults import Faults
from collector.doctor.trying import Subject
from collector.doctor.words import shortened, user
from collector.layers.layer import Layer, Outcome
from monitor.findings import Finding

GROUP = "disk"
_TRIED = 10
_REMEDY = "run it as root, or give it CAP_DAC_READ_SEARCH"


class _First(Faults):
    """Keeps what was said of the first file that could not be read, and logs nothing."""

    said = ""

    def bad(self, path: str, reason: str) -> None:
        self.said = self.said or f"user {user()}: {path}: {reason.partition(';')[0]}"

    def good(self, path: str) -> None:
        pass


def layers(subjects: Sequence[Subject], proc: Path, area: str, needed: bool) -> Finding:
    """Begins to measure some containers' layers, with the collector's own means."""
    faults = _First()
    outcomes: Counter[Outcome] = Counter()
    for subject in subjects[:_TRIED]:
        layer = Layer(proc, faults, time.time_ns)
        layer.see(subject.pids)
        outcomes[layer.go_on(1)] += 1
        layer.end()
    begun = outcomes["walking"] + outcomes["measured"]
    if outcomes["unreadable"]:
        why = shortened(faults.said)
        return Finding(area, GROUP, "partly" if begun else "no", why, _REMEDY, needed)
    if not begun:
        return Finding(area, GROUP, "none", "no container has an overlay as its root", needed=False)
    return Finding(area, GROUP, "ok", "the writable layer can be walked through", needed=needed)
