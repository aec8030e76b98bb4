"""`nostr-usage month|history`: what was used, by activity and entry by entry."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import click

from nostr_usage.amount import format_dollars, format_dollars_exact, format_tokens
from nostr_usage.cli.choosing import account_argument, chosen_stream, meter_option
from nostr_usage.cli.options import json_option, month_option, parse_month, parse_time, pass_clock, pass_home
from nostr_usage.cli.output import (
    ExitCode,
    moment,
    print_csv,
    print_json,
    print_line,
    print_note,
    print_table,
)
from nostr_usage.clock import Clock
from nostr_usage.errors import InputError
from nostr_usage.home import Home
from nostr_usage.report import history as history_rows
from nostr_usage.report import month_view
from nostr_usage.reporting.entry_columns import COLUMNS, entry_object, entry_values
from nostr_usage.views import HistoryRow, MonthView
from nostr_usage.wiring import open_reader

LINES_SHOWN = 100


@click.command(epilog="Example: nostr-usage month alice --month 2026-02")
@account_argument
@month_option
@meter_option
@json_option
@pass_home
@pass_clock
def month(
    clock: Clock, home: Home, *, account: str | None, month_name: str | None, meter: str | None, as_json: bool
) -> int:
    """One month by activity, net of refunds, and what came in and lapsed.

    Exit codes: 0 done, 1 amounts so large that their sum is not known, 2 no such account or month, 5 no
    usable home.
    """
    named = parse_month(month_name, now=clock.now())
    with open_reader(home) as opened, opened.store.read() as reader:
        view = month_view(reader, chosen_stream(opened, reader, account, meter=meter), named)
    if as_json:
        print_json(_month_object(view))
    else:
        _print_month(view)
    return ExitCode.DONE if view.is_known else ExitCode.PROBLEMS


def _month_object(view: MonthView) -> dict[str, object]:
    return {
        "account": view.account,
        "meter": view.meter,
        "month": view.month,
        "activities": [
            {
                "activity": row.activity,
                "count": row.count,
                "tokens": row.tokens,
                "usd": format_dollars_exact(row.micro_dollars),
                "share": row.share,
            }
            for row in view.rows
        ],
        "tokens": view.tokens,
        "usd": format_dollars_exact(view.micro_dollars),
        "granted": view.granted,
        "purchased": view.purchased,
        "expired": view.expired,
        "reversed": view.reversed,
        "is_known": view.is_known,
    }


def _print_month(view: MonthView) -> None:
    print_line(f"{view.month} (UTC)")
    rows = [
        (row.activity, f"{row.count:,}", format_tokens(row.tokens), _cents(row.cents), f"{row.share} %")
        for row in view.rows
    ]
    count = sum(row.count for row in view.rows)
    share = f"{sum(row.share for row in view.rows)} %"
    total = ("total", f"{count:,}", format_tokens(view.tokens), _cents(view.cents), share)
    print_table(("activity", "count", view.meter, "value", "share"), [*rows, total], right=(1, 2, 3, 4))
    came_in = [
        f"{format_tokens(tokens)} {name}"
        for name, tokens in (
            ("granted", view.granted),
            ("purchased", view.purchased),
            ("expired", view.expired),
            ("reversed", view.reversed),
        )
        if tokens
    ]
    print_line(f"Besides: {', '.join(came_in)}." if came_in else "Nothing came in or lapsed.")
    if not view.is_known:
        print_line("These are no true sums: amounts were signed that nobody can add up. `audit` names them.")


def _cents(cents: int) -> str:
    return format_dollars(cents * 10_000)


@click.command(epilog="Example: nostr-usage history alice --from 2026-02-01T00:00:00Z --csv > february.csv")
@account_argument
@click.option("--csv", "as_csv", is_flag=True, help="CSV, for spreadsheets; no cell can be a formula.")
@click.option(
    "--limit", type=click.IntRange(min=1), help=f"At most so many.  [default: {LINES_SHOWN} as text]"
)
@click.option("--from", "from_text", metavar="TIME", help="What happened then or later.")
@click.option("--to", "to_text", metavar="TIME", help="What happened before then.")
@click.option("--type", "type_name", metavar="TYPE", help="An activity, or a reason such as `purchase`.")
@meter_option
@json_option
@pass_home
def history(
    home: Home,
    *,
    account: str | None,
    as_csv: bool,
    limit: int | None,
    from_text: str | None,
    to_text: str | None,
    type_name: str | None,
    meter: str | None,
    as_json: bool,
) -> None:
    """Every entry of an account, newest first.

    Descriptions are shown where this home knows them. TIME is unix seconds, or ISO 8601 with a zone.

    Exit codes: 0 done, 2 no such account or time, 5 no usable home.
    """
    if as_csv and as_json:
        raise InputError("--csv and --json exclude each other", advice="Give one of them.")
    start, end = parse_time(from_text), parse_time(to_text)
    with open_reader(home) as opened, opened.store.read() as reader:
        stream = chosen_stream(opened, reader, account, meter=meter)
        rows = (
            row
            for row in history_rows(reader, stream)
            if (start is None or row.occurred_at >= start)
            and (end is None or row.occurred_at < end)
            and type_name in {None, row.type}
        )
        if as_csv:
            print_csv(COLUMNS, map(entry_values, islice(rows, limit)))
        elif as_json:
            print_json([entry_object(row) for row in islice(rows, limit)])
        else:
            _print_history(rows, limit or LINES_SHOWN)


def _print_history(rows: Iterator[HistoryRow], limit: int) -> None:
    shown = list(islice(rows, limit))
    lines = [
        (
            moment(row.occurred_at),
            str(row.seq),
            row.entry_id[:8],
            row.operation.value,
            row.type,
            f"{row.tokens:+,}" if row.tokens else "",
            format_dollars(row.micro_dollars) if row.micro_dollars else "",
            format_tokens(row.balance),
            row.description or "",
        )
        for row in shown
    ]
    header = ("when", "seq", "entry", "operation", "type", "tokens", "value", "balance", "description")
    print_table(header, lines, right=(1, 5, 6, 7))
    if next(rows, None) is not None:
        print_note(f"… the newest {len(shown):,} are shown; --limit shows more, --csv and --json show all")
