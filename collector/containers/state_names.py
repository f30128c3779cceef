"""Names of containerd's, CRI-O's and podman's containers, from the files these runtimes keep.

A container is looked for once; what is found is kept until it is gone. Its group may be there
before its files: so a search that finds nothing is made again, at later sweeps, and then given up.
Nothing waits, no runtime is asked.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from collector.cgroup.faults import Faults
from collector.containers.names import Found, Naming
from collector.containers.state_file import Unusable
from collector.containers.state_roots import StateRoot, roots, roots_of_user

log = logging.getLogger(__name__)

FIRST_RETRY_SECONDS = 0.1
RETRIES = 5
"""Each after twice the time of the one before: three seconds in all."""


@dataclass(slots=True)
class _Search:
    naming: Naming | None = None
    tries: int = 0
    due: float = float("-inf")
    is_over: bool = False
    broken: str = ""


class StateNames:
    """Looks into the state directories `places`, and into those of the users whose containers run.

    A file that is broken is counted in `faults`. A directory that may not be read is told once.
    """

    def __init__(
        self,
        places: Sequence[str],
        faults: Faults,
        monotonic: Callable[[], float] = time.monotonic,
        of_user: Callable[[str], Sequence[StateRoot]] = roots_of_user,
    ) -> None:
        self._roots = [root for place in places for root in roots(place)]
        self._faults = faults
        self._monotonic = monotonic
        self._of_user = of_user
        self._searches: dict[str, _Search] = {}
        self._told_denied = False

    def name_of(self, found: Found) -> Naming | None:
        """The container's naming; None while it is not known, or when it never will be."""
        search = self._searches.get(found.path)
        if search is None:
            search = self._searches[found.path] = _Search()
        if search.naming is None and not search.is_over and self._monotonic() >= search.due:
            self._look(found, search)
        return search.naming

    def searches(self, found: Found) -> bool:
        """Whether the container may yet be found."""
        search = self._searches.get(found.path)
        return search is None or not (search.naming or search.is_over)

    def forget(self, found: Found) -> None:
        """The container is gone."""
        search = self._searches.pop(found.path, None)
        broken = search.broken if search is not None else ""
        if broken and all(other.broken != broken for other in self._searches.values()):
            self._faults.good(broken)

    def _look(self, found: Found, search: _Search) -> None:
        broken: Unusable | None = None
        readable = False
        for root in (*self._roots, *self._of_user(found.path)):
            if not os.path.isdir(root.path):  # noqa: PTH112 - Path.is_dir raises where it may not look
                continue
            try:
                search.naming = root.find(found.id)
                readable = True
            except Unusable as error:
                broken, readable = error, True
            except PermissionError as error:
                self._tell(error)
            if search.naming is not None:
                return
        search.tries += 1
        search.due = self._monotonic() + FIRST_RETRY_SECONDS * 2 ** (search.tries - 1)
        search.is_over = search.tries > RETRIES or not readable
        if search.is_over and broken is not None:
            search.broken = broken.path
            self._faults.bad(broken.path, broken.reason)

    def _tell(self, denied: PermissionError) -> None:
        if not self._told_denied:
            log.warning(
                "names: %s: %s; containers of containerd, CRI-O and podman are called by their ids;"
                " run the collector as root or give it CAP_DAC_READ_SEARCH",
                denied.filename, denied.strerror,
            )  # fmt: skip
        self._told_denied = True
