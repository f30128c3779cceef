"""The guard before every application: known host, known caller, no foreign form, strict headers."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from werkzeug.datastructures import Headers
from werkzeug.wrappers import Request, Response

from monitor.web.app import json_response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class Policy:
    """Who may call. `hosts` are names without port; `token` "" asks for none."""

    hosts: frozenset[str] = LOOPBACK
    token: str = field(default="", repr=False)


def guard(app: WSGIApplication, policy: Policy) -> WSGIApplication:
    """`app` behind the policy. The security headers are defaults: one that the app sets stays.

    The Host allow-list stops DNS rebinding, the Origin check stops another site's forms. An
    answer's headers forbid everything that a page does not need; the dashboard widens its own.
    """

    def guarded(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        refusal = _refusal(Request(environ), policy)

        def start(status: str, headers: list[tuple[str, str]], *rest: object) -> object:
            merged = Headers(headers)
            for name, value in HEADERS.items():
                merged.setdefault(name, value)
            return start_response(status, merged.to_wsgi_list(), *rest)  # type: ignore[arg-type]

        return (refusal or app)(environ, start)  # type: ignore[arg-type]

    return guarded


def _refusal(request: Request, policy: Policy) -> WSGIApplication | None:
    host = request.environ.get("HTTP_HOST", "")
    if _hostname(host) not in policy.hosts:
        return _refuse(400, f"host {host!r} is not served here", "name it in the setting `hosts`")
    origin = request.headers.get("Origin")
    changes = request.method not in ("GET", "HEAD")
    if changes and origin is not None and origin not in (f"http://{host}", f"https://{host}"):
        return _refuse(403, f"origin {origin!r} may not do this", "call from this address")
    if policy.token and not hmac.compare_digest(_credential(request), policy.token.encode()):
        response = _refuse(
            401,
            "a token is needed",
            "send `Authorization: Bearer TOKEN`, or the token as the Basic password",
        )
        response.headers["WWW-Authenticate"] = 'Basic realm="weir", charset="UTF-8"'
        return response
    return None


def _hostname(host: str) -> str:
    # werkzeug's host_is_trusted would serve here, but it never matches an IPv6 address.
    name, _, port = host.rpartition(":")
    return (name if name and port.isdigit() else host).lower()


def _refuse(status: int, message: str, hint: str) -> Response:
    return json_response({"error": message, "parameter": "", "hint": hint}, status)


def _credential(request: Request) -> bytes:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip().encode()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value).partition(b":")[2]
        except ValueError:
            return b""
    return b""
