"""The command palette finds what keys do."""

from __future__ import annotations

from textual.pilot import Pilot
from textual.widgets import OptionList

from nostr_usage.clock import ManualClock
from tests.tui.made_snapshots import dashboard, screen_text, settled
from tui.dashboard import DashboardApp
from tui.demo import NOW
from tui.snapshot import Feed, FeedState
from tui.source import LedgerSource

LOOKS_MAX, LOOK_S = 500, 0.02


async def offered(app: DashboardApp, pilot: Pilot[int], count: int) -> None:
    """Return once the palette offers so many commands."""
    for _ in range(LOOKS_MAX):
        lists = app.screen.query(OptionList)
        if lists and lists.first().option_count == count:
            return
        await pilot.pause(LOOK_S)
    raise AssertionError("the palette does not offer that")


async def test_a_theme_is_found_and_used() -> None:
    """Typed, chosen, drawn."""
    app = dashboard()
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("colon", *"credits-light")
        await offered(app, pilot, 1)
        await pilot.press("enter")
        await settled(app, pilot)
        assert app.theme == "credits-light"


async def test_a_command_of_another_pane_goes_there(source: LedgerSource) -> None:
    """Sorting the history from the first screen."""
    app = DashboardApp(
        source,
        account=source.chosen_account("alice"),
        clock=ManualClock(NOW),
        feed=FeedState(feed=Feed.LIVE),
    )
    async with app.run_test(size=(110, 34)) as pilot:
        await pilot.press("colon", *"History: Sort by time")
        await offered(app, pilot, 1)
        await pilot.press("enter")
        await settled(app, pilot)
        await settled(app, pilot)
        assert "oldest first" in screen_text(app)
