"""In what a store differs from the others: tests of the conformance that it cannot pass, and why.

Each difference is told in docs/stores.md; what the store does instead is tested in its own folder.
"""

from __future__ import annotations

_TEXT = "it keeps numbers only"

_VICTORIA = {
    "test_every_digit_of_a_number_comes_back": "it keeps some 14 decimal digits",
    "test_nanoseconds_are_kept": "it keeps milliseconds",
    "test_the_last_written_value_of_a_point_wins": "it keeps any of them",
    "test_texts_come_back": _TEXT,
    "test_texts_of_several_days_are_joined": _TEXT,
    "test_hostile_texts_come_back": _TEXT,
    "test_a_text_where_a_number_was_is_refused": _TEXT,
    "test_good_lines_beside_bad_ones_are_stored": "it drops bad lines and says nothing",
}

DIFFERENT = {"victoria": _VICTORIA, "promql": _VICTORIA}
"""Store, test, reason."""
