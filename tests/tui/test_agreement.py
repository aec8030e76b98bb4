"""Two views of one ledger cannot differ: screens, the text of `--once`, JSON, CSV and the status line."""

from __future__ import annotations

import csv
import re
from decimal import Decimal
from typing import Any

import pytest

from nostr_usage.clock import ManualClock
from nostr_usage.home import Home
from scripts.screens import report_text
from tests.terminal import Terminal
from tests.tui.made_snapshots import screen_text, settled
from tui.dashboard import DashboardApp
from tui.demo import NOW
from tui.snapshot import Feed, FeedState
from tui.source import LedgerSource


@pytest.fixture
def terminal(demo_home: Home) -> Terminal:
    """The command line on the same home, at the same time."""
    return Terminal(demo_home.path, now=NOW)


@pytest.fixture
def once(source: LedgerSource) -> str:
    """What `--once` prints."""
    return report_text(source, is_ascii=False)


async def screens(source: LedgerSource) -> dict[str, str]:
    """The text of the first three screens, large enough for every figure."""
    app = DashboardApp(
        source,
        account=source.chosen_account("alice"),
        clock=ManualClock(NOW),
        feed=FeedState(feed=Feed.LIVE),
    )
    texts: dict[str, str] = {}
    async with app.run_test(size=(140, 60)) as pilot:
        for key, name in (("1", "balance"), ("2", "usage"), ("3", "history")):
            await pilot.press(key)
            await settled(app, pilot)
            texts[name] = screen_text(app)
    return texts


async def test_the_balance_is_one_number(terminal: Terminal, once: str, source: LedgerSource) -> None:
    """JSON, the status line, the newest entry of the CSV, the text and all screens say the same."""
    balance: Any = terminal.run("balance", "alice", "--json").json
    tokens, worth = f"{balance['tokens']:,}", f"${Decimal(balance['usd']):.2f}"
    rows = list(csv.DictReader(terminal.run("history", "alice", "--csv").lines))
    shown = await screens(source)
    assert balance["tokens"] == int(rows[0]["balance"]) == sum(int(row["tokens"]) for row in rows)
    for text in (once, shown["balance"], shown["history"]):
        assert tokens in text
        assert worth in text
    line = terminal.run("statusline", "alice").out
    assert worth in line
    for text in (line, once, shown["balance"]):
        assert f"{balance['percent']} %" in text
    assert f"#{balance['as_of_seq']}" in shown["balance"]
    assert f"as of entry {balance['as_of_seq']}" in once


async def test_the_month_is_one_number(terminal: Terminal, once: str, source: LedgerSource) -> None:
    """By activity and in all; shares add to a hundred wherever they are shown."""
    month: Any = terminal.run("month", "alice", "--json").json
    shown = await screens(source)
    parts = month["activities"]
    assert month["tokens"] == sum(part["tokens"] for part in parts)
    assert Decimal(month["usd"]) == sum(Decimal(part["usd"]) for part in parts)
    for part in (*parts, month):
        for text in (once, shown["balance"], shown["usage"]):
            assert f"{part['tokens']:,}" in text
            assert f"${Decimal(part['usd']):.2f}" in text
    table = once.split("by activity")[1].split("Recent", maxsplit=1)[0]
    shares = [int(share) for share in re.findall(r"(\d+)\s?%", table)]
    assert [100, 100] == [sum(shares[:-1]), shares[-1]]
    assert [part["share"] for part in parts] == shares[:-1]


async def test_every_entry_is_the_same_everywhere(
    terminal: Terminal, once: str, source: LedgerSource
) -> None:
    """The newest ones, in the text, on the screen and in the CSV, with their running balances."""
    rows = list(csv.DictReader(terminal.run("history", "alice", "--csv").lines))
    shown = (await screens(source))["history"]
    for row in rows[:15]:
        after, moved = f"{int(row['balance']):,}", f"{abs(int(row['tokens'])):,}"
        (line,) = (line for line in once.splitlines() if f"#{row['seq']} " in line)
        assert after in line
        assert moved in line
        assert any(after in line and moved in line for line in shown.splitlines())
