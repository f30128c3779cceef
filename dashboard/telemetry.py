"""The dashboard about itself: requests and the time that answering them took."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Histogram

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_BUCKETS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
_API = "/api/v1/"
_API_ROUTES = frozenset({"query", "containers", "nodes", "explain"})
_PAGES = frozenset({"/", "/container", "/catalogue", "/healthz", "/metrics"})


def count_requests(app: WSGIApplication, registry: CollectorRegistry) -> WSGIApplication:
    """`app`, its requests counted in `registry` by route and status.

    The time is from the request's arrival to the start of its answer's body. Paths that are no
    route are counted as one, so that a stranger cannot make series.
    """
    seconds = Histogram(
        "weir_dashboard_request_seconds",
        "Time to answer a request, by route and status",
        ("route", "status"),
        buckets=_BUCKETS,
        registry=registry,
    )

    def counted(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        began = time.perf_counter()
        route = route_of(environ.get("PATH_INFO", ""))

        def start(status: str, headers: list[tuple[str, str]], *rest: object) -> object:
            seconds.labels(route, status[:3]).observe(time.perf_counter() - began)
            return start_response(status, headers, *rest)  # type: ignore[arg-type]

        return app(environ, start)  # type: ignore[arg-type]

    return counted


def route_of(path: str) -> str:
    """The route that a path belongs to; "other" for what is none."""
    if path.startswith(_API):
        name = path.removeprefix(_API)
        return _API + name if name in _API_ROUTES else "other"
    if path.startswith("/assets/"):
        return "/assets"
    return path if path in _PAGES else "other"
