"""The composition of the dashboard: pages, assets and the query API as one WSGI application."""

from __future__ import annotations

import time
from collections.abc import Callable

from flask import Flask, request
from prometheus_client import CollectorRegistry
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from dashboard import assets, pages
from dashboard.config import DashboardConfig
from dashboard.telemetry import count_requests
from monitor.query.api import query_api
from monitor.stores.protocols import Reader
from monitor.web.app import json_response
from monitor.web.telemetry import metrics_response


def create_app(
    config: DashboardConfig, reader: Reader, now_ns: Callable[[], int] = time.time_ns
) -> Flask:
    """The whole dashboard over `reader`, whose owner closes it.

    The query API answers below /api/v1 of the same application, so that whatever guards the pages
    guards it too.
    """
    app = Flask(__name__, static_folder=None)
    registry = CollectorRegistry()
    app.register_blueprint(assets.blueprint(assets.Plotly.installed()))
    app.register_blueprint(pages.blueprint(config))
    app.add_url_rule("/healthz", "healthz", lambda: json_response({"status": "ok"}))
    app.add_url_rule("/metrics", "metrics", lambda: metrics_response(request, registry))
    api = DispatcherMiddleware(app.wsgi_app, {"/api/v1": query_api(reader, now_ns)})
    app.wsgi_app = count_requests(api, registry)  # type: ignore[assignment, method-assign]
    return app
