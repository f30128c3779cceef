"""A small WSGI application: rules, handlers, and errors that are one clear line."""

from __future__ import annotations

import gzip
import json
import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from monitor.errors import BadRequest, StoreError, WeirError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = logging.getLogger(__name__)

Handler = Callable[..., Response]


class App:
    """Routes requests to handlers; `handler(request, **rule_parameters)` returns a Response."""

    def __init__(self) -> None:
        self._rules = Map(strict_slashes=False)

    def add(self, rule: str, handler: Handler, methods: Iterable[str] = ("GET",)) -> None:
        """Serve `rule` (werkzeug's syntax) by `handler`."""
        self._rules.add(Rule(rule, endpoint=handler, methods=list(methods)))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        try:
            handler, values = self._rules.bind_to_environ(environ).match()
            response = handler(request, **values)
        except Exception as error:
            response = error_response(error, f"{request.method} {request.root_path}{request.path}")
        return response(environ, start_response)  # type: ignore[no-any-return]


def json_response(data: Any, status: int = 200) -> Response:
    """`data` as compact JSON; NaN and infinities are refused, for they are no JSON."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return Response(text, status=status, content_type="application/json")


def compressed(request: Request, response: Response) -> Response:
    """The response with its body in gzip, at the fastest level, where the caller takes that."""
    response.vary.add("Accept-Encoding")
    if request.accept_encodings["gzip"]:
        response.data = gzip.compress(response.data, compresslevel=1, mtime=0)
        response.content_encoding = "gzip"
    return response


def error_response(error: Exception, place: str) -> Response:
    """One line for a person and the status for a program; an unforeseen error is logged whole."""
    if isinstance(error, BadRequest):
        return _error(400, str(error), error.parameter, error.hint)
    if isinstance(error, StoreError):
        return _error(503, str(error), hint="the store is needed for this; try again later")
    if isinstance(error, HTTPException):
        response = _error(error.code or 500, f"{place}: {error.name}", hint=error.description or "")
        response.headers.extend(
            [h for h in error.get_headers() if h[0].lower() in ("allow", "location")]
        )
        return response
    if isinstance(error, WeirError):
        return _error(500, str(error))
    log.error("%s failed", place, exc_info=error)
    return _error(500, f"{place} failed; the server's log has the reason")


def _error(status: int, message: str, parameter: str = "", hint: str = "") -> Response:
    return json_response({"error": message, "parameter": parameter, "hint": hint}, status)
