"""Use of streams by activity, model, member, group, prompt, day and hour: saved sums, and what came after.

`read_use` gives all figures of one screen from one snapshot. Sums by day and month are saved in the store by
`save_use`, which views call before they read; writers of entries have nothing to do with it. What was not
saved yet is added up on the way, so a figure is right with or without it: what `uses_of` and `breakdown` say.

    with store.read() as reader:
        use = read_use(reader, [stream])
        use.by(Dimension.MODEL, month_days("2026-02"))   # a Breakdown: rows that add to their total
        use.units(days)                                  # what models reported, by model and bucket
        use.days(days)                                   # tokens a day
        use.hours_of_week(days)                          # tokens by weekday and hour

Days, months and hours are those of UTC. A refund lowers, on its own day, what its debit raised.
"""

from __future__ import annotations

import contextlib
from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from nostr_usage.errors import HomeError
from nostr_usage.insight.breakdown import Breakdown, Dimension, breakdown_of
from nostr_usage.insight.sums import (
    Span,
    Sums,
    UnitSum,
    UseSum,
    day_number,
    day_numbered,
    month_number,
    month_numbered,
    sums_of,
)
from nostr_usage.insight.use import DAY_S
from nostr_usage.pricing.usage import INPUT_BUCKETS, Bucket
from nostr_usage.reporting.uses import uses_after
from nostr_usage.store import Reader, Store, StreamRow, UnitSumRow, UseSumRow

HOURS_OF_WEEK = 7 * 24
# Fewer new entries than this are added up again sooner than they are saved.
_SAVED_FROM_ENTRIES = 32
# Long enough for few commits, short enough for the memory.
_ENTRIES_AT_ONCE = 5_000
_OUTPUTS = frozenset({Bucket.OUTPUT, Bucket.REASONING, Bucket.AUDIO_OUT, Bucket.IMAGE_OUT, Bucket.VIDEO_OUT})
_CACHE_READS = frozenset({Bucket.CACHE_READ, Bucket.AUDIO_CACHE_READ})
_CACHE_WRITES = frozenset({Bucket.CACHE_WRITE, Bucket.CACHE_WRITE_1H})


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """The days from `first` to `last`, both included, in UTC."""

    first: date
    last: date

    @property
    def are_months(self) -> bool:
        """Whether they are whole months."""
        return self.first.day == 1 and (self.last + timedelta(days=1)).day == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUnits:
    """What one model reported, in buckets that do not overlap: kinds of tokens, pictures, seconds.

    `buckets` is (bucket, units), sorted by bucket.
    """

    model: str
    buckets: tuple[tuple[str, int], ...]

    @property
    def input(self) -> int:
        """Prompt tokens, with those from and for the cache."""
        return self._of(INPUT_BUCKETS)

    @property
    def output(self) -> int:
        """Completion tokens, with those of reasoning, speech and pictures."""
        return self._of(_OUTPUTS)

    @property
    def cache_read(self) -> int:
        """Prompt tokens that came from the cache; part of `input`."""
        return self._of(_CACHE_READS)

    @property
    def cache_write(self) -> int:
        """Prompt tokens that were written to the cache; part of `input`."""
        return self._of(_CACHE_WRITES)

    def _of(self, buckets: frozenset[Bucket]) -> int:
        return sum(units for bucket, units in self.buckets if bucket in buckets)


class StreamUse:
    """The use of some streams of one meter in one snapshot; ends with its reader."""

    def __init__(self, reader: Reader, parts: Sequence[tuple[int, bool, Sums]]) -> None:
        self._reader = reader
        self._parts = tuple(parts)

    def by(self, dimension: Dimension, days: Days) -> Breakdown:
        """The use of these days by `dimension`."""
        sums: dict[str, list[int]] = {}
        is_part_of_month = dimension is Dimension.MONTH and not days.are_months
        for one in self._sums(Dimension.DAY if is_part_of_month else dimension, days):
            part = sums.setdefault(_name(one, dimension), [0, 0, 0])
            part[0] += one.actions
            part[1] += one.tokens
            part[2] += one.micro_dollars
        return breakdown_of(sums, dimension)

    def days(self, days: Days) -> dict[date, int]:
        """Tokens by day, net of refunds, in order; days without debits and refunds are left out."""
        found = self.by(Dimension.DAY, days)
        return {date.fromisoformat(row.name): row.tokens for row in found.rows}

    def hours_of_week(self, days: Days) -> tuple[int, ...]:
        """Tokens by hour of the week, net of refunds: `HOURS_OF_WEEK` figures, Monday 00:00 first."""
        hours = [0] * HOURS_OF_WEEK
        for one in self._sums(Dimension.HOUR, days):
            hours[day_numbered(one.period).weekday() * 24 + int(one.name)] += one.tokens
        return tuple(hours)

    def units(self, days: Days) -> tuple[ModelUnits, ...]:
        """What models reported on these days, by the model's name; refunds take nothing away."""
        by_model: dict[str, dict[str, int]] = {}
        for one in self._unit_sums(days):
            buckets = by_model.setdefault(one.model, {})
            buckets[one.bucket] = buckets.get(one.bucket, 0) + one.units
        return tuple(
            ModelUnits(model=model, buckets=tuple(sorted(buckets.items())))
            for model, buckets in sorted(by_model.items())
        )

    def _sums(self, dimension: Dimension, days: Days) -> Iterator[UseSum]:
        span = _span(dimension, days)
        first, last = _periods(span, days)
        for stream_no, has_saved, new in self._parts:
            if has_saved:
                rows = self._reader.use_sums(
                    stream_no, span=span.value, dimension=dimension.value, first=first, last=last
                )
                for row in rows:
                    yield UseSum(span, dimension, *row[2:])
            for one in new.uses:
                if one.span is span and one.dimension is dimension and first <= one.period <= last:
                    yield one

    def _unit_sums(self, days: Days) -> Iterator[UnitSum]:
        span = _span(Dimension.MODEL, days)
        first, last = _periods(span, days)
        for stream_no, has_saved, new in self._parts:
            if has_saved:
                for row in self._reader.unit_sums(stream_no, span=span.value, first=first, last=last):
                    yield UnitSum(span, *row[1:])
            for one in new.units:
                if one.span is span and first <= one.period <= last:
                    yield one


def read_use(reader: Reader, streams: Iterable[StreamRow]) -> StreamUse:
    """The use of `streams`, which should share a meter, through the entry that each row names as its last.

    A row of the past (with a lower `seq` than its stream has) is added up from its first entry.
    """
    parts: list[tuple[int, bool, Sums]] = []
    for stream in streams:
        saved = reader.use_sums_through(stream.stream_no)
        has_saved = 0 < saved <= stream.seq
        after = saved if has_saved else 0
        new = sums_of(uses_after(reader, stream.stream_no, after_seq=after, until_seq=stream.seq))
        parts.append((stream.stream_no, has_saved, new))
    return StreamUse(reader, parts)


def save_use(store: Store, streams: Iterable[StreamRow]) -> None:
    """Bring the saved sums of `streams` up to date, a few thousand entries at a time.

    For whoever is about to look. A store that cannot be written now is left as it is: no figure needs it.
    Writers wait for the rows of the sums only: entries are read and added up in a snapshot.
    """
    with contextlib.suppress(HomeError):
        for stream in streams:
            while _save_some(store, stream):
                pass


def _save_some(store: Store, stream: StreamRow) -> bool:
    """Save the sums of the next entries; whether there are more."""
    with store.read() as reader:
        after = reader.use_sums_through(stream.stream_no)
        if stream.seq - after < _SAVED_FROM_ENTRIES:
            return False
        through = min(stream.seq, after + _ENTRIES_AT_ONCE)
        found = sums_of(uses_after(reader, stream.stream_no, after_seq=after, until_seq=through))
    uses = [UseSumRow(one.span.value, one.dimension.value, *one[2:]) for one in found.uses]
    units = [UnitSumRow(one.span.value, *one[1:]) for one in found.units]
    return store.write(
        lambda transaction: transaction.add_to_use_sums(
            stream.stream_no, after_seq=after, through_seq=through, uses=uses, units=units
        )
    )


def month_days(month: str) -> Days:
    """The days of a month such as `2026-02`."""
    first = date.fromisoformat(f"{month}-01")
    return Days(first=first, last=first.replace(day=monthrange(first.year, first.month)[1]))


def last_days(now: int, days: int) -> Days:
    """The last `days` days (1 or more) up to and with the day of `now` (unix seconds)."""
    today = day_numbered(now // DAY_S)
    return Days(first=today - timedelta(days=days - 1), last=today)


def all_days() -> Days:
    """Every day of which a ledger can tell."""
    return Days(first=day_numbered(0), last=date.max.replace(year=date.max.year - 1))


def _span(dimension: Dimension, days: Days) -> Span:
    is_of_days = dimension in {Dimension.DAY, Dimension.HOUR}
    return Span.MONTH if days.are_months and not is_of_days else Span.DAY


def _periods(span: Span, days: Days) -> tuple[int, int]:
    number = day_number if span is Span.DAY else month_number
    return number(days.first), number(days.last)


def _name(one: UseSum, dimension: Dimension) -> str:
    if dimension is Dimension.DAY:
        return day_numbered(one.period).isoformat()
    if dimension is Dimension.MONTH:
        is_day = one.span is Span.DAY
        return month_numbered(month_number(day_numbered(one.period)) if is_day else one.period)
    return one.name
