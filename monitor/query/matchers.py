"""The list of matchers in a request: `container="web",node!="a",pod=~"web-.*"`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, cast

from monitor.errors import BadRequest
from monitor.query import regex
from monitor.query.parameters import near
from monitor.stores.protocols import Matcher

MAX_MATCHERS = 32

_MATCHER = re.compile(
    r"""\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"\s*""",
    re.ASCII | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"\\": "\\", '"': '"', "n": "\n", "t": "\t"}
_HINT = 'label="value", with = != =~ or !~, separated by commas; \\" and \\\\ inside the quotes'


def parse(text: str, labels: Sequence[str], parameter: str = "match") -> tuple[Matcher, ...]:
    """The matchers in `text`; braces around it and a comma behind the last are allowed.

    `labels` are those that may be named. An escape other than of a quote, a backslash, n and t
    stands for itself, so that a regular expression needs no second backslash. Raises BadRequest.
    """
    text = text.strip()
    if text.startswith("{") and text.endswith("}"):
        text = text[1:-1].strip()
    found: list[Matcher] = []
    place = 0
    while place < len(text):
        match = _MATCHER.match(text, place)
        if match is None:
            raise BadRequest(f"cannot read the matcher at {text[place:][:60]!r}", parameter, _HINT)
        found.append(_matcher(match, labels, parameter))
        if len(found) > MAX_MATCHERS:
            raise BadRequest(
                "too many matchers", parameter, f"at most {MAX_MATCHERS}; =~ can name several"
            )
        place = match.end()
        if place < len(text):
            if text[place] != ",":
                raise BadRequest(
                    f"a comma is missing before {text[place:][:60]!r}", parameter, _HINT
                )
            place += 1
    return tuple(found)


def _matcher(match: re.Match[str], labels: Sequence[str], parameter: str) -> Matcher:
    label, op, quoted = match.groups()
    if label not in labels:
        hint = near(label, labels) or f"labels here: {', '.join(labels)}"
        raise BadRequest(f"unknown label {label[:80]!r}", parameter, hint)
    value = _ESCAPE.sub(lambda escape: _ESCAPED.get(escape[1], escape[0]), quoted)
    if op.endswith("~"):
        regex.check(value, parameter)
    return Matcher(label, cast(Literal["=", "!=", "=~", "!~"], op), value)
