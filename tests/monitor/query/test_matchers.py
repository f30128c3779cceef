"""Matchers: what is read, what is refused, and that no pattern can keep the server busy."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import BadRequest
from monitor.query import matchers, regex
from monitor.stores.protocols import Matcher

LABELS = ("node", "namespace", "container")


def parse(text: str) -> list[tuple[str, str, str]]:
    return [(m.label, m.op, m.value) for m in matchers.parse(text, LABELS)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", []),
        ("  ", []),
        ('container="web"', [("container", "=", "web")]),
        (
            'container="a,b" , node!="c" , namespace =~ "x|y",container!~"z.*"',
            [
                ("container", "=", "a,b"),
                ("node", "!=", "c"),
                ("namespace", "=~", "x|y"),
                ("container", "!~", "z.*"),
            ],
        ),
        (r'container="say \"hi\" \\ now"', [("container", "=", 'say "hi" \\ now')]),
        (r'container=~"web-\d+\.1"', [("container", "=~", r"web-\d+\.1")]),
        (r'container=~"web-\\d+"', [("container", "=~", r"web-\d+")]),
        ('{container="web",}', [("container", "=", "web")]),
        ('namespace=""', [("namespace", "=", "")]),
        ('container="}{=~"', [("container", "=", "}{=~")]),
    ],
)
def test_lists_of_matchers(text: str, wanted: list[tuple[str, str, str]]) -> None:
    assert parse(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "container",
        'container="web',
        "container='web'",
        'container=="web"',
        'container="a" node="b"',
        ',container="a"',
        'container="a",,node="b"',
        'container="a"; DROP',
        'pod="x"',
        'container="a"' + ',container="a"' * 40,
    ],
)
def test_what_is_no_list_of_matchers(text: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse(text)
    assert caught.value.parameter == "match"
    assert caught.value.hint


@given(st.sampled_from(["=", "!="]), st.text(max_size=30))
def test_every_value_can_be_quoted(op: str, value: str) -> None:
    quoted = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    assert matchers.parse(f'node{op}"{quoted}"', LABELS) == (Matcher("node", op, value),)


@pytest.mark.parametrize(
    "pattern",
    [
        "web-.*",
        "web|db|[^a-c]+x?",
        r"web-\d{1,3}",
        "(api|web)-.+",
        "(" + "|".join(f"service-{i}" for i in range(30)) + ")-[a-z0-9]+",
        "(api|web|db)-[a-z0-9]+-[a-z0-9]+",
        "|".join(f"service-{i}" for i in range(80)),
        "(?:a)?b",
        "a|.*b.*|.*c.*",
        "",
        "[]a]+",
        r"[\[a]",
    ],
)
def test_ordinary_patterns_are_taken(pattern: str) -> None:
    regex.check(pattern, "match")


@pytest.mark.parametrize(
    "pattern",
    [
        "(",
        "*",
        "[a",
        "(a+)+b",
        "(a|a)*b",
        "(.*a){20}",
        "((a+))*b",
        "(?:a+)+",
        ".*.*.*b",
        "a*a*a*b",
        "a?" * 30 + "a" * 30,
        r"(a)\1",
        "(?=a)b",
        "(?<!a)b",
        "(?i)web",
        "(?P<n>a)",
        "a++",
        "[[a]b]",
        "[a--b]",
        "a" * 2000,
        "(" * 900 + ")" * 900,
        "(?:.|..|.)" * 18 + "!",
        "(a|(b|a))" * 9,
        "(a|b)(c|d)(e|f)(g|h)(i|j).*.*",
        "|".join([".*.*a"] * 20),
    ],
)
def test_patterns_that_are_none_or_might_never_end_are_refused(pattern: str) -> None:
    with pytest.raises(BadRequest) as caught:
        regex.check(pattern, "match")
    assert caught.value.parameter == "match"
    assert caught.value.hint


@given(st.text(alphabet="ab.*+?()[]|{}0,1^$\\:", max_size=14))
def test_whatever_is_taken_ends_soon(pattern: str) -> None:
    try:
        regex.check(pattern, "match")
    except BadRequest:
        return
    began = time.process_time()
    re.fullmatch(pattern, "a" * 300 + "!")
    assert time.process_time() - began < 0.5
