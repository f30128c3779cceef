"""The names of all containers of a node: Docker is listened to, the other runtimes' files read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector.containers.names import Found, Naming, fallback
from collector.containers.state_names import StateNames

if TYPE_CHECKING:
    from collector.containers.docker import DockerNames


class NodeNames:
    """Asks each runtime that may have the container; `docker` is None where it is not asked.

    The path of a pod's container often does not say the runtime. Docker knows its own at once, so
    it comes first.
    """

    def __init__(self, docker: DockerNames | None, states: StateNames) -> None:
        self._docker = docker
        self._states = states

    def name_of(self, found: Found) -> Naming | None:
        """What its runtime calls the container; None while that is not known."""
        naming = None if self._docker is None else self._docker.known(found)
        if naming is None and found.runtime != "docker":
            naming = self._states.name_of(found)
            if naming is None and self._states.searches(found):
                return None
        if naming is not None:
            return naming
        return fallback(found) if self._docker is None else self._docker.name_of(found)

    def forget(self, found: Found) -> None:
        """The container is gone."""
        self._states.forget(found)
