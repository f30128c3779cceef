"""The pages: shells rendered here, filled by the modules in static/ from the query API."""

from __future__ import annotations

import dataclasses
import secrets
from typing import Any

from flask import Blueprint, Response, g, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from dashboard.assets import STATIC
from dashboard.config import DashboardConfig
from monitor.catalogue import CATALOGUE
from monitor.web.app import json_response

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; "
    "img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""What a page may load. The nonce lets in the one style element that plotly.js fills by script;
blob: images are the charts that a person saves."""

TAGS = ("cluster", "node", "namespace", "pod", "container")
_ALONE = {"theme", "overview", "container"}


def blueprint(config: DashboardConfig) -> Blueprint:
    """The overview, one container's page, and the catalogue as JSON."""
    routes = Blueprint("pages", __name__, template_folder="templates")

    @routes.before_app_request
    def nonce() -> None:
        g.nonce = secrets.token_urlsafe(16)

    @routes.after_app_request
    def policy(response: Response) -> Response:
        if response.mimetype == "text/html":
            response.headers["Content-Security-Policy"] = POLICY.format(nonce=g.nonce)
        return response

    @routes.get("/")
    def overview() -> str:
        return render_template("overview.html", **_live("overview", config))

    @routes.get("/container")
    def container() -> str | Response:
        tags = {tag: request.args.get(tag, "") for tag in TAGS}
        if not (tags["node"] and tags["container"]):
            return _problem(400, "This address names no container.", "Choose one in the overview.")
        return render_template("container.html", tags=tags, **_live("container", config))

    @routes.get("/catalogue")
    def catalogue() -> Response:
        metrics = {name: dataclasses.asdict(metric) for name, metric in CATALOGUE.items()}
        response = json_response(metrics)
        return Response(response.get_data(), content_type=response.content_type)

    @routes.app_errorhandler(HTTPException)
    def failed(error: HTTPException) -> Response:
        if error.code == 404:
            return _problem(404, "There is no such page.", "The overview has all containers.")
        return _problem(error.code or 500, f"{error.name}.", "The server's log has the reason.")

    return routes


def _live(page: str, config: DashboardConfig) -> dict[str, Any]:
    """What a page that refreshes itself needs: `modules` are those to load beside its own."""
    modules = {path.stem for path in (STATIC / "js").glob("*.js")} - _ALONE
    return {
        "page": page,
        "refresh": config.refresh,
        "keeps_text": config.keeps_text,
        "modules": sorted(modules),
    }


def _problem(status: int, what: str, remedy: str) -> Response:
    return make_response(render_template("problem.html", what=what, remedy=remedy), status)
