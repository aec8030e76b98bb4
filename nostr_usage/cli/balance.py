"""What `nostr-usage balance` does; its options are in `looks`. It must answer at once: no click here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nostr_usage.amount import format_dollars, format_dollars_exact, format_tokens
from nostr_usage.cli.choosing import balance_views, chosen_account, chosen_streams
from nostr_usage.cli.output import (
    ExitCode,
    iso_time,
    moment,
    print_json,
    print_line,
    print_note,
    print_table,
    token_rate,
)
from nostr_usage.clock import Clock
from nostr_usage.errors import InputError
from nostr_usage.home import Home
from nostr_usage.ledger.names import Source
from nostr_usage.views import STATE_WORDS, BalanceView, LotView
from nostr_usage.wiring import open_reader

if TYPE_CHECKING:
    from nostr_usage.ledger.problems import Problem

_BAR_CELLS = 20
_PROBLEMS_SHOWN_MAX = 20
_DOUBTFUL_STATES = frozenset({"incomplete", "conflict"})


def show_balance(
    clock: Clock, home: Home, *, account: str | None, meter: str | None = None, as_json: bool = False
) -> ExitCode:
    """Print one balance in full, or a table of several; whether there are problems."""
    views, is_one = _views(home, account, meter=meter, now=clock.now())
    if as_json:
        print_json(_object(views[0]) if is_one else [_object(view) for view in views])
    elif is_one:
        _print_one(views[0])
    else:
        _print_table(views)
    has_problems = any(view.problems or view.state in _DOUBTFUL_STATES for view in views)
    return ExitCode.PROBLEMS if has_problems else ExitCode.DONE


def _views(home: Home, account: str | None, *, meter: str | None, now: int) -> tuple[list[BalanceView], bool]:
    """The balances asked for, and whether they are one balance of one account."""
    with open_reader(home) as opened:
        chosen = chosen_account(opened, account)
        with opened.store.read() as reader:
            if chosen is not None:
                streams = chosen_streams(reader, chosen, meter=meter)
            else:
                streams = [stream for stream in reader.streams() if meter in {None, stream.meter}]
            views = balance_views(opened, reader, streams, now=now)
    if not views:
        raise InputError(
            f"no account has entries in the meter {meter!r}" if meter else "there are no entries"
        )
    return views, chosen is not None and len(views) == 1


def _object(view: BalanceView) -> dict[str, object]:
    return {
        "account": view.account,
        "label": view.label,
        "meter": view.meter,
        "tokens": view.tokens,
        "allowance": view.allowance,
        "allowance_granted": view.allowance_granted,
        "purchased": view.purchased,
        "other": view.other,
        "debt": view.debt,
        "held": view.held,
        "used_this_cycle": view.used_this_cycle,
        "lifetime_used": view.lifetime_used,
        "percent": view.percent,
        "usd": format_dollars_exact(view.micro_dollars),
        "usd_per_token": token_rate(view.token_value),
        "cycle_starts_at": iso_time(view.cycle_start),
        "resets_at": iso_time(view.resets_at),
        "is_reset_due": view.is_reset_due,
        "lots": [
            {
                "source": lot.source.value,
                "remaining": lot.remaining,
                "granted": lot.granted,
                "expires_at": iso_time(lot.expires_at),
            }
            for lot in view.lots
        ],
        "state": view.state,
        "as_of_seq": view.as_of_seq,
        "as_of_id": view.as_of_id,
        "as_of": iso_time(view.as_of),
        "problems": [_problem_object(problem) for problem in view.problems],
    }


def _problem_object(problem: Problem) -> dict[str, object]:
    return {
        "code": problem.code.value,
        "message": problem.message,
        "seq": problem.seq,
        "entry_id": problem.entry_id,
    }


def _print_one(view: BalanceView) -> None:
    unit = view.meter
    print_line(view.label or view.account)
    rate = f"at ${token_rate(view.token_value)} each"
    _print_field(
        "balance", f"{format_tokens(view.tokens)} {unit}, {format_dollars(view.micro_dollars)} {rate}"
    )
    whole = max(view.tokens, 0) + view.used_this_cycle
    used = f"{format_tokens(view.used_this_cycle)} used"
    _print_field("", f"[{_bar(view.percent)}] {view.percent} % of {format_tokens(whole)} (the rest: {used})")
    if view.debt:
        _print_field("debt", f"{format_tokens(view.debt)} {unit}, to be paid by the next grant")
    if view.held:
        _print_field("held", f"{format_tokens(view.held)} {unit} of it, for actions that are running")
    _print_field(
        "allowance", f"{format_tokens(view.allowance)} left of {format_tokens(view.allowance_granted)}"
    )
    _print_field("purchased", format_tokens(view.purchased))
    for lot in view.lots:
        if lot.source not in {Source.ALLOWANCE, Source.PURCHASED}:
            _print_field(lot.source.value, _lot_text(lot))
    _print_field("resets", _reset_text(view))
    _print_field(
        "used",
        f"{format_tokens(view.used_this_cycle)} in this cycle, {format_tokens(view.lifetime_used)} ever",
    )
    _print_field("state", f"{STATE_WORDS[view.state]}, as of entry {view.as_of_seq} ({moment(view.as_of)})")
    for problem in view.problems[:_PROBLEMS_SHOWN_MAX]:
        print_note(f"problem: {problem.message}")
    if len(view.problems) > _PROBLEMS_SHOWN_MAX:
        print_note(f"… and {len(view.problems) - _PROBLEMS_SHOWN_MAX} more problems")


def _print_field(name: str, value: str) -> None:
    print_line(f"  {name:<10} {value}")


def _print_table(views: list[BalanceView]) -> None:
    rows = [
        (
            view.label or view.account[:16],
            format_tokens(view.tokens),
            view.meter,
            f"{view.percent} %",
            format_dollars(view.micro_dollars),
            "never" if view.resets_at is None else moment(view.resets_at),
            STATE_WORDS[view.state],
            str(len(view.problems) or ""),
        )
        for view in views
    ]
    header = ("account", "left", "meter", "percent", "value", "resets", "state", "problems")
    print_table(header, rows, right=(1, 3, 4, 7))


def _bar(percent: int) -> str:
    filled = percent * _BAR_CELLS // 100
    return "█" * filled + "░" * (_BAR_CELLS - filled)


def _lot_text(lot: LotView) -> str:
    until = "never expires" if lot.expires_at is None else f"until {moment(lot.expires_at)}"
    return f"{format_tokens(lot.remaining)} left of {format_tokens(lot.granted)}, {until}"


def _reset_text(view: BalanceView) -> str:
    if view.resets_at is None:
        return "never: no allowance is running"
    due = ", due: it will be written with the next entry" if view.is_reset_due else ""
    return f"{moment(view.resets_at)}{due}"
