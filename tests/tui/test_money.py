"""Amounts in tokens, in dollars, or in both: everywhere, remembered, and the header says which."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from nostr_usage.amount import micro_dollars
from nostr_usage.clock import ManualClock
from tests.tui.made_snapshots import dashboard, screen_text, settled
from tui import wording
from tui.contracts import Options
from tui.dashboard import DashboardApp
from tui.demo import NOW
from tui.look import Look, Money
from tui.preferences import Preferences, load_preferences, save_preferences
from tui.snapshot import Feed, FeedState
from tui.source import LedgerSource

SIZE = (100, 34)
DOLLARS = re.compile(r"\$[0-9]")


def app_on(source: LedgerSource) -> DashboardApp:
    """The dashboard on alice's entries."""
    return DashboardApp(
        source,
        account=source.chosen_account("alice"),
        clock=ManualClock(NOW),
        feed=FeedState(feed=Feed.LIVE),
    )


@pytest.mark.parametrize("pane", ["1", "2", "3"])
async def test_every_screen_follows_and_its_header_says_so(source: LedgerSource, pane: str) -> None:
    """Both, then tokens, then dollars, then both again; only the rate is always in dollars."""
    app = app_on(source)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press(pane)
        await settled(app, pilot)
        texts = [screen_text(app)]
        for _ in range(3):
            await pilot.press("dollar_sign")
            await settled(app, pilot)
            texts.append(screen_text(app))
    both, tokens, dollars, again = texts
    assert both == again
    for text, note in ((both, "tokens + $ · UTC"), (tokens, " tokens · UTC"), (dollars, " $ · UTC")):
        assert text.splitlines()[1].endswith(note)
    assert DOLLARS.search(both)
    assert not DOLLARS.search(tokens.replace("$0.0015 a token", ""))
    assert "4,121" not in dollars
    assert "5,768" not in dollars


async def test_a_click_on_the_header_does_the_same(source: LedgerSource) -> None:
    """Keyboard or mouse."""
    app = app_on(source)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.click("#tabs", offset=(SIZE[0] - 4, 0))
        await settled(app, pilot)
        assert screen_text(app).splitlines()[1].endswith(" tokens · UTC")


async def test_what_was_chosen_is_kept(tmp_path: Path) -> None:
    """A file that names something else is as if nothing was chosen."""
    kept: list[Preferences] = []
    app = dashboard(options=Options(remember=kept.append))
    async with app.run_test() as pilot:
        await pilot.press("dollar_sign", "dollar_sign")
    assert Money.DOLLARS is kept[0].money
    path = tmp_path / "dashboard.json"
    save_preferences(path, kept[0])
    assert Money.DOLLARS is load_preferences(path).money
    path.write_text('{"money": "doubloons"}')
    assert Money.BOTH is load_preferences(path).money


def test_parts_add_up_in_dollars_too() -> None:
    """Cents are rounded together, at any value of a token."""
    chance, look = random.Random(1), Look(money=Money.DOLLARS)
    for _ in range(300):
        value = chance.randint(1, 5_000_000)
        parts = [chance.randint(0, 10**6) for _ in range(3)]
        cents = [int(re.sub(r"[^0-9]", "", text)) for text in wording.worths_that_add(parts, value, look)]
        exact = sum(micro_dollars(part, value) for part in parts)
        assert abs(sum(cents) * 10_000 - exact) <= 5_000


@pytest.mark.parametrize(
    ("money", "said"),
    [(Money.BOTH, "847 tokens, $1.27"), (Money.TOKENS, "847 tokens"), (Money.DOLLARS, "$1.27")],
)
def test_an_amount_is_said_as_the_user_wants_it(money: Money, said: str) -> None:
    """In sentences."""
    assert said == wording.amount(847, 1_270_500, Look(money=money))
