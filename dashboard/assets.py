"""Static files: the page's own modules and styles, and plotly.js out of the plotly package.

Each address carries a hash of the content, so a browser may keep it for ever. Nothing is fetched
from elsewhere: the page works without the internet.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import re
import threading
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, abort, request, send_from_directory

from monitor.errors import ConfigError

_OWN_STYLE = re.compile(rb'document\.getElementById\("([0-9a-f]{64})"\)')
STATIC = Path(__file__).with_name("static")
FOR_EVER = "public, max-age=31536000, immutable"


class Plotly:
    """plotly.js, compressed at its first use and kept so.

    `style_ids` are of style elements that it would add for its maps, which a strict policy forbids
    and which no chart here needs: it adds none whose id is there already.
    """

    def __init__(self, path: Path) -> None:
        self._source = path.read_bytes()
        self.version = _digest(self._source)
        self.style_ids = sorted({found.decode() for found in _OWN_STYLE.findall(self._source)})
        self._lock = threading.Lock()
        self._compressed: bytes | None = None

    @classmethod
    def installed(cls) -> Plotly:
        """The one of the installed plotly package, found without importing it.

        Raises ConfigError where the package is missing.
        """
        spec = importlib.util.find_spec("plotly")
        if spec is None or spec.origin is None:
            raise ConfigError("the plotly package is missing: pip install 'weir[dashboard]'")
        return cls(Path(spec.origin).with_name("package_data") / "plotly.min.js")

    def response(self) -> Response:
        """The file, as gzip where the caller takes that."""
        response = Response(content_type="text/javascript; charset=utf-8")
        if request.accept_encodings["gzip"]:
            response.data = self._gzip()
            response.content_encoding = "gzip"
        else:
            response.data = self._source
        response.vary.add("Accept-Encoding")
        return response

    def _gzip(self) -> bytes:
        with self._lock:
            if self._compressed is None:
                self._compressed = gzip.compress(self._source, compresslevel=6, mtime=0)
            return self._compressed


def blueprint(plotly: Plotly) -> Blueprint:
    """Serves /assets/VERSION/NAME; templates find `assets` (its own files) and `plotly`."""
    routes = Blueprint("assets", __name__)

    @routes.get("/assets/<version>/plotly.min.js")
    def plotly_js(version: str) -> Response:
        if version != plotly.version:
            abort(404)
        return _keep(plotly.response())

    @routes.get("/assets/<version>/<path:name>")
    def own(version: str, name: str) -> Response:
        if version != static_version():
            abort(404)
        return _keep(send_from_directory(STATIC, name))

    @routes.app_context_processor
    def versions() -> dict[str, object]:
        return {"assets": f"/assets/{static_version()}", "plotly": plotly}

    return routes


@cache
def static_version() -> str:
    """A hash of all own static files: modules import one another, so they change together."""
    files = sorted(path for path in STATIC.rglob("*") if path.is_file())
    return _digest(b"".join(str(path).encode() + path.read_bytes() for path in files))


def _keep(response: Response) -> Response:
    response.headers["Cache-Control"] = FOR_EVER
    return response


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
