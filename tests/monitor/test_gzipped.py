"""Concatenated gzip members."""

from __future__ import annotations

import gzip
import os

import pytest

from monitor.gzipped import Shape, look_through, members

HELLO = gzip.compress(b"hello" * 100, mtime=0)


def test_each_member_is_yielded_as_it_was() -> None:
    parts = [b"", b"a\n", os.urandom(200_000), b"b" * 1_000_000]
    assert list(members(b"".join(gzip.compress(part, 1) for part in parts))) == parts
    assert list(members(b"")) == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"plain text", "member 1 is damaged: .*header"),
        (HELLO + b"rubbish", "member 2 is damaged"),
        (HELLO[:-9], "cut short"),
        (HELLO[:-5] + bytes([HELLO[-5] ^ 1]) + HELLO[-4:], "member 1 is damaged: .*check"),
        (gzip.compress(bytes(100_000), mtime=0), "larger than 65,536 bytes"),
    ],
)
def test_a_bad_member_is_an_error_in_words(body: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        list(members(body, cap=65_536))


def test_a_member_may_be_just_as_large_as_the_cap() -> None:
    assert list(members(gzip.compress(bytes(65_536)), cap=65_536)) == [bytes(65_536)]


def test_what_is_in_a_body_is_counted_without_keeping_it() -> None:
    body = b"".join(gzip.compress(text) for text in (b"a\nb\n", b"", b"c\n" * 100_000))
    assert look_through(body, 200_004) == Shape(3, 100_002, 200_004)
    assert look_through(b"", 0) == Shape(0, 0, 0)
    with pytest.raises(ValueError, match="decodes to more than 200,003 bytes"):
        look_through(body, 200_003)
    with pytest.raises(ValueError, match="cut short"):
        look_through(body[:-1], 1 << 20)


def test_a_member_that_ends_within_a_line_would_be_joined_to_the_next() -> None:
    body = gzip.compress(b"a\n") + gzip.compress(b"b\nc" * 20_000) + gzip.compress(b"\nd\n")
    with pytest.raises(ValueError, match="gzip member 2 ends within a line"):
        look_through(body, 1 << 20)
