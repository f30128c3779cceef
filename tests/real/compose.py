"""docker-compose.yml as users start it, by docker-compose, on a private engine and free ports."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from tests.real.docker import Container, Engine
from tests.real.process import unused_port
from tests.real.require import program

PROJECT = Path(__file__).parents[2]
PORTS = ("DASHBOARD", "COLLECTOR", "AGGREGATOR", "INFLUXDB")


class Stack:
    """One project of the compose file. `ports` are those that it was told, by service."""

    def __init__(self, engine: Engine, project: str, **environment: str) -> None:
        self.engine = engine
        self.project = project
        self.ports = {name: unused_port() for name in PORTS}
        self._compose = program("docker-compose", "docker-compose")
        self._environment = {
            **os.environ,
            **{f"{name}_PORT": str(port) for name, port in self.ports.items()},
            "DOCKER_HOST": engine.url,
            "DOCKER_SOCKET": str(engine.socket),
            "DOCKER_GID": str(engine.socket.stat().st_gid),
            "COMPOSE_PROJECT_NAME": project,
            **environment,
        }

    def compose(self, *arguments: str) -> str:
        """Run `docker-compose ARGUMENTS`; what it printed."""
        done = subprocess.run(
            [self._compose, "--ansi=never", *arguments],
            cwd=PROJECT, env=self._environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        said = done.stdout + done.stderr
        assert done.returncode == 0, f"docker-compose {' '.join(arguments)}:\n{said}"
        return said

    def container(self, service: str) -> Container:
        """The service's container, also one that has ended."""
        label = "label=com.docker.compose"
        wanted = (f"{label}.project={self.project}", f"{label}.service={service}")
        filters = [word for each in wanted for word in ("--filter", each)]
        identity = self.engine.cli("ps", "-aq", "--no-trunc", *filters)
        assert len(identity.splitlines()) == 1, f"containers of {service}: {identity!r}"
        return Container(self.engine, identity, service)

    def state(self, service: str) -> dict[str, Any]:
        """The engine's State of the service's container."""
        shown = self.engine.cli("inspect", "-f", "{{json .State}}", self.container(service).id)
        return dict(json.loads(shown))

    def logs(self, service: str) -> str:
        """All that the service's container printed."""
        done = self.engine._docker("logs", self.container(service).id)
        return done.stdout + done.stderr

    def volume(self, name: str) -> Path:
        """Where the engine keeps one of the project's volumes."""
        mountpoint = "{{.Mountpoint}}"
        return Path(
            self.engine.cli("volume", "inspect", "-f", mountpoint, f"{self.project}_{name}")
        )

    def api(self, path: str, **parameters: object) -> Any:
        """The JSON of GET /api/v1/PATH of the dashboard."""
        query = urllib.parse.urlencode(parameters)
        url = f"http://127.0.0.1:{self.ports['DASHBOARD']}/api/v1/{path}?{query}"
        with urllib.request.urlopen(url, timeout=60) as reply:
            return json.load(reply)
