"""The paths of cAdvisor's API, `/api/VERSION/REQUEST/NAME`, and what answers each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from werkzeug.wrappers import Request, Response

from collector.cadvisor import summary, v1, v2
from collector.cadvisor.answers import Gate, list_of, map_of, one_of, streamed
from collector.cadvisor.containers import ROOT, Node, Tree
from collector.cadvisor.events import Events
from collector.cadvisor.history import History
from collector.cadvisor.machine import Machine, software
from collector.cadvisor.requests import (
    CannotAnswer,
    Options,
    Window,
    container_name,
    events_wanted,
    options,
    window,
)
from collector.cadvisor.samples import Sample
from collector.cadvisor.spec import spec_v2
from collector.latest import Latest
from monitor.edgelog import EdgeLog, LogError, Span
from monitor.web.app import App, json_response

_V1 = ("containers", "machine", "subcontainers", "docker", "events")
_V2 = ("version", "attributes", "events", "machine", "summary", "stats", "spec", "machinestats")
VERSIONS = {
    "v1.0": _V1[:2],
    "v1.1": _V1[:3],
    "v1.2": _V1[:4],
    "v1.3": _V1,
    "v2.0": _V2[:-1],
    "v2.1": _V2,
}
"""What each version answers."""
MOST_ANSWERS, MOST_STREAMS = 4, 2
"""At a time: the server has eight threads, and a scrape and a pull need one each."""
_METHODS = ("GET", "POST")


def add_cadvisor(
    app: App,
    latest: Latest,
    log: EdgeLog,
    machine: Machine,
    fresh: Callable[[float], None],
    stopping: Callable[[], bool],
) -> None:
    """Serve cAdvisor's API. `fresh` makes a sweep be at most so many seconds old.

    Once `stopping` is true, streams of events end.
    """
    api = _Api(latest, log, machine, fresh, stopping)
    versions = ",".join(f'"{version}"' for version in VERSIONS)
    rule = f"/api/<any({versions}):version>"
    app.add("/api", lambda _: _text(400, f"Supported API versions: {','.join(VERSIONS)}"))
    for path in (rule, f"{rule}/<kind>", f"{rule}/<kind>/<path:name>"):
        app.add(path, api.answer, _METHODS)


class _Api:
    def __init__(
        self,
        latest: Latest,
        log: EdgeLog,
        machine: Machine,
        fresh: Callable[[float], None],
        stopping: Callable[[], bool],
    ) -> None:
        self._latest = latest
        self._machine = machine
        self._fresh = fresh
        self._history = History(log)
        self._events = Events(log, self._path_of, stopping)
        self._answers = Gate(MOST_ANSWERS, "requests for samples")
        self._streams = Gate(MOST_STREAMS, "streams of events")

    def answer(self, request: Request, version: str, kind: str = "", name: str = "") -> Response:
        """cAdvisor has one status for all that it cannot answer, 500, and a line of text."""
        if not kind:
            known = ",".join(sorted(VERSIONS[version]))
            return _text(400, f'Supported request types: "{known}"')
        try:
            if kind not in VERSIONS[version]:
                raise CannotAnswer(f"unknown request type {kind[:40]!r}")
            if kind == "events":
                return self._answer_events(request, name)
            if version.startswith("v1."):
                return self._answer_v1(request, kind, name)
            return self._answer_v2(options(request), version, kind, container_name(name))
        except CannotAnswer as error:
            return _text(error.status, str(error))
        except LogError as error:
            return _text(500, str(error))

    def _answer_v1(self, request: Request, kind: str, name: str) -> Response:
        if kind == "machine":
            return json_response(self._machine.info())
        wanted, tree = window(request), Tree(self._latest.rows())
        if kind == "containers":
            found = self._infos(tree, [tree.get(container_name(name))], wanted)
            return streamed(lambda: one_of(info for _, info in found), self._answers)
        if kind == "subcontainers":
            found = self._infos(tree, tree.subtree(container_name(name)), wanted)
            return streamed(lambda: list_of(info for _, info in found), self._answers)
        alias = name.strip("/")
        if "/" in alias:
            raise CannotAnswer(f"unknown request for Docker container {alias[:80]!r}")
        nodes = [tree.by_alias(alias, "docker")] if alias else tree.of_runtime("docker")
        found = self._infos(tree, nodes, wanted)
        return streamed(lambda: map_of(found), self._answers)

    def _answer_v2(self, asked: Options, version: str, kind: str, name: str) -> Response:
        if kind == "version":
            return json_response(software())
        if kind == "attributes":
            return json_response(self._machine.attributes())
        if kind == "machine":
            return json_response(self._machine.info())
        if asked.max_age is not None:
            self._fresh(max(0.0, asked.max_age))
        tree = Tree(self._latest.rows())
        if kind == "machinestats":
            stats = self._stats([tree.get(ROOT)], asked.count)
            machine = (v2.machine_stats(each, times) for _, each, times in stats)
            return streamed(lambda: one_of(machine), self._answers)
        nodes = _requested(tree, name, asked)
        if kind == "spec":
            capacity = self._machine.memory_capacity()
            return json_response({node.name: spec_v2(node, capacity) for node in nodes})
        if kind == "summary":
            return streamed(lambda: map_of(self._summaries(nodes)), self._answers)
        if version == "v2.1":
            nodes = [node for node in nodes if node.name != ROOT]
            return streamed(lambda: map_of(self._infos_v2(nodes, asked.count)), self._answers)
        return streamed(lambda: map_of(self._deprecated(nodes, asked.count)), self._answers)

    def _answer_events(self, request: Request, name: str) -> Response:
        wanted = events_wanted(request, name)
        if wanted.stream:
            return streamed(lambda: self._events.stream(wanted), self._streams)
        return streamed(lambda: list_of(self._events.past(wanted)), self._answers)

    def _infos(
        self, tree: Tree, nodes: Sequence[Node], wanted: Window
    ) -> Iterator[tuple[str, Any]]:
        shaper = v1.Shaper(self._machine)
        for node, samples in self._history.samples(nodes, wanted):
            yield node.name, v1.container_info(node, tree.children(node), samples, shaper)

    def _infos_v2(self, nodes: Sequence[Node], count: int) -> Iterator[tuple[str, Any]]:
        capacity = self._machine.memory_capacity()
        for node, stats, times in self._stats(nodes, count):
            info = {"spec": spec_v2(node, capacity)}
            yield node.name, {**info, "stats": v2.container_stats(stats, times)}

    def _deprecated(self, nodes: Sequence[Node], count: int) -> Iterator[tuple[str, Any]]:
        capacity = self._machine.memory_capacity()
        for node, stats, times in self._stats(nodes, count):
            yield node.name, v2.deprecated_stats(stats, times, spec_v2(node, capacity))

    def _stats(
        self, nodes: Sequence[Node], count: int
    ) -> Iterator[tuple[Node, list[dict[str, Any]], list[int]]]:
        shaper = v1.Shaper(self._machine)
        for node, samples in self._history.samples(nodes, Window(count)):
            yield node, shaper.stats(node, samples), _times(samples)

    def _summaries(self, nodes: Sequence[Node]) -> Iterator[tuple[str, Any]]:
        now = self._latest.time_ns
        hour = Span(now - summary.HOUR_NS, step_ns=summary.HOUR_STEP_NS)
        day = Span(now - summary.DAY_NS, step_ns=summary.DAY_STEP_NS)
        recent = self._history.points(nodes, hour)
        sparse = self._history.points(nodes, day)
        for node in nodes:
            yield node.name, summary.derived(recent[node.name], sparse[node.name])

    def _path_of(self, id: str) -> str:
        rows = (r for r in self._latest.rows() if r.series.measurement == "container_info")
        return next((str(r.fields["cgroup"]) for r in rows if r.fields.get("id") == id), "")


def _requested(tree: Tree, name: str, asked: Options) -> list[Node]:
    if asked.id_type == "name":
        return tree.subtree(name) if asked.recursive else [tree.get(name)]
    if not asked.recursive:
        return [tree.by_alias(name.lstrip("/"), asked.id_type)]
    if name != ROOT:
        raise CannotAnswer(
            f'invalid request for {asked.id_type} container "{name[:80]}" with subcontainers'
        )
    return tree.of_runtime(asked.id_type)


def _times(samples: Iterable[Sample]) -> list[int]:
    return [sample.time_ns for sample in samples]


def _text(status: int, line: str) -> Response:
    return Response(f"{line}\n", status=status, content_type="text/plain; charset=utf-8")
