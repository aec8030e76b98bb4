"""What a reset brought, and what the month before used: a notice, and the box behind it."""

from __future__ import annotations

from textual.content import Content

from nostr_usage.amount import format_tokens, micro_dollars
from nostr_usage.views import BalanceView, MonthView
from tui import wording
from tui.keys import spelled_of
from tui.look import Look
from tui.snapshot import Snapshot


def renewal_notice(view: BalanceView, last_month: MonthView | None, look: Look) -> str:
    """One sentence on what came, one on what went."""
    text = f"{_granted(view, look)}."
    if last_month is not None and last_month.rows:
        name = wording.month_name(last_month.month)
        actions = sum(row.count for row in last_month.rows)
        used = wording.amount(last_month.tokens, last_month.cents * 10_000, look)
        text += f" {name}: {used} used in {actions:,} actions."
    return f"{text} Press {spelled_of('balance.renewal', look)} for more."


def renewal_lines(snapshot: Snapshot, view: BalanceView, look: Look) -> list[Content]:
    """What came, the balance by where it is from, and the month before by activity."""
    if view.cycle_start is None:
        return [Content("There is no allowance, so nothing is reset.")]
    parts = (view.allowance, view.purchased, view.other, -view.debt)
    allowance, purchased, other, debt = wording.worths_that_add(parts, view.token_value, look)
    lines = [
        Content.styled(f"Reset on {wording.full_time(view.cycle_start, look)}", "bold $primary"),
        Content(f"  {_granted(view, look)}"),
        Content(""),
        Content.styled("Balance now", "bold $primary"),
        _line("Left of the allowance", allowance),
        _line("Purchased, carried over", purchased),
    ]
    lines += [_line("Other", other)] if view.other else []
    lines += [_line("Debt", debt)] if view.debt else []
    balance = wording.worth(view.tokens, view.token_value, look)
    lines += [_line("Balance", balance).stylize("bold"), Content("")]
    return lines + (_month_lines(snapshot.last_month, snapshot, look) if snapshot.last_month else [])


def _month_lines(month: MonthView, snapshot: Snapshot, look: Look) -> list[Content]:
    name = wording.month_name(month.month)
    if not month.rows:
        return [Content(f"Nothing was used in {name}.")]
    lines = [Content.styled(f"Used in {name} (UTC)", "bold $primary")]
    for row in month.rows:
        label = look.text(snapshot.labels.get(row.activity, row.activity))
        lines.append(_row(row.count, label, row.tokens, row.cents, look))
    count = sum(row.count for row in month.rows)
    return [*lines, _row(count, "Total", month.tokens, month.cents, look).stylize("bold")]


def _row(count: int, label: str, tokens: int, cents: int, look: Look) -> Content:
    figures = f"{wording.tokens(tokens, look):>12}" if look.shows_tokens else ""
    figures += f" {wording.cents(cents, look):>10}" if look.shows_dollars else ""
    return Content(f"  {count:>6,} {look.fit(label, 24)}{figures}")


def _granted(view: BalanceView, look: Look) -> str:
    worth = wording.dollars(micro_dollars(view.allowance_granted, view.token_value), look)
    if not look.shows_tokens:
        return f"{worth} of new tokens"
    new = f"{format_tokens(view.allowance_granted)} new tokens"
    return f"{new} ({worth})" if look.shows_dollars else new


def _line(name: str, amount: str) -> Content:
    return Content(f"  {name:<24}{amount:>12}")
