"""The one sanitiser: text that came from an event, a relay, a catalogue or an error, made safe to show.

A terminal obeys what it is shown: escape sequences move the cursor, write the clipboard and forge lines, and
bidirectional overrides reorder what people read. A spreadsheet runs what begins like a formula.
"""

from __future__ import annotations

import unicodedata

TEXT_MAX = 2_000
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# Cc controls (C0, DEL, C1), Cf formats (bidi, zero width, tags), Cs surrogates, Co private, Cn unassigned.
_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Variation selectors change the width of what stands before them, differently in every terminal.
_VARIATION_SELECTORS = frozenset(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
_COMBINING_MAX = 4


def safe_text(text: str, *, length_max: int = TEXT_MAX) -> str:
    """`text` on one line, without anything that a terminal would obey; cut at `length_max` characters.

    White space becomes single spaces, what is unsafe becomes U+FFFD, and no character keeps more than four
    combining marks, so that nothing is drawn over its neighbours.
    """
    plain = text[: 4 * length_max]
    if plain.isascii() and plain.isprintable():
        return _cut(" ".join(plain.split()), length_max)
    safe: list[str] = []
    marks = 0
    for character in plain:
        if character.isspace():
            safe.append(" ")
        elif character in _VARIATION_SELECTORS:
            continue
        elif unicodedata.category(character) in _UNSAFE_CATEGORIES:
            safe.append(_REPLACEMENT)
        elif unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me"}:
            marks += 1
            if marks <= _COMBINING_MAX:
                safe.append(character)
            continue
        else:
            safe.append(character)
        marks = 0
    return _cut(" ".join("".join(safe).split()), length_max)


def safe_cell(text: str) -> str:
    """`safe_text`, quoted with an apostrophe where a spreadsheet would take it for a formula."""
    safe = safe_text(text)
    return f"'{safe}" if safe.startswith(_FORMULA_STARTS) else safe


def _cut(text: str, length_max: int) -> str:
    return text if len(text) <= length_max else text[: length_max - 1] + "…"
