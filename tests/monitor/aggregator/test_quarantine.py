"""What the quarantine keeps, and that it stays small."""

from __future__ import annotations

import gzip
import random
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.aggregator.bisection import Refused
from monitor.aggregator.quarantine import Quarantine, QuarantineError
from monitor.aggregator.quarantine_file import Entry, decode, encode

_lines = st.text(
    st.characters(blacklist_characters="\n", blacklist_categories=("Cs",)), min_size=1
).filter(lambda text: not text.startswith("#"))
_reasons = st.text(min_size=1).map(lambda text: " ".join(text.split())).filter(bool)


@given(
    st.lists(
        st.builds(
            lambda lines, reason: Refused("".join(f"{line}\n" for line in lines).encode(), reason),
            st.lists(_lines, min_size=1, max_size=3),
            _reasons,
        ),
        min_size=1,
        max_size=5,
        unique_by=lambda refused: refused.reason,
    )
)
def test_what_is_kept_is_read_back(refused: list[Refused]) -> None:
    entry = Entry("http://n1:9180", 1_790_000_000.0, tuple(refused))
    assert decode(encode(entry)) == entry


def test_a_file_is_line_protocol_that_says_whose_it_is_and_why(tmp_path: Path) -> None:
    quarantine = Quarantine(tmp_path / "q")
    quarantine.keep(
        "http://n1:9180",
        [Refused(b"a v=1 1\n", "x: \n no"), Refused(b"b v=1 1\n", "y"), Refused(b"c v=1 1\n", "y")],
    )
    (path,) = quarantine.files()
    node, at, *rest = gzip.decompress(path.read_bytes()).decode().splitlines()
    assert node == "# node: http://n1:9180"
    assert at.startswith("# refused: 20") and at.endswith("Z")
    assert rest == ["# reason: x: no", "a v=1 1", "# reason: y", "b v=1 1", "c v=1 1"]
    entry = quarantine.read(path)
    assert entry is not None
    assert (entry.lines, entry.reasons) == (3, ("x: no", "y"))
    assert gzip.decompress(entry.body()) == b"a v=1 1\nb v=1 1\nc v=1 1\n"
    assert abs(entry.at - time.time()) < 5
    assert path.stat().st_mode & 0o077 == 0


def test_the_same_lines_are_kept_once(tmp_path: Path) -> None:
    quarantine = Quarantine(tmp_path)
    for reason in ("first", "then"):
        quarantine.keep("http://n1", [Refused(b"a v=1 1\n", reason)])
    quarantine.keep("http://n2", [Refused(b"a v=1 1\n", "then")])
    entries = [quarantine.read(path) for path in quarantine.files()]
    assert [(entry.node_url, entry.reasons) for entry in entries if entry] == [
        ("http://n1", ("then",)),
        ("http://n2", ("then",)),
    ]


def _keep(quarantine: Quarantine, node: str, number: int, size: int) -> Path:
    noise = random.Random(f"{node} {number}").randbytes(size).hex()
    return quarantine.keep(node, [Refused(f"a{number} {noise}\n".encode(), "why")])


def test_it_is_bounded_and_its_names_are_tame(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    quarantine = Quarantine(tmp_path / "q", max_bytes=5000)
    (tmp_path / "q" / "seen").mkdir(parents=True)
    for number in range(1, 30):
        last = _keep(quarantine, "http://[::1]:80/../..", number, 800)
        time.sleep(0.002)
    (tmp_path / "q" / "seen").rmdir()
    names = sorted(path.name for path in (tmp_path / "q").iterdir())
    assert last.name in names and 1 < len(names) < 29
    assert last.name.startswith("-1-80-..-..-")
    assert sum(path.stat().st_size for path in (tmp_path / "q").iterdir()) <= 5000
    assert f"quarantine {tmp_path / 'q'} is full: its " in caplog.text


def test_workers_share_it(tmp_path: Path) -> None:
    quarantine = Quarantine(tmp_path / "q", max_bytes=20_000)

    def work(worker: int) -> None:
        for number in range(40):
            _keep(quarantine, f"http://node-{worker}", number, 500)

    with ThreadPoolExecutor(8) as workers:
        list(workers.map(work, range(8)))
    sizes = [path.stat().st_size for path in (tmp_path / "q").iterdir()]
    assert 10_000 < sum(sizes) <= 20_000
    again = Quarantine(tmp_path / "q", max_bytes=3000)
    last = _keep(again, "http://node-9", 1, 10)
    kept = list((tmp_path / "q").iterdir())
    assert sum(path.stat().st_size for path in kept) <= 3000, "what was there before counts"
    assert last in kept


def test_what_is_no_file_of_ours_is_named(tmp_path: Path) -> None:
    quarantine = Quarantine(tmp_path)
    assert quarantine.files() == []
    assert Quarantine(tmp_path / "none").files() == []
    assert quarantine.read(tmp_path / "gone.lp.gz") is None
    (tmp_path / "x.lp.gz").write_bytes(b"no gzip")
    (tmp_path / "notes.txt").write_text("mine")
    (path,) = quarantine.files()
    with pytest.raises(QuarantineError, match=r"x\.lp\.gz: .*; move it away"):
        quarantine.read(path)
    (tmp_path / "plain.lp.gz").write_bytes(gzip.compress(b"a v=1 1\n"))
    entry = quarantine.read(tmp_path / "plain.lp.gz")
    assert entry == Entry("", 0.0, (Refused(b"a v=1 1\n", ""),))


def test_one_message_tells_of_many(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    quarantine = Quarantine(tmp_path)
    for number in range(20):
        _keep(quarantine, "http://n1", number, 5)
    said = [record for record in caplog.records if "refuses" in record.getMessage()]
    assert len(said) == 1
