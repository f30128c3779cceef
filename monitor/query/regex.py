"""Which regular expressions a stranger may have us run.

Every store matches names with its own engine (Python's `re`, Go's RE2), and Python's tracks back:
a few characters such as `(a+)+b` keep it busy for years. So only the dialect that all of them share
is taken, and of that only what ends soon on a name of 4 KiB.
"""

from __future__ import annotations

import re

from monitor.errors import BadRequest

MAX_LENGTH = 1024
MAX_REPEATS = 2
"""Repeats multiply within a branch: two of them are 8 million steps on 4 KiB, three 11 billion."""
MAX_WAYS = 256
"""Ways through a branch without its repeats: each ? doubles them, (a|b|c) makes three of one."""
MAX_STEPS = 16 * 4096**MAX_REPEATS
"""Of all branches together, on a name of 4 KiB."""

_TOO_COSTLY = (
    "may be tried in too many ways",
    f"take at most {MAX_REPEATS} of * + {{n,m}} between two |, and fewer ? and (a|b): those"
    " multiply; | outside of ( ) is free",
)
_TOKEN = re.compile(
    r"""(?P<escape>\\.)
    | (?P<set>\[\^?\]?(?:\\.|[^\]\\])*\])
    | (?P<open>\((?:\?[^:)]?:?)?)
    | (?P<close>\))
    | (?P<repeat>(?:[*+?]|\{\d*,?\d*\})[?+]?)
    | (?P<or>\|)
    | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)

_SET_ALGEBRA = re.compile(r"(?<!\\)\[|--|&&|~~|\|\|")


class _Cost:
    """Counts in how many ways a pattern can be tried, in the worst case, while it is read."""

    def __init__(self) -> None:
        self._bars: list[int] = []
        self._ways = 1
        self._repeats = 0
        self._steps = 0

    def open(self) -> None:
        self._bars.append(0)

    def close(self) -> None:
        self._ways *= 1 + (self._bars.pop() if self._bars else 0)

    def alternative(self) -> None:
        if self._bars:
            self._bars[-1] += 1
        else:
            self.end()

    def repeat(self, text: str) -> None:
        if text[0] == "?":
            self._ways *= 2
        elif text[0] in "*+" or "," in text:
            self._repeats += 1

    def end(self) -> None:
        """A branch ends: the next one is tried from the beginning, so their steps add up."""
        self._steps += self._ways * 4096**self._repeats
        self._ways, self._repeats = 1, 0

    def is_too_high(self) -> bool:
        return self._repeats > MAX_REPEATS or self._ways > MAX_WAYS or self._steps > MAX_STEPS


def check(pattern: str, parameter: str) -> None:
    """Raises BadRequest if `pattern` is no regular expression, or not one that may be run."""

    def refuse(why: str, hint: str) -> BadRequest:
        return BadRequest(f"regular expression {pattern[:80]!r}: {why}", parameter, hint)

    if len(pattern) > MAX_LENGTH:
        raise refuse(f"{len(pattern)} characters", f"at most {MAX_LENGTH} characters")
    cost = _Cost()
    after_group = False
    for token in _TOKEN.finditer(pattern):
        kind, text = token.lastgroup, token.group()
        if kind == "open":
            cost.open()
            if text not in ("(", "(?:"):
                raise refuse("look-around, flags and names of groups", "use ( ) or (?: ) only")
        elif kind == "close":
            cost.close()
        elif kind == "or":
            cost.alternative()
        elif kind == "escape" and text[1] in "123456789ABZGkKRuUxXNpP":
            raise refuse(f"{text} is not the same in all stores", "write the characters themselves")
        elif kind == "set" and _SET_ALGEBRA.search(text, 1):
            raise refuse(
                f"{text} is not the same in all stores", "write \\[ for a bracket in a set"
            )
        elif text == "[":
            raise refuse("a set [ without its end", "write \\[ for the character itself")
        elif kind == "repeat":
            if after_group and text != "?":
                raise refuse("repeats a group", "repeat single characters or sets such as [a-z]+")
            if len(text) > 1 and text.endswith("+"):
                raise refuse(f"{text} is not the same in all stores", "leave the second + out")
            cost.repeat(text)
        after_group = kind == "close"
        if cost.is_too_high():
            raise refuse(*_TOO_COSTLY)
    cost.end()
    if cost.is_too_high():
        raise refuse(*_TOO_COSTLY)
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise refuse(str(error), "to match it as plain text use = instead of =~") from None
