"""Frames: what is written is found again, and damage costs no more than what it touched."""

from __future__ import annotations

import os
from pathlib import Path

from monitor.edgelog import frame
from monitor.edgelog.frame import Damage, Frame


def _file(path: Path, data: bytes) -> int:
    path.write_bytes(data)
    return os.open(path, os.O_RDONLY)


def _walk(path: Path, data: bytes) -> list[Frame | Damage]:
    fd = _file(path, data)
    try:
        return list(frame.walk(fd, 0, len(data)))
    finally:
        os.close(fd)


def _readable(path: Path, data: bytes) -> list[tuple[int, bytes]]:
    fd = _file(path, data)
    try:
        found = [f for f in frame.walk(fd, 0, len(data)) if isinstance(f, Frame)]
        payloads = [(f.sequence, frame.payload_of(fd, f)) for f in found]
        return [(sequence, payload) for sequence, payload in payloads if payload is not None]
    finally:
        os.close(fd)


PAYLOADS = [b"first payload", b"", b"third" * 20]
DATA = b"".join(frame.encode(7 + i, 1000 + i, p) for i, p in enumerate(PAYLOADS))
WHOLE = list(enumerate(PAYLOADS, 7))


def test_frames_are_found_again(tmp_path: Path) -> None:
    found = _walk(tmp_path / "s", DATA)
    assert [(f.sequence, f.time_ns) for f in found if isinstance(f, Frame)] == [
        (7, 1000),
        (8, 1001),
        (9, 1002),
    ]
    assert _readable(tmp_path / "s", DATA) == WHOLE


def test_one_flipped_bit_anywhere_costs_one_record(tmp_path: Path) -> None:
    ends = [len(DATA) - len(frame.encode(9, 1002, PAYLOADS[2])), len(DATA)]
    ends.insert(0, len(frame.encode(7, 1000, PAYLOADS[0])))
    for bit in range(len(DATA) * 8):
        broken = bytearray(DATA)
        broken[bit // 8] ^= 1 << bit % 8
        hit = next(i for i, end in enumerate(ends) if bit // 8 < end)
        expected = [record for i, record in enumerate(WHOLE) if i != hit]
        assert _readable(tmp_path / "s", bytes(broken)) == expected, f"bit {bit}"


def test_a_magic_across_the_edge_of_a_search_chunk_is_found(tmp_path: Path) -> None:
    for shift in range(-8, 8):
        garbage = b"\x00" * (frame._SEARCH_BYTES + shift)
        found = _walk(tmp_path / "s", garbage + DATA)
        assert found[0] == Damage(0, len(garbage))
        assert len(found) == 4


def test_a_magic_inside_a_payload_starts_no_record(tmp_path: Path) -> None:
    data = bytearray(frame.encode(1, 0, b"x" + frame.MAGIC * 9) + frame.encode(2, 0, b"next"))
    data[5] ^= 0x40  # the first header's length
    assert _readable(tmp_path / "s", bytes(data)) == [(2, b"next")]


def test_an_empty_file_has_nothing(tmp_path: Path) -> None:
    assert _walk(tmp_path / "s", b"") == []
