"""Text from strangers: what a terminal or a spreadsheet would obey is gone, the rest is as it was."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostr_usage.safe_text import TEXT_MAX, safe_cell, safe_text

LOST = "\N{REPLACEMENT CHARACTER}"
OBEYED = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@given(st.text(alphabet=st.characters(), max_size=300))
def test_nothing_that_a_terminal_obeys_is_left(text: str) -> None:
    """Whatever comes, surrogates included: one line, no controls, no formats, single spaces."""
    safe = safe_text(text)
    assert not {unicodedata.category(character) for character in safe} & OBEYED
    assert safe == " ".join(safe.split())
    assert safe == safe_text(safe)


@pytest.mark.parametrize(
    "text",
    ["How do I set boundaries?", "Größe 5 €", "日本語", "e\u0301te\u0301", "👍", "a=b", "100 % of 5,000"],
)
def test_ordinary_text_stays(text: str) -> None:
    """Control: letters of any script, signs, accents and pictures pass."""
    assert text == safe_text(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[2Jgone", f"{LOST}[2Jgone"),
        ("\x1b]52;c;cm0=\x07", f"{LOST}]52;c;cm0={LOST}"),
        ("\x9b31m", f"{LOST}31m"),
        ("del\x7f", f"del{LOST}"),
        ("a\r\nb\tc\x0bd", "a b c d"),
        ("a\u2028b\u2029c\x85d", "a b c d"),
        ("pay \u202e001$", f"pay {LOST}001$"),
        ("\u2066x\u2069", f"{LOST}x{LOST}"),
        ("zero\u200bwidth\ufeff", f"zero{LOST}width{LOST}"),
        ("\U000e0041", LOST),
        ("\ud800", LOST),
        ("\ue000", LOST),
        ("\u2764\ufe0f", "\u2764"),
        ("  a   b  ", "a b"),
        ("\u00a0a\u3000b", "a b"),
    ],
)
def test_what_is_unsafe_is_replaced(text: str, expected: str) -> None:
    """Escapes, controls, line ends, bidirectional overrides, invisible and private characters."""
    assert expected == safe_text(text)


def test_marks_do_not_pile_up() -> None:
    """Four combining marks on a character stay; more would be drawn over its neighbours."""
    assert "a" + "\u0301" * 4 + "b" + "\u0301" == safe_text("a" + "\u0301" * 50 + "b\u0301")
    assert "a" + "\u20dd" * 4 == safe_text("a" + "\u20dd" * 5)


@pytest.mark.parametrize("letter", ["a", "ä", "\x1b"])
def test_long_text_is_cut_with_a_sign(letter: str) -> None:
    """At the limit it is whole, beyond it ends in an ellipsis, and a flood costs no more than a page."""
    assert TEXT_MAX == len(safe_text(letter * TEXT_MAX))
    assert not safe_text(letter * TEXT_MAX).endswith("…")
    assert TEXT_MAX == len(safe_text(letter * 10_000_000))
    assert safe_text(letter * (TEXT_MAX + 1)).endswith("…")
    assert "abc…" == safe_text("abcdef", length_max=4)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\r=1", "\n@x"])
def test_no_cell_is_a_formula(text: str) -> None:
    """What a spreadsheet would run is quoted, also where white space came first."""
    assert safe_cell(text).startswith("'")


@pytest.mark.parametrize("text", ["", "magic-mentor", "1-1", "a=b", "'=1"])
def test_other_cells_stay(text: str) -> None:
    """Control: signs within a text begin no formula."""
    assert text == safe_cell(text)
