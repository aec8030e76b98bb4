"""`nostr-usage statement`: one month from its opening to its closing balance."""

from __future__ import annotations

import click

from nostr_usage.amount import format_dollars, format_dollars_exact, format_tokens
from nostr_usage.cli.choosing import account_argument, chosen_stream, meter_option
from nostr_usage.cli.options import json_option, month_option, parse_month, pass_clock, pass_home
from nostr_usage.cli.output import print_json, print_line, print_table
from nostr_usage.clock import Clock
from nostr_usage.home import Home
from nostr_usage.reporting.analytics import StatementView, statement_view
from nostr_usage.wiring import open_reader

_FIGURES = (
    ("granted", "+"),
    ("purchased", "+"),
    ("refunded", "+"),
    ("used", "-"),
    ("expired", "-"),
    ("reversed", "-"),
)


@click.command(epilog="Example: nostr-usage statement alice --month 2026-02")
@account_argument
@month_option
@meter_option
@json_option
@pass_home
@pass_clock
def statement(
    clock: Clock, home: Home, *, account: str | None, month_name: str | None, meter: str | None, as_json: bool
) -> None:
    """One month: what was there, what came, what was used by activity, what is left. The figures re-add.

    Exit codes: 0 done, 2 no such account or month, 5 no usable home.
    """
    named = parse_month(month_name, now=clock.now())
    with open_reader(home) as opened, opened.store.read() as reader:
        stream = chosen_stream(opened, reader, account, meter=meter)
        view = statement_view(reader, stream, named)
        row = reader.account(stream.account)
    if as_json:
        print_json(_object(view))
        return
    print_line(f"statement of {(row.label if row else None) or stream.account}, {named} (UTC)")
    _print(view)


def _object(view: StatementView) -> dict[str, object]:
    return {
        "account": view.month.account,
        "meter": view.month.meter,
        "month": view.month.month,
        "opening": view.opening,
        **{name: getattr(view, name) for name, _ in _FIGURES},
        "closing": view.closing,
        "activities": [
            {
                "activity": row.activity,
                "count": row.count,
                "tokens": row.tokens,
                "usd": format_dollars_exact(row.micro_dollars),
                "share": row.share,
            }
            for row in view.month.rows
        ],
        "usd": format_dollars_exact(view.month.micro_dollars),
    }


def _print(view: StatementView) -> None:
    figures: list[tuple[str, int]] = [(name, getattr(view, name)) for name, _ in _FIGURES]
    rows = [
        (name, f"{sign}{format_tokens(tokens)}")
        for (name, tokens), (_, sign) in zip(figures, _FIGURES, strict=True)
        if tokens
    ]
    opening, closing = ("opening", format_tokens(view.opening)), ("closing", format_tokens(view.closing))
    print_table(("", view.month.meter), [opening, *rows, closing], right=(1,))
    print_line()
    activities = [
        (
            row.activity,
            f"{row.count:,}",
            format_tokens(row.tokens),
            format_dollars(row.cents * 10_000),
            f"{row.share} %",
        )
        for row in view.month.rows
    ]
    total = (
        "total",
        f"{sum(row.count for row in view.month.rows):,}",
        format_tokens(view.month.tokens),
        format_dollars(view.month.cents * 10_000),
        f"{sum(row.share for row in view.month.rows)} %",
    )
    header = ("activity", "count", view.month.meter, "value", "share")
    print_table(header, [*activities, total], right=(1, 2, 3, 4))
