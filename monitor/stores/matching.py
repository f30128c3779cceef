"""Matchers on a series' tags, where the store does not evaluate them itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from monitor.errors import BadRequest
from monitor.stores.protocols import Matcher

Tags = Mapping[str, str]


def check(matchers: Sequence[Matcher]) -> None:
    """Raise BadRequest if a pattern is no regular expression.

    Also for stores with their own: a pattern that is whole in itself cannot break out of the
    anchors put around it.
    """
    for matcher in matchers:
        if matcher.op in ("=~", "!~"):
            _compiled(matcher)


def predicate(matchers: Sequence[Matcher]) -> Callable[[Tags], bool]:
    """Whether a series' tags satisfy every matcher. Raises BadRequest as `check` does."""
    tests = [_test(matcher) for matcher in matchers]

    def accepts(tags: Tags) -> bool:
        for test in tests:  # noqa: SIM110 - all() of a generator takes twice as long
            if not test(tags):
                return False
        return True

    return accepts


def _test(matcher: Matcher) -> Callable[[Tags], bool]:
    label, value = matcher.label, matcher.value
    if matcher.op == "=":
        return lambda tags: tags.get(label, "") == value
    if matcher.op == "!=":
        return lambda tags: tags.get(label, "") != value
    pattern = _compiled(matcher)
    wanted = matcher.op == "=~"
    return lambda tags: (pattern.fullmatch(tags.get(label, "")) is not None) == wanted


def _compiled(matcher: Matcher) -> re.Pattern[str]:
    try:
        return re.compile(matcher.value)
    except (re.error, RecursionError, OverflowError) as error:
        raise BadRequest(
            f"{matcher.label}{matcher.op}{matcher.value!r} is no regular expression: {error}",
            parameter="match",
            hint='escape special characters, as in container=~"web\\\\.1"',
        ) from None
