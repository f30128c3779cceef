"""The stream's endpoints, for a process that has an edge log."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from monitor.edgelog import Batch, Cursor, EdgeLog
from monitor.errors import BadRequest
from monitor.stream import wire
from monitor.web.app import App, json_response


def add_stream(app: App, log: EdgeLog) -> None:
    """Serve `log`: pull with acknowledgement, pure read, the list of consumers and its removal."""

    def pull(request: Request, name: str) -> Response:
        ack, after = _cursor(request, "ack"), _cursor(request, "after")
        return _answer(log.pull(name, ack, _max_bytes(request), after))

    def stream(request: Request) -> Response:
        return _answer(log.read(_cursor(request, "after"), _max_bytes(request)))

    def consumers(request: Request) -> Response:
        backlog = log.stats().backlog
        listed = [{"name": name, "backlog_records": count} for name, count in backlog.items()]
        return json_response({"epoch": log.epoch, "consumers": listed})

    def forget(request: Request, name: str) -> Response:
        if not log.forget(name):
            raise BadRequest(f"there is no consumer {name!r}", "consumer", "see /api/v1/consumers")
        return Response(status=204)

    app.add("/api/v1/consumers/<name>/pull", pull, methods=("POST",))
    app.add("/api/v1/consumers/<name>", forget, methods=("DELETE",))
    app.add("/api/v1/consumers", consumers)
    app.add("/api/v1/stream", stream)


def _answer(batch: Batch) -> Response:
    headers = {wire.CURSOR: str(batch.cursor), wire.BACKLOG: str(batch.backlog)}
    if not batch.records:
        return Response(status=204, headers=headers)
    headers["Content-Encoding"] = "gzip"
    if batch.newest_ns is not None:
        headers[wire.NEWEST] = str(batch.newest_ns)
    return Response(batch.body, headers=headers, content_type="text/plain; charset=utf-8")


def _cursor(request: Request, parameter: str) -> Cursor | None:
    text = request.args.get(parameter, "")
    return Cursor.parse(text, parameter) if text else None


def _max_bytes(request: Request) -> int:
    text = request.args.get("max_bytes", str(wire.DEFAULT_BYTES))
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise BadRequest(f"max_bytes: {text[:40]!r} is no number", "max_bytes", "a count of bytes")
    if not 1 <= int(text) <= wire.MAX_BYTES:
        raise BadRequest(
            f"max_bytes: {text} is out of range", "max_bytes", f"1 to {wire.MAX_BYTES}"
        )
    return int(text)
