"""From hit to hit of a search, in the list of hits and in the whole history."""

from __future__ import annotations

from nostr_usage.clock import ManualClock
from nostr_usage.store import Order
from tests.tui.made_snapshots import screen_text, settled
from tui.dashboard import DashboardApp
from tui.demo import NOW
from tui.snapshot import Feed, FeedState
from tui.source import LedgerSource

SIZE = (110, 34)
SEARCH = ("3", "slash", *"type:quiz-generation tokens>400", "enter")


def app_on(source: LedgerSource) -> DashboardApp:
    """The dashboard on alice's entries."""
    return DashboardApp(
        source,
        account=source.chosen_account("alice"),
        clock=ManualClock(NOW),
        feed=FeedState(feed=Feed.LIVE),
    )


def seq_under_cursor(app: DashboardApp) -> int:
    """The place of the entry under the cursor."""
    row = app.entry_under_cursor()
    assert row is not None
    return row.seq


async def test_hits_follow_each_other_in_the_list_of_hits_and_in_the_whole(source: LedgerSource) -> None:
    """Down with n, up with N; the same entries in the same order."""
    app = app_on(source)
    async with app.run_test(size=SIZE) as pilot:
        for key in SEARCH:
            await pilot.press(key)
        await settled(app, pilot)
        entries = app.entries_found()
        assert entries is not None
        hits = [entries.seq(index) for index in range(entries.count)]
        assert len(hits) > 3
        await pilot.press("home", "n", "n", "N")
        assert hits[1] == seq_under_cursor(app)
        await pilot.press("escape", "escape")
        await settled(app, pilot)
        # What was found last is by type alone: one word was dropped, then the other.
        await pilot.press("home")
        account = source.chosen_account("alice")
        assert account is not None
        seen: list[int] = []
        for _ in range(4):
            await pilot.press("n")
            seen.append(seq_under_cursor(app))
        text = screen_text(app)
        await pilot.press("N")
        assert seen[-2] == seq_under_cursor(app)
    assert seen == sorted(seen, reverse=True)
    assert "4 of" in text
    assert "found by [type:quiz-generation]" in text
    assert "in all entries" in text


async def test_the_other_order_goes_the_other_way(source: LedgerSource) -> None:
    """Down is always down; where the list is not by time, the way there is said."""
    app = app_on(source)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        for key in (*SEARCH, "escape", "escape", "s"):
            await pilot.press(key)
            await settled(app, pilot)
        seqs: list[int] = []
        for key in ("home", "n", "n", "n", "N"):
            await pilot.press(key)
            seqs.append(seq_under_cursor(app))
        assert seqs[1] < seqs[2] < seqs[3]
        assert seqs[2] == seqs[4]
        await pilot.press("s")
        await settled(app, pilot)
        await pilot.press("n")
        await settled(app, pilot)
        assert "not sorted by time" in screen_text(app)


async def test_nothing_searched_and_nothing_further_are_said(source: LedgerSource) -> None:
    """No key is silent."""
    app = app_on(source)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await pilot.press("3")
        await settled(app, pilot)
        await pilot.press("n")
        await settled(app, pilot)
        first = screen_text(app)
        for key in (*SEARCH[1:], "escape", "escape", "end", "n"):
            await pilot.press(key)
            await settled(app, pilot)
        last = screen_text(app)
    assert "nothing was searched yet" in first
    assert "no further entry was found" in last


def test_a_hit_is_the_nearest_on_either_side(source: LedgerSource) -> None:
    """Never the entry itself, numbered from the newest."""
    account = source.chosen_account("alice")
    assert account is not None
    everything = source.find(account, (), Order.NEWEST)
    assert everything is not None
    assert everything.hit(5, is_newer=True) is None
