"""The relays, on a real store."""

from __future__ import annotations

from nostr_usage.clock import ManualClock
from tests.tui.made_snapshots import screen_text, settled
from tui.dashboard import DashboardApp
from tui.demo import NOW
from tui.snapshot import Feed, FeedState, RelayLine
from tui.source import LedgerSource

SIZE = (110, 34)


def app_on(source: LedgerSource) -> DashboardApp:
    """The dashboard on alice's entries."""
    return DashboardApp(
        source,
        account=source.chosen_account("alice"),
        clock=ManualClock(NOW),
        feed=FeedState(feed=Feed.LIVE),
    )


async def test_an_operator_sees_what_each_relay_has(source: LedgerSource) -> None:
    """One relay still waits for the newest entry."""
    app = app_on(source)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("4")
        text = screen_text(app)
    assert "relay-two.example" in text
    assert "Waiting" in text


async def test_a_follower_sees_how_each_relay_answered(source: LedgerSource) -> None:
    """State, counts, conduct, and why one did not answer."""
    app = app_on(source)
    lines = (
        RelayLine(
            url="wss://one.example/",
            is_up=True,
            condition="answered",
            reason="",
            received=1_204,
            unique=1_200,
            is_clean=True,
        ),
        RelayLine(
            url="wss://two.example/",
            is_up=False,
            condition="refused",
            reason="restricted: members only",
            received=3,
            unique=0,
            is_clean=False,
        ),
    )
    async with app.run_test(size=(120, 30)) as pilot:
        app.told(FeedState(feed=Feed.LIVE, relays=lines))
        await pilot.press("4", "down")
        await settled(app, pilot)
        text = screen_text(app)
    for shown in ("relays 1/2", "● answered", "1,204", "✗ refused", "▲ odd", "restricted: members only"):
        assert shown in text
