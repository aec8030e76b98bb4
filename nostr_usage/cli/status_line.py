"""What `nostr-usage statusline` does; its options are in `looks`. Prompts run it: no click here."""

from __future__ import annotations

from nostr_usage.amount import compact_tokens, format_dollars
from nostr_usage.cli.choosing import balance_views, chosen_account, chosen_streams
from nostr_usage.cli.output import ExitCode, print_line
from nostr_usage.clock import Clock
from nostr_usage.errors import InputError
from nostr_usage.home import Home
from nostr_usage.ledger.names import DEFAULT_METER
from nostr_usage.views import BalanceView
from nostr_usage.wiring import open_reader

_DAY_S = 86_400


def show_status_line(clock: Clock, home: Home, *, account: str | None) -> ExitCode:
    """Print one line; whether the balance is low, or nothing is left."""
    now = clock.now()
    with open_reader(home) as opened:
        chosen = chosen_account(opened, account)
        if chosen is None:
            raise InputError("this home holds several accounts", advice="Name one.")
        low_balance = opened.low_balance
        with opened.store.read() as reader:
            views = balance_views(opened, reader, chosen_streams(reader, chosen, meter=None), now=now)
    counted = [view for view in views if _is_counted(view)] or views
    print_line(" · ".join(_text(view, now=now) for view in counted))
    return max(_code(view, low_balance=low_balance) for view in counted)


def _is_counted(view: BalanceView) -> bool:
    """A meter that never held any tokens is none that could run out."""
    return bool(view.tokens or view.allowance_granted or view.lifetime_used)


def _text(view: BalanceView, *, now: int) -> str:
    name = "" if view.meter == DEFAULT_METER else f"{view.meter} "
    days = None if view.resets_at is None else max(view.resets_at - now, 0) // _DAY_S
    reset = "" if days is None else f" {days} d"
    return f"{name}{compact_tokens(view.tokens)} {view.percent} % {format_dollars(view.micro_dollars)}{reset}"


def _code(view: BalanceView, *, low_balance: int) -> ExitCode:
    if view.tokens <= 0:
        return ExitCode.BLOCKED
    return ExitCode.LOW if view.tokens < low_balance else ExitCode.DONE
