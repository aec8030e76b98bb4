"""The dashboard as lines of text: for pipes, dumb terminals, screen readers and `--once`."""

from __future__ import annotations

from collections.abc import Iterator

from nostr_usage.amount import format_tokens
from nostr_usage.reporting.outlook import Level
from nostr_usage.views import BalanceView, HistoryRow, MonthView
from tui import wording
from tui.look import Look
from tui.snapshot import FeedState, Snapshot

_ROWS = 15
_NAME_WIDTH = 22


def report_lines(snapshot: Snapshot, feed: FeedState, look: Look) -> Iterator[str]:
    """Everything that the first screen shows, from top to bottom."""
    view = snapshot.balance
    if view is None:
        yield f"{snapshot.npub}: nothing is held of this account yet."
        yield "Run `nostr-usage sync`, or check that the public key is the right one."
        return
    yield from _balance(view, snapshot, feed, look)
    if snapshot.month is not None:
        yield ""
        yield from _month(snapshot.month, snapshot, look)
    yield ""
    yield "Recent activity"
    for row in snapshot.recent[:_ROWS]:
        yield _entry(row, snapshot, look)


def _balance(view: BalanceView, snapshot: Snapshot, feed: FeedState, look: Look) -> Iterator[str]:
    unit, now = look.text(view.meter), snapshot.taken_at
    worth = wording.dollars(view.micro_dollars, look)
    whole = max(view.tokens, 0) + view.used_this_cycle
    yield f"{look.text(view.label)} {snapshot.npub}".strip()
    yield _field(
        "Balance",
        f"{wording.tokens(view.tokens, look)} {unit}, {worth} at {wording.rate(view.token_value)} each",
    )
    yield _field(
        "", f"{view.percent} % of {format_tokens(whole)} (what is left and what was used this cycle)"
    )
    yield _field("Allowance", f"{format_tokens(view.allowance)} of {format_tokens(view.allowance_granted)}")
    yield _field("Purchased", format_tokens(view.purchased))
    if view.other:
        yield _field("Other", format_tokens(view.other))
    yield _field("Reset", wording.reset_sentence(view, now=now, look=look))
    proved = f"{wording.proved_word(snapshot.proved)}, as of entry {view.as_of_seq}"
    yield _field("State", f"{proved}, {wording.full_time(view.as_of, look)}; {feed.feed.value}")
    if sentence := wording.proved_sentence(snapshot.proved):
        yield _field("", sentence)
    outlook = snapshot.outlook
    if outlook is None:
        return
    if outlook.level is not Level.ENOUGH:
        yield _field("Notice", wording.level_sentence(view, outlook, look))
    yield _field("", look.own(wording.enough_sentence(outlook, look)))
    if missing := wording.not_enough_sentence(outlook, look):
        yield _field("", missing)


def _month(month: MonthView, snapshot: Snapshot, look: Look) -> Iterator[str]:
    yield f"{wording.month_name(month.month)} by activity"
    if not month.rows:
        yield "  Nothing was used in this month yet."
        return
    for row in month.rows:
        name = look.text(snapshot.labels.get(row.activity, row.activity))
        yield _figures(name, row.tokens, wording.cents(row.cents, look), f"{row.share} %", look)
    yield _figures(
        "Total",
        month.tokens,
        wording.cents(month.cents, look),
        f"{sum(row.share for row in month.rows)} %",
        look,
    )


def _figures(name: str, tokens: int, usd: str, share: str, look: Look) -> str:
    return f"  {look.fit(name, _NAME_WIDTH)} {wording.tokens(tokens, look):>12} {usd:>10} {share:>6}"


def _entry(row: HistoryRow, snapshot: Snapshot, look: Look) -> str:
    name = look.text(wording.activity_name(row, snapshot.labels))
    glyph, word = wording.badge(row, proved=snapshot.proved, look=look)
    when = wording.full_time(row.occurred_at, look)
    moved = wording.signed_tokens(row.tokens, look)
    after = wording.tokens(row.balance, look)
    what = f", {look.text(row.description)}" if row.description else ""
    return f"  #{row.seq} {when}: {name}{what}: {moved} tokens, balance {after}, {glyph} {word}"


def _field(name: str, value: str) -> str:
    return f"  {name:<10} {value}"
