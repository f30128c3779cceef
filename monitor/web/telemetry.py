"""A process's own metrics, in the format that the caller asks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from werkzeug.wrappers import Request, Response

_END = b"# EOF\n"
"""The last line of OpenMetrics."""


def metrics_response(
    request: Request, registry: CollectorRegistry, gauges: Iterable[str] = ()
) -> Response:
    """What `registry` holds now, as Prometheus text or OpenMetrics by the Accept header.

    `gauges` are families of gauges as text, which is the same in both; they are sent piece by
    piece, so that many of them need no memory.
    """
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return Response(_body(encode(registry), gauges), content_type=content_type)


def _body(text: bytes, gauges: Iterable[str]) -> Iterator[bytes]:
    yield text.removesuffix(_END)
    for piece in gauges:
        yield piece.encode()
    if text.endswith(_END):
        yield _END
