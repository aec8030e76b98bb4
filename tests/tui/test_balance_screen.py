"""The first screen: figures, entries, notices, and what the keys do."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from textual.worker import WorkerFailed

from nostr_usage.reporting.trends import BurnView
from nostr_usage.store import StreamStatus
from tests.tui.made_snapshots import (
    ALICE,
    BOB,
    MadeSource,
    balance_of,
    dashboard,
    entry,
    screen_text,
    settled,
    snapshot,
)
from tui.contracts import Options
from tui.dialogs import ChoiceDialog, TextDialog
from tui.look import Look
from tui.snapshot import Feed, FeedState, RelayLine

SIZE = (80, 24)


async def test_figures_are_there_with_the_first_frame() -> None:
    """Balance, worth, denominator, lots, reset, rate and the entry that they stand on."""
    app = dashboard()
    async with app.run_test(size=SIZE):
        text = screen_text(app)
    for shown in (
        "5,847 tokens",
        "$8.77",
        "58 %",
        "4,153 used of 10,000 this cycle",
        "847 of 5,000",
        "5,000 never expire",
        "1 Mar 00:00 UTC · in 14 d",
        "$0.0015 a token",
        "#1,204 · 14 Feb 14:45 UTC",
        "✓ verified",
        "● LIVE",
    ):
        assert shown in text


@pytest.mark.parametrize(
    ("burn", "changes", "said"),
    [
        (BurnView(days=(0, *range(13)), per_day=500, lasts_s=11 * 86_400), {}, "about 25 Feb, in 11 d"),
        (BurnView(days=(0, *range(13)), per_day=100, lasts_s=58 * 86_400), {}, "about 13 Apr, after reset"),
        (BurnView(days=(0, *range(13)), per_day=1, lasts_s=5_847 * 86_400), {}, "not within a year"),
        (BurnView(days=(0,) * 14, per_day=0, lasts_s=None), {}, "nothing used of late"),
        (BurnView(days=(9, 9), per_day=9, lasts_s=None), {}, "known after 3 whole days"),
        (BurnView(days=(9,) * 14, per_day=9, lasts_s=0), {"tokens": 0}, "nothing left"),
    ],
)
async def test_burn_says_when_the_balance_runs_out(
    burn: BurnView, changes: dict[str, object], said: str
) -> None:
    """At the usual rate; unknown is never a date."""
    app = dashboard(MadeSource((ALICE, snapshot(balance_of(**changes), burn=burn))))  # pyright: ignore[reportArgumentType]  # any field, by name
    async with app.run_test(size=SIZE):
        text = screen_text(app)
    assert f"{burn.per_day:,}/day" in text
    assert said in text
    assert "As of" in text


async def test_reserved_tokens_are_shown_while_there_are_any() -> None:
    """What running actions hold is not free to spend."""
    burn = BurnView(days=(1,) * 14, per_day=1, lasts_s=5 * 86_400)
    for held, is_shown in ((0, False), (250, True)):
        app = dashboard(MadeSource((ALICE, snapshot(balance_of(held=held), burn=burn))))
        async with app.run_test(size=(80, 30)):
            assert is_shown == ("Reserved  250" in screen_text(app))


async def test_month_adds_up_on_screen() -> None:
    """Shares add to 100, cents to the total."""
    app = dashboard()
    async with app.run_test(size=SIZE):
        text = screen_text(app)
    assert "February 2026 · by activity" in text
    total = next(line for line in text.splitlines() if "Total" in line)
    assert "4,153" in total
    assert "$6.23" in total
    assert "100%" in total


async def test_recent_entries_show_running_balance_and_badge() -> None:
    """An entry on one of two relays is being published; one on both is not."""
    rows = (entry(9, queued=2, confirmed=1), entry(8, queued=2, confirmed=2))
    app = dashboard(MadeSource((ALICE, snapshot(rows=rows))))
    async with app.run_test(size=(120, 30)):
        text = screen_text(app)
    assert "publishing 1 of 2" in text
    assert "on 2 of 2 relays" in text
    assert "−247" in text


async def test_new_entries_appear_without_a_key() -> None:
    """What a follower stored is drawn at the next look."""
    source = MadeSource()
    app = dashboard(source)
    async with app.run_test(size=SIZE) as pilot:
        source.put(ALICE, snapshot(balance_of(5_600)))
        app.look_for_news()
        await settled(app, pilot)
        text = screen_text(app)
    assert "5,600 tokens" in text


async def test_pause_holds_the_screen_and_resuming_catches_up() -> None:
    """The word PAUSED stands in the status line while it lasts."""
    source = MadeSource()
    app = dashboard(source)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("space")
        source.put(ALICE, snapshot(balance_of(5_600)))
        app.look_for_news()
        await settled(app, pilot)
        held = screen_text(app)
        await pilot.press("space")
        await settled(app, pilot)
        resumed = screen_text(app)
    assert "PAUSED" in held
    assert "5,847 tokens" in held
    assert "5,600 tokens" in resumed


async def test_cursor_stays_on_its_entry_when_others_arrive() -> None:
    """Whoever reads an entry keeps reading it."""
    source = MadeSource()
    app = dashboard(source)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("down", "down")
        read = app.pane.recent.row(app.pane.recent.cursor)
        taken = source.snapshot(ALICE)
        source.put(ALICE, replace(taken, recent=(entry(1_206), entry(1_205), *taken.recent)))
        app.look_for_news()
        await settled(app, pilot)
        assert app.pane.recent.cursor == 4
        assert read == app.pane.recent.row(4)


async def test_low_balance_says_what_it_is_enough_for() -> None:
    """The notice and the panel come from the catalogue."""
    app = dashboard(MadeSource((ALICE, snapshot(balance_of(847)))))
    async with app.run_test(size=(150, 30)) as pilot:
        notice = screen_text(app)
        await pilot.press("l")
        assert isinstance(app.screen, TextDialog)
        panel = screen_text(app)
        await pilot.press("escape")
        assert not isinstance(app.screen, TextDialog)
    assert "Low: 847 tokens, $1.27 left · enough for 3 Magic Mentor or" in notice
    assert "not for Experiment Creation" in notice
    assert "3,053 more tokens needed" in panel
    assert "$10.00" in panel


@pytest.mark.parametrize(("tokens", "said"), [(0, "Nothing left"), (-500, "In debt by 500")])
async def test_empty_and_debt_are_said(tokens: int, said: str) -> None:
    """A balance that cannot be spent is no quiet number."""
    app = dashboard(MadeSource((ALICE, snapshot(balance_of(tokens)))))
    async with app.run_test(size=SIZE):
        text = screen_text(app)
    assert said in text


async def test_conflict_is_never_a_final_figure() -> None:
    """The notice says so, and every entry carries the sign."""
    view = balance_of(state=StreamStatus.CONFLICT.value)
    app = dashboard(MadeSource((ALICE, snapshot(view))))
    async with app.run_test(size=(100, 30)):
        text = screen_text(app)
    assert "✗ CONFLICT" in text
    assert "not final" in text


async def test_offline_is_said_and_the_figure_stays() -> None:
    """The store answers without any relay."""
    app = dashboard(feed=Feed.CONNECTING)
    async with app.run_test(size=SIZE) as pilot:
        relay = RelayLine(
            url="wss://relay.example/",
            is_up=False,
            condition="unreachable",
            reason="refused",
            received=0,
            unique=0,
            is_clean=True,
        )
        app.told(FeedState(feed=Feed.OFFLINE, relays=(relay,)))
        await pilot.pause()
        text = screen_text(app)
    assert "OFFLINE" in text
    assert "relays 0/1" in text
    assert "5,847 tokens" in text


async def test_a_fault_in_a_thread_is_said() -> None:
    """The dashboard goes on, and does not call itself live."""
    app = dashboard(feed=Feed.LIVE)

    def fail() -> None:
        raise ZeroDivisionError("a fault of ours")

    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        app.run_worker(fail, thread=True, group="follow", exit_on_error=False)
        with suppress(WorkerFailed):
            await settled(app, pilot)
        await pilot.pause()
        await pilot.pause()
        text = screen_text(app)
    assert "ZeroDivisionError" in text
    assert "OFFLINE" in text


async def test_several_accounts_are_offered() -> None:
    """Without a name the user chooses, and may choose again."""
    bob = snapshot(balance_of(12, account=BOB, label="bob"))
    app = dashboard(MadeSource((ALICE, snapshot()), (BOB, bob)), account=None)
    async with app.run_test(size=SIZE) as pilot:
        assert isinstance(app.screen, ChoiceDialog)
        await pilot.press("down", "enter")
        await settled(app, pilot)
        text = screen_text(app)
    assert "12 tokens" in text


async def test_nothing_held_is_a_sentence() -> None:
    """An account of which nothing arrived yet is not an account with zero tokens."""
    empty = replace(snapshot(), balance=None, month=None, recent=(), outlook=None)
    app = dashboard(MadeSource((ALICE, empty)))
    async with app.run_test(size=SIZE):
        text = screen_text(app)
    assert "Nothing is held of this account yet." in text
    assert "0 tokens" not in text


async def test_descriptions_can_be_hidden() -> None:
    """For when others look on."""
    app = dashboard()
    async with app.run_test(size=(100, 30)) as pilot:
        assert "boundaries" in screen_text(app)
        await pilot.press("d")
        assert "boundaries" not in screen_text(app)


async def test_small_terminal_shows_one_figure() -> None:
    """Below 60 × 16 there is room for the balance and a hint."""
    app = dashboard()
    async with app.run_test(size=(40, 12)) as pilot:
        small = screen_text(app)
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        large = screen_text(app)
    assert "5,847 tokens" in small
    assert "Enlarge" in small
    assert "Recent activity" not in small
    assert "Recent activity" in large


async def test_ascii_is_ascii() -> None:
    """Nothing but ASCII leaves the program, borders included."""
    options = Options(look=Look(is_ascii=True))
    app = dashboard(MadeSource((ALICE, snapshot(rows=(entry(1, description="Grüße 💎"),)))), options=options)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        app.notify("a notice", markup=False)
        await pilot.pause()
        assert "a notice" in screen_text(app)
        assert screen_text(app).isascii()
        for keys in ("question_mark", "escape", "l", "escape", "a"):
            await pilot.press(keys)
            assert screen_text(app).isascii()


async def test_help_shows_every_key() -> None:
    """The screen is made from the table of keys."""
    app = dashboard()
    async with app.run_test(size=(80, 60)) as pilot:
        await pilot.press("question_mark")
        text = screen_text(app)
    assert "Hold the screen still" in text
    assert "Choose another account." in text


async def test_q_quits() -> None:
    """One key ends it."""
    app = dashboard()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("q")
    assert app.return_code == 0
