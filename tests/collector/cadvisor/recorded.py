"""A collector's log and newest rows, made of lines that a test can read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from werkzeug.test import Client

from collector.cadvisor.machine import Machine
from collector.cadvisor.routes import add_cadvisor
from collector.latest import Latest
from monitor.edgelog import EdgeLog
from monitor.lineprotocol import Parser
from monitor.record import Record
from monitor.web.app import App

SECOND = 10**9
T0 = 1_700_000_000 * SECOND
"""A multiple of ten seconds, of a minute and of ten minutes no multiple."""
WEB = "a" * 64
"""The id of the container `web`."""
WEB_PATH = f"/docker/{WEB}"
SHAPES: dict[str, Any] = json.loads((Path(__file__).parent / "shapes/shapes.json").read_text())
_WHOLE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")


class Recorded:
    """Sweeps are added with `sweep`; `client` asks the API over them."""

    def __init__(self, directory: Path) -> None:
        self.log = EdgeLog(directory, clock=lambda: T0)
        self.latest = Latest(10**6)
        self.fresh: list[float] = []
        self.stopping = False
        app = App()
        machine = Machine(Path("/proc"))
        add_cadvisor(app, self.latest, self.log, machine, self.fresh.append, lambda: self.stopping)
        self.client = Client(app)

    def sweep(self, time_ns: int, *lines: str) -> None:
        """One sweep of lines; where a line says no time of its own, it is that of the sweep."""
        stamped = [line if re.search(r" \d{19}$", line) else f"{line} {time_ns}" for line in lines]
        text = "\n".join(stamped) + "\n"
        self.log.append(text.encode(), time_ns)
        self.latest.update(list(Parser().parse(text.encode())), time_ns)

    def get(self, path: str, **body: Any) -> Any:
        """The answer's JSON; a body makes it a POST. Fails for a status other than 200."""
        reply = self.client.post(path, json=body) if body else self.client.get(path)
        assert reply.status_code == 200, reply.text
        return json.loads(reply.data)


def info(
    name: str = "web",
    path: str = WEB_PATH,
    id: str = WEB,
    runtime: str = "docker",
    labels: str = "{}",
) -> str:
    """The line of `container_info` that belongs to `container(name, …)`."""
    labels = labels.replace('"', r"\"")
    return (
        f'container_info,cluster=c,container={name},node=n id="{id}",image="nginx:1",'
        f'runtime="{runtime}",name="{name}",cgroup="{path}",labels="{labels}"'
    )


def container(fields: str, name: str = "web", more: str = "") -> str:
    """A line of `container`; `more` is a further tag that sorts between container and node."""
    return f"container,cluster=c,container={name}{more},node=n {fields}"


def complaints(shape: Any, value: Any, path: str = "") -> list[str]:
    """What of a value is not as its shape says: see shapes/main.go."""
    return list(_complaints(shape, value, path))


def _complaints(shape: Any, value: Any, path: str) -> Iterable[str]:
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            yield f"{path}: {value!r} is no object"
            return
        known = {name.removesuffix("?"): name for name in shape}
        yield from (f"{path}.{name}: unknown" for name in value.keys() - known.keys())
        yield from (f"{path}.{n}: missing" for n in shape if n[-1] != "?" and n not in value)
        for name in known.keys() & value.keys():
            yield from _complaints(shape[known[name]], value[name], f"{path}.{name}")
    elif isinstance(shape, list):
        of_kind = isinstance(value, list if shape[0] == "list" else dict)
        if not of_kind:
            yield f"{path}: {value!r} is no {shape[0]}"
            return
        items = enumerate(value) if shape[0] == "list" else value.items()
        for key, item in items:
            yield from _complaints(shape[1], item, f"{path}[{key}]")
    elif not _is_scalar(shape, value):
        yield f"{path}: {value!r} is no {shape}"


def _is_scalar(shape: str, value: Any) -> bool:
    if shape == "time":
        return isinstance(value, str) and bool(_WHOLE.fullmatch(value))
    if shape in ("string", "bool"):
        return type(value) is {"string": str, "bool": bool}[shape]
    if shape.startswith("float"):
        return type(value) in (int, float)
    bits = int(re.sub(r"\D", "", shape) or 64)
    least, most = (0, 2**bits) if shape.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1))
    return type(value) is int and least <= value < most


def records(text: str) -> list[Record]:
    """The records of some lines."""
    return list(Parser().parse(text.encode()))
