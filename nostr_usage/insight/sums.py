"""Use summed by day and month in every dimension at once: what a store keeps, so that views add up little."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from nostr_usage.insight.breakdown import UTC_ZONE, Dimension, name_of
from nostr_usage.insight.use import DAY_S, Use

_EPOCH = date(1970, 1, 1)
_NAMED = (Dimension.ACTIVITY, Dimension.MODEL, Dimension.MEMBER, Dimension.GROUP, Dimension.PROMPT)


class Span(StrEnum):
    """How long a period is; days and months are those of UTC."""

    DAY = "day"
    MONTH = "month"


class UseSum(NamedTuple):
    """What one part used in one period: debits, which are its actions, less refunds.

    `period` counts days, or months, since January 1970; `name` is empty where it is not known, and for the
    whole period (dimension `day` or `month`).
    """

    span: Span
    dimension: Dimension
    period: int
    name: str
    actions: int
    tokens: int
    micro_dollars: int


class UnitSum(NamedTuple):
    """What one model reported in one bucket in one period; refunds take nothing away."""

    span: Span
    period: int
    model: str
    bucket: str
    units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """All sums of some uses, in no particular order."""

    uses: tuple[UseSum, ...]
    units: tuple[UnitSum, ...]


def sums_of(uses: Iterable[Use]) -> Sums:
    """The sums of `uses`: by day and month in every dimension, by hour within each day, and of units."""
    parts: dict[tuple[Span, Dimension, int, str], list[int]] = {}
    units: dict[tuple[Span, int, str, str], int] = {}
    for use in uses:
        day = use.at // DAY_S
        periods = ((Span.DAY, day), (Span.MONTH, month_number(day_numbered(day))))
        for key in _keys(use, periods):
            part = parts.setdefault(key, [0, 0, 0])
            part[0] += use.count
            part[1] += use.tokens
            part[2] += use.micro_dollars
        for span, period in periods:
            for model, bucket, number in use.usage:
                unit = (span, period, model, bucket)
                units[unit] = units.get(unit, 0) + number
    return Sums(
        uses=tuple(UseSum(*key, *part) for key, part in parts.items()),
        units=tuple(UnitSum(*key, number) for key, number in units.items()),
    )


def _keys(
    use: Use, periods: tuple[tuple[Span, int], tuple[Span, int]]
) -> Iterator[tuple[Span, Dimension, int, str]]:
    (_, day), (_, month) = periods
    yield (Span.DAY, Dimension.DAY, day, "")
    yield (Span.DAY, Dimension.HOUR, day, name_of(use, Dimension.HOUR, UTC_ZONE))
    yield (Span.MONTH, Dimension.MONTH, month, "")
    for dimension in _NAMED:
        name = name_of(use, dimension, UTC_ZONE)
        for span, period in periods:
            yield (span, dimension, period, name)


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - _EPOCH).days


def day_numbered(number: int) -> date:
    """The day with that number."""
    return _EPOCH + timedelta(days=number)


def month_number(day: date) -> int:
    """Months since January 1970 of the month that `day` lies in."""
    return (day.year - 1970) * 12 + day.month - 1


def month_numbered(number: int) -> str:
    """The month with that number, as `2026-02`."""
    return f"{1970 + number // 12:04d}-{number % 12 + 1:02d}"
