"""`nostr-usage stats --all`: what all accounts used together, as its operator sees it."""

from __future__ import annotations

from nostr_usage.amount import format_dollars, format_dollars_exact, format_tokens
from nostr_usage.cli.breakdowns import breakdown_rows, print_breakdown, print_breakdown_csv
from nostr_usage.cli.output import print_json, print_line, print_table
from nostr_usage.insight.breakdown import Dimension
from nostr_usage.reporting.platform import PlatformView, platform_view, streams_of_meter
from nostr_usage.reporting.stream_use import Days, all_days, last_days, save_use
from nostr_usage.wiring import ReaderHome


def print_platform(
    opened: ReaderHome,
    dimension: Dimension,
    *,
    meter: str,
    days: int | None,
    now: int,
    as_csv: bool,
    as_json: bool,
) -> None:
    """The use of every account in `meter`, in the last `days` days (all if None)."""
    chosen = all_days() if days is None else last_days(now, days)
    view = _view(opened, meter, dimension, chosen)
    if as_csv:
        print_breakdown_csv(view.parts)
    elif as_json:
        print_json(_object(view, meter))
    else:
        print_breakdown(view.parts)
        _print_accounts(view)


def _view(opened: ReaderHome, meter: str, dimension: Dimension, days: Days) -> PlatformView:
    with opened.store.read() as reader:
        streams = streams_of_meter(reader, meter)
    save_use(opened.store, streams)
    with opened.store.read() as reader:
        return platform_view(reader, streams_of_meter(reader, meter), dimension, days)


def _print_accounts(view: PlatformView) -> None:
    each = f"{format_tokens(view.tokens_each)} tokens, {format_dollars(view.micro_dollars_each)}"
    print_line(f"active    {view.active:,} accounts, {each} each on average")
    rows = [
        (
            one.label or f"{one.account[:16]}…",
            f"{one.actions:,}",
            format_tokens(one.tokens),
            format_dollars(one.micro_dollars),
        )
        for one in view.largest
    ]
    if rows:
        print_line()
        print_table(("largest accounts", "count", "tokens", "value"), rows, right=(1, 2, 3))


def _object(view: PlatformView, meter: str) -> dict[str, object]:
    return {
        "meter": meter,
        **breakdown_rows(view.parts),
        "active": view.active,
        "tokens_each": view.tokens_each,
        "usd_each": format_dollars_exact(view.micro_dollars_each),
        "largest": [
            {
                "account": one.account,
                "label": one.label,
                "count": one.actions,
                "tokens": one.tokens,
                "usd": format_dollars_exact(one.micro_dollars),
            }
            for one in view.largest
        ],
    }
