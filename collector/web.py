"""What a collector serves: its page for Prometheus, its health, what it sees, and the stream."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from werkzeug.wrappers import Request, Response

from collector.exposition import CONTENT_TYPE, Exposition
from collector.exposition.selection import max_age_seconds, selection
from collector.label_rules import NO_RULES, LabelRules
from collector.latest import Current, Latest
from monitor.catalogue import TAGS
from monitor.edgelog import EdgeLog
from monitor.record import Value
from monitor.stream.server import add_stream
from monitor.web.app import App, compressed, json_response

MISSED_TICKS = 3
GRACE_SECONDS = 5.0
INFO = ("id", "image", "runtime", "cgroup")


def create_app(
    latest: Latest,
    log: EdgeLog,
    interval: Callable[[], float],
    health: Callable[[], Mapping[str, Any]],
    rules: LabelRules = NO_RULES,
    fresh: Callable[[float], object] = lambda _: None,
) -> App:
    """The collector's application. `health` gives what `/healthz` says beside the tick's age.

    `/healthz` answers 503 once three ticks of `interval()` seconds have passed without a sweep.
    `rules` say which labels of containers `/metrics` shows; `fresh` returns once what is shown is
    at most so many seconds old.
    """

    def alive(said: Mapping[str, Any]) -> bool:
        age = said["last_tick_seconds"]
        return age is not None and age <= MISSED_TICKS * interval() + GRACE_SECONDS

    exposition = Exposition(latest, rules, lambda: not alive(health()))

    def metrics(request: Request) -> Response:
        asked = selection(request.args.getlist("collect[]"))
        if "max_age" in request.args:
            fresh(max_age_seconds(request.args["max_age"]))
        return compressed(request, Response(exposition.page(asked), content_type=CONTENT_TYPE))

    def healthz(_: Request) -> Response:
        said = health()
        is_alive = alive(said)
        status = "ok" if is_alive else "no sweep"
        return json_response({"status": status, **said}, 200 if is_alive else 503)

    def containers(_: Request) -> Response:
        return json_response({"time": time.time(), "containers": containers_now(latest)})

    app = App()
    app.add("/metrics", metrics)
    app.add("/healthz", healthz)
    app.add("/api/v1/containers", containers)
    add_stream(app, log)
    return app


def containers_now(latest: Latest) -> list[dict[str, Any]]:
    """Every container of the last sweep, by its tags, with its raw fields and when they were read.

    `interfaces` and `devices` hold the figures of each, `others` those of what else there are
    several of: `{"tags": {"tcp_state": "listen"}, "fields": …}`. Counters are as the kernel has
    them: a rate takes two answers.
    """
    found: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}
    rows = [r for r in latest.rows() if r.series.measurement in ("container", "container_info")]
    for row in rows:
        tags = {key: value for key, value in row.series.tags if key in TAGS["container"]}
        more = {key: value for key, value in row.series.tags if key not in tags}
        entry = found.setdefault(tuple(tags.items()), _entry(tags))
        if row.series.measurement == "container_info":
            entry |= {key: row.fields.get(key) for key in INFO}
        elif not more:
            entry |= _whole(row)
        elif more.keys() == {"interface"}:
            entry["interfaces"][more["interface"]] = _counters(row.fields)
        elif more.keys() == {"device"}:
            entry["devices"][more["device"]] = _counters(row.fields)
        else:
            entry["others"].append({"tags": more, "fields": _counters(row.fields)})
    return list(found.values())


def _entry(tags: Mapping[str, str]) -> dict[str, Any]:
    names = {key: tags.get(key) for key in ("cluster", "node", "namespace", "pod", "container")}
    unknown = dict.fromkeys((*INFO, "time", "start_time_seconds"))
    return {**names, **unknown, "fields": {}, "interfaces": {}, "devices": {}, "others": []}


def _whole(row: Current) -> dict[str, Any]:
    return {
        "time": row.time_ns / 1e9,
        "start_time_seconds": row.fields.get("start_time_seconds"),
        "fields": _counters(row.fields),
    }


def _counters(fields: Mapping[str, Value]) -> dict[str, Value]:
    return {key: value for key, value in fields.items() if key != "start_time_seconds"}
