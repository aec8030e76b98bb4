"""A balance that is low, gone or in debt: the notice, and the panel of what it is enough for."""

from __future__ import annotations

import pytest

from nostr_usage.ledger.entry import Source
from nostr_usage.views import LotView
from tests.tui.made_snapshots import (
    ALICE,
    MARCH,
    MadeSource,
    balance_of,
    dashboard,
    screen_text,
    settled,
    snapshot,
)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_nothing_left_says_when_more_comes_and_where_to_get_it(size: tuple[int, int]) -> None:
    """The packs are a key away; nothing that cannot be done is listed as what can."""
    app = dashboard(MadeSource((ALICE, snapshot(balance_of(0)))))
    async with app.run_test(size=size) as pilot:
        await settled(app, pilot)
        shown = screen_text(app)
        await pilot.press("l")
        await settled(app, pilot)
        panel = screen_text(app)
    assert "Nothing left · allowance again 1 Mar 00:00 UTC · in 14 d · l shows packs" in shown
    assert "You have 0 tokens, $0.00" in panel
    assert "nothing on the price list" in panel
    assert "Experiment Creation: 3,900 more tokens needed" in panel
    assert "5,800 tokens  580 a dollar" in panel


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_debt_is_said_on_the_screen_and_in_the_panel(size: tuple[int, int]) -> None:
    """How much, and that it is paid first."""
    app = dashboard(MadeSource((ALICE, snapshot(balance_of(-120)))))
    async with app.run_test(size=size) as pilot:
        await settled(app, pilot)
        shown = screen_text(app)
        await pilot.press("l")
        await settled(app, pilot)
        panel = screen_text(app)
    assert "−120 tokens  −$0.18" in shown
    assert "Debt      −120, paid first" in shown
    assert "In debt by 120: the next grant pays it first" in shown
    assert "Whatever comes in pays the debt of 120 tokens, $0.18 first." in panel


async def test_the_order_of_spending_is_said_where_there_is_one() -> None:
    """Allowance first, then what was bought."""
    lots = (
        LotView(source=Source.ALLOWANCE, remaining=847, granted=5_000, expires_at=MARCH),
        LotView(source=Source.PURCHASED, remaining=5_000, granted=5_000, expires_at=None),
    )
    app = dashboard(MadeSource((ALICE, snapshot(balance_of(lots=lots)))))
    async with app.run_test(size=(80, 30)) as pilot:
        await settled(app, pilot)
        assert "Spends    Allowance → Purchased" in screen_text(app)
