"""The end of a process, told by the kernel: pidfd_open(2), which needs no rights over it."""

from __future__ import annotations

import os
from collections.abc import Hashable

from collector.cgroup.files import Budget
from collector.watch import Watch


class ProcessEnd:
    """Lets `watch` tell `key` when the process `pid` has ended, until closed.

    Raises OSError where the process is gone (ESRCH) or the kernel is too old or forbids it. Its
    descriptor counts against the budget.
    """

    def __init__(self, pid: int, watch: Watch, key: Hashable, budget: Budget) -> None:
        self.pid = pid
        self._descriptor = os.pidfd_open(pid)
        self._watch = watch
        self._budget = budget
        budget.kept += 1
        try:
            watch.add(self._descriptor, key)
        except OSError:
            self._release()
            raise

    def close(self) -> None:
        """Let the descriptor go."""
        self._watch.remove(self._descriptor)
        self._release()

    def _release(self) -> None:
        os.close(self._descriptor)
        self._budget.kept -= 1
