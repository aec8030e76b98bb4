"""The table of keys: described, unique, and where the documentation says."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tui.keys import FOOTER_KEYS_MAX, KEYS, footer_keys, keys_table, places_together

DOCUMENT = Path(__file__).parents[2] / "docs" / "dashboard.md"


def test_every_key_has_a_sentence_and_a_name_of_its_own() -> None:
    """Settings name keys by id."""
    assert all(key.help.endswith(".") for key in KEYS)
    assert max(Counter(key.id for key in KEYS).values()) == 1


def test_no_two_actions_share_a_key() -> None:
    """Not within one part of the dashboard, nor among parts that work at the same time."""
    for place in {key.where for key in KEYS}:
        taken: dict[str, str] = {}
        for key in KEYS:
            for name in key.keys.split(",") if key.where in places_together(place) else ():
                assert key.action == taken.setdefault(name, key.action)


def test_footer_has_at_most_seven_keys() -> None:
    """On 80 columns there is room for no more."""
    for place in {key.where for key in KEYS} - {"everywhere", "table", "panel", "proof", "past", "settings"}:
        assert len(footer_keys(place)) <= FOOTER_KEYS_MAX


def test_documentation_has_the_table() -> None:
    """It is made from the same table, and is not stale."""
    assert keys_table() in DOCUMENT.read_text(encoding="utf-8")
