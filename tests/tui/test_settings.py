"""Settings and diagnostics: what is changed, what is said, what is not."""

from __future__ import annotations

from nostr_usage.clock import ManualClock
from nostr_usage.nostr.schnorr import available_backends
from tests.tui.made_snapshots import dashboard, screen_text, settled
from tui.contracts import Options
from tui.dashboard import DashboardApp
from tui.demo import NOW
from tui.preferences import Preferences
from tui.settings_screen import SettingsDialog
from tui.snapshot import Feed, FeedState
from tui.source import LedgerSource

SIZE = (110, 40)


async def test_diagnostics_say_what_runs_here(source: LedgerSource) -> None:
    """Versions, backends, store and relays; no account and no key."""
    account = source.chosen_account("alice")
    assert account is not None
    app = DashboardApp(source, account=account, clock=ManualClock(NOW), feed=FeedState(feed=Feed.LIVE))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("comma")
        await settled(app, pilot)
        assert isinstance(app.screen, SettingsDialog)
        text = screen_text(app)
        await pilot.press("escape")
        assert not isinstance(app.screen, SettingsDialog)
    for shown in (available_backends()[0], "wss://relay-two.example/", "operator", "30078", " bytes"):
        assert shown in text
    facts = " ".join(value for _, value in source.diagnostics())
    assert account not in facts
    assert "npub1" not in facts


async def test_theme_and_zone_are_changed_and_remembered() -> None:
    """One key for each; what comes from outside is made safe."""
    kept: list[Preferences] = []
    app = dashboard(options=Options(remember=kept.append))
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        before = app.theme
        await pilot.press("comma")
        await settled(app, pilot)
        await pilot.press("t", "z")
        await pilot.pause()
        text = screen_text(app)
        await pilot.press("y")
        await pilot.pause()
        assert "\x1b" not in app.clipboard
        assert "Home" in app.clipboard
    assert "local time" in text
    assert kept[-1].theme != before
    assert kept[-1].is_local_time


async def test_without_colour_no_theme_is_chosen() -> None:
    """The box says why."""
    app = dashboard(options=Options(has_colour=False))
    async with app.run_test(size=SIZE) as pilot:
        before = app.theme
        await pilot.press("comma")
        await settled(app, pilot)
        await pilot.press("t")
        await pilot.pause()
        assert "no colour, as asked for" in screen_text(app)
        assert before == app.theme
