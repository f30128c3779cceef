"""A process's own metrics, in the format that the caller asks for."""

from __future__ import annotations

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from werkzeug.wrappers import Request, Response


def metrics_response(request: Request, registry: CollectorRegistry) -> Response:
    """What `registry` holds now, as Prometheus text or OpenMetrics by the Accept header."""
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return Response(encode(registry), content_type=content_type)
