"""Use by activity, model, member, department, prompt, day or month: rows that add to their total."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never
from zoneinfo import ZoneInfo

from nostr_usage.amount import cents_that_add, shares
from nostr_usage.insight.use import Use, day_of, hour_of

UTC_ZONE = ZoneInfo("UTC")
UNKNOWN = ""
MANY_MODELS = "several"


class Dimension(StrEnum):
    """What to break use down by."""

    ACTIVITY = "activity"
    MODEL = "model"
    MEMBER = "member"
    GROUP = "group"
    PROMPT = "prompt"
    DAY = "day"
    MONTH = "month"
    HOUR = "hour"
    """The hour of the day, `00` to `23`."""


_IN_TIME = frozenset({Dimension.DAY, Dimension.MONTH, Dimension.HOUR})


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One part of a breakdown.

    Attributes:
        name: of the part; empty where it is not known.
        count: debits.
        tokens: net of refunds.
        micro_dollars: what was shown for them.
        cents: the same in whole cents; those of all rows add to the total's.
        share: percent of all tokens; those of all rows add to 100, or are all 0.
    """

    name: str
    count: int
    tokens: int
    micro_dollars: int
    cents: int
    share: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """Use in parts: days, months and hours in their order, everything else the largest first."""

    dimension: Dimension
    rows: tuple[Row, ...]
    count: int
    tokens: int
    micro_dollars: int
    cents: int


def breakdown(uses: Iterable[Use], dimension: Dimension, *, zone: ZoneInfo) -> Breakdown:
    """`uses` by `dimension`; an action with several models counts among them as one of its own."""
    sums: dict[str, list[int]] = {}
    for use in uses:
        part = sums.setdefault(name_of(use, dimension, zone), [0, 0, 0])
        part[0] += use.count
        part[1] += use.tokens
        part[2] += use.micro_dollars
    return breakdown_of(sums, dimension)


def breakdown_of(parts: Mapping[str, Sequence[int]], dimension: Dimension) -> Breakdown:
    """The breakdown of sums that are known: (count, tokens, micro-dollars) by name."""
    ordered = sorted(parts.items(), key=lambda item: (0 if dimension in _IN_TIME else -item[1][1], item[0]))
    cents = cents_that_add([part[2] for _, part in ordered])
    portions = shares([max(part[1], 0) for _, part in ordered])
    rows = tuple(
        Row(name=name, count=part[0], tokens=part[1], micro_dollars=part[2], cents=cent, share=share)
        for (name, part), cent, share in zip(ordered, cents, portions, strict=True)
    )
    return Breakdown(
        dimension=dimension,
        rows=rows,
        count=sum(row.count for row in rows),
        tokens=sum(row.tokens for row in rows),
        micro_dollars=sum(row.micro_dollars for row in rows),
        cents=sum(row.cents for row in rows),
    )


def name_of(use: Use, dimension: Dimension, zone: ZoneInfo) -> str:
    """The part of a breakdown by `dimension` that `use` belongs to; empty where that is not known."""
    match dimension:
        case Dimension.ACTIVITY:
            return use.activity
        case Dimension.MODEL:
            return use.models[0] if len(use.models) == 1 else MANY_MODELS if use.models else UNKNOWN
        case Dimension.MEMBER:
            return use.actor or UNKNOWN
        case Dimension.GROUP:
            return use.group or UNKNOWN
        case Dimension.PROMPT:
            return use.prompt or UNKNOWN
        case Dimension.DAY:
            return day_of(use.at, zone).isoformat()
        case Dimension.MONTH:
            return day_of(use.at, zone).strftime("%Y-%m")
        case Dimension.HOUR:
            return f"{hour_of(use.at, zone):02d}"
        case _:
            assert_never(dimension)
