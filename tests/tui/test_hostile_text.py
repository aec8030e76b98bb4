"""Text from events, relays and operators runs no action, forges no markup, brings no control characters."""

from __future__ import annotations

import pytest

from tests.tui.made_snapshots import (
    ALICE,
    BOB,
    MadeSource,
    balance_of,
    dashboard,
    entry,
    screen_text,
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


async def test_the_check_finds_what_it_looks_for() -> None:
    """Control: text that is not made safe does bring its characters to the screen."""
    app = dashboard(MadeSource((ALICE, snapshot(rows=(entry(1, description="plain words"),)))))
    async with app.run_test(size=(120, 40)):
        assert set("plain") <= set(screen_text(app))
