"""Text from events, relays and operators runs no action, forges no markup, brings no control characters."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest

from nostr_usage.insight.breakdown import breakdown_of
from nostr_usage.pricing.catalogue import load_catalogue
from nostr_usage.reporting.periods import Length, Lifespan, period_at, same_days_before
from nostr_usage.reporting.stream_use import ModelUnits
from nostr_usage.reporting.usage import PARTS, Bar, UsageView, kind_rows
from nostr_usage.reporting.value import value_view
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
from tui.dashboard import DashboardApp
from tui.snapshot import Feed, FeedState, RelayLine

PAYLOADS = (
    "x [/oops] y",
    "[@click=app.quit]click[/]",
    "[bold red]$error[/]",
    "\x1b]52;c;aGFjaw==\x07 clipboard",
    "\x1b[31mred\x1b[0m",
    "\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\",
    "\x9b31mC1",
    "nul\x00 del\x7f bell\x07",
    "abc\u202egnirts",
    "zero\u200bwidth\ufeff",
    "line\nbreak\r\ttab",
    "e" + "\u0301" * 40,
    "⚠\ufe0f wide 💎 世界",
    "\ud800 surrogate",
    "👩‍👩‍👧‍👦" * 30,
    "=HYPERLINK(1)",
    "a" * 5_000,
)
FORBIDDEN = frozenset("\x00\x07\x1b\x7f\x9b\r\t\u202e\u200b\ufeff\u200d\ufe0f\ud800")


def hostile_app(payload: str) -> DashboardApp:
    """A dashboard with the payload wherever text comes from outside."""
    view = balance_of(400, label=payload)
    rows = (entry(2, description=payload), entry(1, type=payload))
    source = MadeSource(
        (ALICE, snapshot(view, rows=rows, labels={"magic-mentor": payload})),
        (BOB, snapshot(balance_of(1, label=payload, account=BOB))),
    )
    return dashboard(source)


@pytest.mark.parametrize("payload", PAYLOADS, ids=ascii)
async def test_hostile_text_is_only_text(payload: str) -> None:
    """No crash, no action on a click, no control character on any screen."""
    app = hostile_app(payload)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        relay = RelayLine(
            url=payload,
            is_up=False,
            condition="refused",
            reason=payload,
            received=0,
            unique=0,
            is_clean=False,
        )
        app.told(FeedState(feed=Feed.OFFLINE, relays=(relay,), reason=payload))
        await pilot.pause()
        for key in ("down", "l", "escape", "question_mark", "escape", "a", "escape", "y"):
            text = screen_text(app)
            assert not FORBIDDEN & set(text.replace("\n", ""))
            await pilot.press(key)
        for y in range(2, 38, 3):
            await pilot.click(offset=(30, y))
        assert app.is_running
        assert not FORBIDDEN & set(screen_text(app).replace("\n", ""))


def hostile_usage(payloads: Sequence[str], tokens: int = 5) -> UsageView:
    """A month in which everything that has a name is called one of these."""
    life = Lifespan(opened=date(2026, 1, 1), today=date(2026, 2, 14))
    period = period_at(Length.MONTH, life.today, life)
    parts = tuple(breakdown_of(dict.fromkeys(payloads, (1, tokens, 7_500)), dimension) for dimension in PARTS)
    bar = Bar(first=1_769_904_000, tokens=tokens, balance=5, expected=None)
    return UsageView(
        period=period,
        life=life,
        compared=same_days_before(period, life),
        parts=parts,
        before=parts,
        refusals=("", "", ""),
        shown_days=None,
        kinds=kind_rows([ModelUnits(model=payloads[0], buckets=(("output", 3),))]),
        bars=(bar,) * 28,
        heat_from=date(2025, 2, 10),
        heat=(0,) * 371,
        dearest=tuple(entry(9, description=payload, type=payload) for payload in payloads),
        value=value_view(parts[0], load_catalogue(), meter="tokens"),
        forecast=None,
        balance=balance_of(),
    )


@pytest.mark.parametrize("start", range(0, len(PAYLOADS), 6))
async def test_hostile_names_are_only_text_on_the_usage_screen(start: int) -> None:
    """Of activities, models and members; in tables, in panels, and on the way to the history."""
    source = MadeSource((ALICE, snapshot()))
    source.used = hostile_usage(PAYLOADS[start : start + 6])
    app = dashboard(source)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        for key in ("2", "b", "b", "enter", "2", "b", "v", "v", "v", "v", "dollar_sign", "dollar_sign"):
            await pilot.press(key)
            await settled(app, pilot)
            assert not FORBIDDEN & set(screen_text(app).replace("\n", ""))
        assert "Value you get" in screen_text(app)
        for x in (10, 60, 100):
            for y in range(3, 38, 3):
                await pilot.click(offset=(x, y))
        assert app.is_running
        assert not FORBIDDEN & set(screen_text(app).replace("\n", ""))


async def test_the_check_finds_what_it_looks_for() -> None:
    """Control: text that is not made safe does bring its characters to the screen."""
    app = dashboard(MadeSource((ALICE, snapshot(rows=(entry(1, description="plain words"),)))))
    async with app.run_test(size=(120, 40)):
        assert set("plain") <= set(screen_text(app))
