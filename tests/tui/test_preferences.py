"""What is remembered between starts, and what is told only once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.made_snapshots import (
    ALICE,
    MARCH,
    MadeSource,
    balance_of,
    dashboard,
    month,
    screen_text,
    settled,
    snapshot,
)
from tui.contracts import Options
from tui.preferences import Preferences, load_preferences, save_preferences

HALF, MOST = 2_500, 400  # left of an allowance of 5,000: 50 and 92 % are used


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    """All of it."""
    path = tmp_path / "dashboard.json"
    chosen = Preferences(theme="credits-light", is_local_time=True, told={"npub1x": 90}, cycles={"npub1x": 5})
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


async def test_a_reset_is_told_once_with_last_month_s_counts() -> None:
    """Not at the first look, once in the next cycle, and never again for that cycle."""
    kept: list[Preferences] = []
    source = MadeSource()
    app = dashboard(source, options=Options(remember=kept.append))
    async with app.run_test(size=(110, 30), notifications=True) as pilot:
        assert "new tokens" not in screen_text(app)
        later = balance_of(cycle_start=MARCH, resets_at=MARCH + 31 * 86_400)
        source.put(ALICE, snapshot(later, last_month=month()))
        app.look_for_news()
        await settled(app, pilot)
        text = screen_text(app)
    assert "5,000 new tokens ($7.50)." in text
    assert "February 2026: 4,153" in text
    again = dashboard(source, options=Options(preferences=kept[-1], remember=kept.append))
    async with again.run_test(size=(110, 30), notifications=True) as pilot:
        await pilot.pause()
        assert "new tokens" not in screen_text(again)


async def test_the_box_of_a_reset_adds_up() -> None:
    """The parts of the balance, and the month before by activity."""
    app = dashboard(MadeSource((ALICE, snapshot(last_month=month()))))
    async with app.run_test(size=(80, 40)) as pilot:
        await pilot.press("m")
        lines = {" ".join(line.strip(" │").split()) for line in screen_text(app).splitlines()}
    for line in (
        "5,000 new tokens ($7.50)",
        "Left of the allowance 847",
        "Purchased, carried over 5,000",
        "Balance 5,847",
        "1 Experiment Creation 2,347 $3.52",
        "8 Total 4,153 $6.23",
    ):
        assert any(line in shown for shown in lines), line


async def test_without_an_allowance_nothing_is_reset() -> None:
    """The box says so."""
    app = dashboard(MadeSource((ALICE, snapshot(balance_of(cycle_start=None)))))
    async with app.run_test(size=(80, 40)) as pilot:
        await pilot.press("m")
        assert "There is no allowance" in screen_text(app)
