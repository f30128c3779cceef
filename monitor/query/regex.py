"""Which regular expressions a stranger may have us run.

Every store matches names with its own engine (Python's `re`, Go's RE2), and Python's tracks back:
a few characters such as `(a+)+b` keep it busy for years. So only the dialect that all of them share
is taken, and of that only what ends soon on a name of 4 KiB.
"""

from __future__ import annotations

import re

from monitor.errors import BadRequest

MAX_LENGTH = 1024
MAX_OPTIONAL = 4
MAX_REPEATS = 2
"""Repeats multiply within a branch: two of them are 8 million steps on 4 KiB, three 11 billion."""

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


def check(pattern: str, parameter: str) -> None:
    """Raises BadRequest if `pattern` is no regular expression, or not one that may be run."""

    def refuse(why: str, hint: str) -> BadRequest:
        return BadRequest(f"regular expression {pattern[:80]!r}: {why}", parameter, hint)

    if len(pattern) > MAX_LENGTH:
        raise refuse(f"{len(pattern)} characters", f"at most {MAX_LENGTH} characters")
    optional = repeats = depth = 0
    after_group = False
    for token in _TOKEN.finditer(pattern):
        kind, text = token.lastgroup, token.group()
        if kind == "open":
            depth += 1
            if text not in ("(", "(?:"):
                raise refuse("look-around, flags and names of groups", "use ( ) or (?: ) only")
        elif kind == "close":
            depth -= 1
        elif kind == "escape" and text[1] in "123456789ABZGkKRuUxXNpP":
            raise refuse(f"{text} is not the same in all stores", "write the characters themselves")
        elif kind == "set" and _SET_ALGEBRA.search(text, 1):
            raise refuse(
                f"{text} is not the same in all stores", "write \\[ for a bracket in a set"
            )
        elif text == "[":
            raise refuse("a set [ without its end", "write \\[ for the character itself")
        elif kind == "or" and depth == 0:
            optional = repeats = 0
        elif kind == "repeat":
            if after_group and text != "?":
                raise refuse("repeats a group", "repeat single characters or sets such as [a-z]+")
            if len(text) > 1 and text.endswith("+"):
                raise refuse(f"{text} is not the same in all stores", "leave the second + out")
            optional += text[0] == "?"
            repeats += text[0] in "*+" or "," in text
            if repeats > MAX_REPEATS or optional > MAX_OPTIONAL:
                raise refuse(
                    "repeats too often",
                    f"between two | take at most {MAX_REPEATS} of * + {{n,m}}, {MAX_OPTIONAL} of ?",
                )
        after_group = kind == "close"
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise refuse(str(error), "to match it as plain text use = instead of =~") from None
