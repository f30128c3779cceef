"""The series of an answer, taken out of its JSON one by one as the bytes come in."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

_RESULT = re.compile(r'"result"\s*:\s*\[')
_BETWEEN = re.compile(r"[\s,]*")
_HEAD_CHARACTERS = 4096


def series(chunks: Iterable[bytes]) -> Iterator[Any]:
    """Each member of the document's `data.result`. Raises ValueError for what is no such document.

    Only the member that is under way is held as text. It is looked at again when what is there has
    doubled, so a long one costs twice its parsing at most.
    """
    decode = codecs.getincrementaldecoder("utf-8")("strict").decode
    member = json.JSONDecoder().raw_decode
    text, at, enough, inside = "", 0, 0, False
    for chunk in chain(chunks, (b"",)):
        text, at = text[at:] + decode(chunk), 0
        if not inside:
            begun = _RESULT.search(text)
            if begun is None:
                if len(text) > _HEAD_CHARACTERS:
                    raise ValueError(f"no result in {text[:80]!r}")
                continue
            inside, at = True, begun.end()
        if len(text) < enough and chunk:
            continue
        while True:
            at = _BETWEEN.match(text, at).end()  # type: ignore[union-attr]  # it may be empty
            if at == len(text):
                break
            if text[at] == "]":
                return
            try:
                found, at = member(text, at)
            except ValueError:
                break
            yield found
        enough = 2 * (len(text) - at)
    raise ValueError(f"it ends too early: {text[at:][-80:]!r}")
