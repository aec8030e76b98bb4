"""Breakdowns as tables, as CSV and as JSON: the same columns wherever use is broken down."""

from __future__ import annotations

from nostr_usage.amount import format_dollars, format_dollars_exact, format_tokens
from nostr_usage.cli.output import print_csv, print_table
from nostr_usage.insight.breakdown import Breakdown

_BAR_CELLS = 30


def print_breakdown(found: Breakdown) -> None:
    """A table whose rows add to its last one, each with its share as a bar."""
    rows = [
        (
            row.name or "unknown",
            f"{row.count:,}",
            format_tokens(row.tokens),
            format_dollars(row.cents * 10_000),
            f"{row.share} %",
            "█" * (row.share * _BAR_CELLS // 100),
        )
        for row in found.rows
    ]
    total = ("total", f"{found.count:,}", format_tokens(found.tokens), format_dollars(found.cents * 10_000))
    header = (found.dimension.value, "count", "tokens", "value", "share", "")
    print_table(header, [*rows, (*total, "100 %" if found.tokens > 0 else "0 %", "")], right=(1, 2, 3, 4))


def print_breakdown_csv(found: Breakdown) -> None:
    """CSV, a row for each part."""
    print_csv(
        (found.dimension.value, "count", "tokens", "usd", "share"),
        [
            (one.name, one.count, one.tokens, format_dollars_exact(one.micro_dollars), one.share)
            for one in found.rows
        ],
    )


def breakdown_rows(found: Breakdown) -> dict[str, object]:
    """The parts and their total, for JSON."""
    return {
        "by": found.dimension.value,
        "rows": [
            {
                "name": row.name,
                "count": row.count,
                "tokens": row.tokens,
                "usd": format_dollars_exact(row.micro_dollars),
                "share": row.share,
            }
            for row in found.rows
        ],
        "count": found.count,
        "tokens": found.tokens,
        "usd": format_dollars_exact(found.micro_dollars),
    }
