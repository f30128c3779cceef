"""What a node's answer to a pull means: records, nothing new, or an error in words."""

from __future__ import annotations

import json
import socket
import ssl
from dataclasses import dataclass

from monitor.edgelog import Cursor
from monitor.errors import BadRequest, WeirError, one_line
from monitor.gzipped import Shape, look_through
from monitor.stream import wire
from monitor.stream.connection import Answer, NoConnection

_ERROR_BYTES = 4096
_SHOWN_CHARACTERS = 200


class NodeError(WeirError):
    """A node did not give its records; `kind` is one of a few words, for counting."""

    def __init__(self, node_url: str, kind: str, reason: str) -> None:
        super().__init__(f"node {node_url}: {reason}")
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Pulled:
    """Records as the node sent them: `body` is one gzip stream, `shape` counts what is in it.

    `cursor` stands behind the last of them, `backlog` records follow it on the node, `newest_ns`
    is the last record's Unix time, 0 where there is only a gap.
    """

    body: bytes
    shape: Shape
    cursor: Cursor
    backlog: int
    newest_ns: int


def understood(node_url: str, answer: Answer) -> Pulled | None:
    """The records in it; None where there is nothing new. Raises NodeError."""
    if answer.status == 204:
        return None
    if answer.status != 200:
        raise _refusal(node_url, answer)
    headers = answer.headers
    try:
        if headers.get("Content-Encoding") != "gzip":
            raise ValueError("it is not compressed")
        shape = look_through(answer.body, wire.MAX_DECODED_BYTES)
        if not shape.records:
            raise ValueError("it holds no record")
        return Pulled(
            body=answer.body,
            shape=shape,
            cursor=Cursor.parse(headers.get(wire.CURSOR, "")),
            backlog=_number(headers.get(wire.BACKLOG, "")),
            newest_ns=_number(headers.get(wire.NEWEST, "0")),
        )
    except (ValueError, BadRequest) as error:
        raise NodeError(
            node_url, "protocol", f"its answer cannot be understood: {error}; is it Weir's?"
        ) from None


def failure(node_url: str, error: Exception, seconds: float) -> NodeError:
    """Why there was no answer within `seconds`."""
    if isinstance(error, NoConnection):
        return NodeError(node_url, "unreachable", "no connection in time; is the machine up?")
    if isinstance(error, TimeoutError):
        return NodeError(
            node_url,
            "timeout",
            f"did not answer within {seconds:g} s; is it overloaded, or the link slow?",
        )
    if isinstance(error, ssl.SSLError):
        return NodeError(node_url, "tls", f"TLS failed: {error}; is node-ca the right certificate?")
    if isinstance(error, socket.gaierror | UnicodeError):
        return NodeError(node_url, "unreachable", "its name has no address; check its spelling")
    words = (isinstance(error, OSError) and error.strerror) or str(error) or repr(error)
    return NodeError(
        node_url,
        "unreachable",
        f"{one_line(words)[:_SHOWN_CHARACTERS]}; is the collector running there?",
    )


def _number(text: str) -> int:
    """Of a header, with no more digits than a sequence number or a time in ns may have."""
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        raise ValueError(f"{text[:40]!r} is no number")
    return int(text)


def _refusal(node_url: str, answer: Answer) -> NodeError:
    status = answer.status
    if status in (401, 403):
        remedy = "set node-token-file to a file with the collector's token"
        return NodeError(node_url, "forbidden", f"refuses our token ({status}); {remedy}")
    if 300 <= status < 400:
        return NodeError(node_url, "protocol", f"redirects ({status}); give its own address")
    try:
        said = one_line(str(json.loads(answer.body[:_ERROR_BYTES])["error"]))[:_SHOWN_CHARACTERS]
    except (ValueError, KeyError, TypeError, RecursionError):
        said = "is a Weir collector listening there?"
    return NodeError(node_url, "protocol", f"answers {status}: {said}")
