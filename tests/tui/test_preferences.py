"""What is remembered between starts, and what is told only once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.made_snapshots import ALICE, MadeSource, balance_of, dashboard, screen_text, settled, snapshot
from tui.contracts import Options
from tui.preferences import Preferences, load_preferences, save_preferences

HALF, MOST = 2_500, 400  # left of an allowance of 5,000: 50 and 92 % are used


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    """All of it."""
    path = tmp_path / "dashboard.json"
    chosen = Preferences(theme="credits-light", is_local_time=True, told={"npub1x": 90})
    save_preferences(path, chosen)
    assert chosen == load_preferences(path)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"theme": "no-such"}', '{"theme": 5, "told": [1]}', "\x00"])
def test_what_cannot_be_used_is_forgotten(tmp_path: Path, text: str) -> None:
    """A file of an older version, or half of one, stops nothing."""
    path = tmp_path / "dashboard.json"
    path.write_text(text, encoding="utf-8")
    assert Preferences() == load_preferences(path)


def test_where_nothing_can_be_written_nothing_is_remembered(tmp_path: Path) -> None:
    """No error, and no file."""
    save_preferences(tmp_path / "missing" / "dashboard.json", Preferences())
    assert not list(tmp_path.iterdir())


async def test_a_threshold_is_told_once_and_armed_again_by_a_new_allowance() -> None:
    """At 92 % used the notice comes, at the next look it does not, after a renewal it may come again."""
    kept: list[Preferences] = []
    source = MadeSource((ALICE, snapshot(balance_of(MOST, allowance=MOST))))
    app = dashboard(source, options=Options(remember=kept.append))
    async with app.run_test(size=(110, 30), notifications=True) as pilot:
        await pilot.pause()
        assert "90 % of this cycle's allowance is used." in screen_text(app)
    again = dashboard(source, options=Options(preferences=kept[-1], remember=kept.append))
    async with again.run_test(size=(110, 30), notifications=True) as pilot:
        await pilot.pause()
        assert "allowance is used" not in screen_text(again)
        source.put(ALICE, snapshot(balance_of(HALF, allowance=HALF)))
        again.look_for_news()
        await settled(again, pilot)
    assert not kept[-1].told


async def test_a_theme_is_remembered() -> None:
    """As it was left."""
    kept: list[Preferences] = []
    app = dashboard(options=Options(remember=kept.append))
    async with app.run_test():
        app.theme = "credits-cb"
    assert "credits-cb" == kept[-1].theme
