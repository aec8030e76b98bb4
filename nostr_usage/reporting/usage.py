"""Usage: all that one screen tells of a period, from one snapshot: parts, days, balances, forecast, value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from nostr_usage.amount import shares
from nostr_usage.errors import NotIncludedError
from nostr_usage.insight.breakdown import Breakdown, Dimension
from nostr_usage.insight.forecast import Forecast
from nostr_usage.insight.use import DAY_S, days_from
from nostr_usage.pricing.catalogue import Catalogue
from nostr_usage.pricing.usage import INPUT_BUCKETS, Bucket
from nostr_usage.report import rows_at
from nostr_usage.reporting.analytics import forecast_of
from nostr_usage.reporting.entitlement import Entitlement, entitlement_of
from nostr_usage.reporting.periods import Length, Lifespan, Period, period_at, same_days_before
from nostr_usage.reporting.stream_use import Days, ModelUnits, StreamUse, read_use
from nostr_usage.reporting.value import ValueView, value_view
from nostr_usage.store import Reader, StreamRow
from nostr_usage.views import BalanceView, HistoryRow

DEAREST_MAX = 5
HEAT_WEEKS = 53
DAILY_BARS_MAX = 92
"""A lifespan longer than this is drawn by month."""
PARTS = (Dimension.ACTIVITY, Dimension.MODEL, Dimension.MEMBER)


class Kind(StrEnum):
    """Prompt and completion tokens by what they were; pieces are counted one by one."""

    INPUT = "input"
    CACHE_READ = "cache read"
    CACHE_WRITE = "cache write"
    OUTPUT = "output"
    REASONING = "reasoning"
    PIECES = "other units"


_KINDS = {
    Bucket.CACHE_READ: Kind.CACHE_READ,
    Bucket.AUDIO_CACHE_READ: Kind.CACHE_READ,
    Bucket.CACHE_WRITE: Kind.CACHE_WRITE,
    Bucket.CACHE_WRITE_1H: Kind.CACHE_WRITE,
    Bucket.OUTPUT: Kind.OUTPUT,
    Bucket.AUDIO_OUT: Kind.OUTPUT,
    Bucket.IMAGE_OUT: Kind.OUTPUT,
    Bucket.VIDEO_OUT: Kind.OUTPUT,
    Bucket.REASONING: Kind.REASONING,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class KindRow:
    """Units of one kind as models reported them; shares of tokens add to 100, pieces have none."""

    kind: Kind
    units: int
    share: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One hour, day or month of a period.

    Attributes:
        first: its first second, unix time.
        tokens: used in it, net of refunds; None if it is to come, or before the first entry.
        balance: at its end, or now; None if it is not known.
        expected: the balance at its end by the forecast; None where there is none, and for the past.
    """

    first: int
    tokens: int | None
    balance: int | None
    expected: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageView:
    """The use of a period (UTC).

    Attributes:
        period: which one; `life` says how far others go.
        compared: the days that it is compared with; None where there is nothing before.
        parts: by activity, model and member, all of the same total; None where the plan does not include it.
        before: the same of `compared`.
        refusals: why a part is None, else empty.
        shown_days: how far back the plan lets this screen look, today included; None without end.
        kinds: what models reported; empty if none did.
        bars: by hour, day or month, the first one first; those of use add to the total.
        heat_from: the Monday that `heat` begins with; `heat` has a figure a day, None as in `Bar.tokens`.
        dearest: the debits of the period that took most tokens, as they were charged.
        value: against the prices of packs; None where none are sold.
        forecast: of the balance, now; None while too little was seen.
    """

    period: Period
    life: Lifespan
    compared: Period | None
    parts: tuple[Breakdown | None, ...]
    before: tuple[Breakdown | None, ...] | None
    refusals: tuple[str, ...]
    shown_days: int | None
    kinds: tuple[KindRow, ...]
    bars: tuple[Bar, ...]
    heat_from: date
    heat: tuple[int | None, ...]
    dearest: tuple[HistoryRow, ...]
    value: ValueView | None
    forecast: Forecast | None
    balance: BalanceView

    @property
    def total(self) -> Breakdown:
        """The use by activity, which every plan includes; any other part has the same total."""
        by_activity = self.parts[0]
        assert by_activity is not None
        return by_activity

    @property
    def is_current(self) -> bool:
        """Whether today lies in it."""
        return self.period.holds(self.life.today)

    @property
    def used_before(self) -> int | None:
        """Tokens of the days it is compared with; None where there is nothing before."""
        by_activity = self.before[0] if self.before is not None else None
        return None if by_activity is None else by_activity.tokens


def lifespan_of(reader: Reader, stream: StreamRow, *, now: int) -> Lifespan:
    """From the day of the first entry (or the first month with an entry, if earlier) to today."""
    first = reader.entry_at(stream.stream_no, 1)
    today = _day(now)
    opened = today if first is None else min(_day(first.occurred_at), today)
    months = reader.months(stream.stream_no)
    if months and months[0] < opened.strftime("%Y-%m"):
        opened = date.fromisoformat(f"{months[0]}-01")
    return Lifespan(opened=opened, today=today)


def usage_view(
    reader: Reader,
    stream: StreamRow,
    length: Length,
    day: date | None,
    *,
    now: int,
    balance: BalanceView,
    catalogue: Catalogue,
) -> UsageView:
    """The use of the period of that `length` that `day` (None is today) lies in, seen at `now`.

    Days that the plan does not show are as those before the first entry.
    """
    entitled = entitlement_of(catalogue, reader.account(stream.account))
    life = lifespan_of(reader, stream, now=now)
    life = Lifespan(opened=max(life.opened, entitled.shown_days(now).first), today=life.today)
    period = period_at(length, day or life.today, life)
    use = read_use(reader, [stream])
    found = forecast_of(reader, stream, balance, now=now, days_max=entitled.days, use=use)
    compared = same_days_before(period, life)
    parts = _parts(use, period, life, entitled)
    shown = min(period.last, life.today)
    heat_from = shown - timedelta(days=shown.weekday() + 7 * (HEAT_WEEKS - 1))
    return UsageView(
        period=period,
        life=life,
        compared=compared,
        parts=parts,
        before=_parts(use, compared, life, entitled) if compared else None,
        refusals=tuple(_refusal(entitled, dimension) for dimension in PARTS),
        shown_days=entitled.days,
        kinds=kind_rows(use.units(_days(period, life))) if parts[1] is not None else (),
        bars=_bars(reader, stream, use, period, life, balance=balance, rate=found, now=now),
        heat_from=heat_from,
        heat=_heat(use, heat_from, life),
        dearest=_dearest(reader, stream, period),
        value=value_view(parts[0], catalogue, meter=stream.meter) if parts[0] is not None else None,
        forecast=found,
        balance=balance,
    )


def _parts(
    use: StreamUse, period: Period, life: Lifespan, entitled: Entitlement
) -> tuple[Breakdown | None, ...]:
    return tuple(
        use.by(dimension, _days(period, life)) if entitled.includes_dimension(dimension) else None
        for dimension in PARTS
    )


def _refusal(entitled: Entitlement, dimension: Dimension) -> str:
    """Why the plan does not show this part, and which plans do; empty where it does."""
    try:
        entitled.require_dimension(dimension)
    except NotIncludedError as error:
        return f"{error.message}. {error.advice}"
    return ""


def kind_rows(models: Sequence[ModelUnits]) -> tuple[KindRow, ...]:
    """What models reported by kind; a bucket that only a later version knows counts as other units."""
    sums: dict[Kind, int] = {}
    for model in models:
        for name, units in model.buckets:
            kind = _kind(name)
            sums[kind] = sums.get(kind, 0) + units
    tokens = [kind for kind in Kind if kind in sums and kind is not Kind.PIECES]
    portions = dict(zip(tokens, shares([sums[kind] for kind in tokens]), strict=True))
    return tuple(
        KindRow(kind=kind, units=sums[kind], share=portions.get(kind)) for kind in Kind if sums.get(kind)
    )


def _kind(bucket: str) -> Kind:
    known = Bucket(bucket) if bucket in set(Bucket) else None
    if known is None:
        return Kind.PIECES
    return _KINDS.get(known, Kind.INPUT if known in INPUT_BUCKETS else Kind.PIECES)


def _bars(
    reader: Reader,
    stream: StreamRow,
    use: StreamUse,
    period: Period,
    life: Lifespan,
    *,
    balance: BalanceView,
    rate: Forecast | None,
    now: int,
) -> tuple[Bar, ...]:
    edges = _edges(period)
    used = _used(use, period, edges, life)
    opened = _second(life.opened)
    bars: list[Bar] = []
    for start, end in pairwise(edges):
        is_known = end > opened and start <= now
        is_now = start <= now < end
        held = balance.tokens if is_now else _balance_at(reader, stream, end) if is_known else None
        bars.append(
            Bar(
                first=start,
                tokens=used.get(start, 0) if is_known else None,
                balance=held,
                expected=_expected(balance, rate, end, now=now) if start > now else None,
            )
        )
    return tuple(bars)


def _edges(period: Period) -> list[int]:
    """Where the bars of a period begin, and where the last one ends."""
    start, end = _second(period.first), _second(period.last) + DAY_S
    if period.length is Length.DAY:
        return list(range(start, end + 1, 3_600))
    if _is_monthly(period):
        firsts = {day.replace(day=1) for day in days_from(period.first, period.last)}
        return [*(_second(day) for day in sorted(firsts)), end]
    return list(range(start, end + 1, DAY_S))


def _is_monthly(period: Period) -> bool:
    return period.length in {Length.YEAR, Length.ALL} and period.day_count > DAILY_BARS_MAX


def _used(use: StreamUse, period: Period, edges: Sequence[int], life: Lifespan) -> Mapping[int, int]:
    """Tokens by the first second of a bar."""
    if period.length is Length.DAY:
        hours = use.by(Dimension.HOUR, _days(period, life))
        return {edges[0] + 3_600 * int(row.name): row.tokens for row in hours.rows}
    if _is_monthly(period):
        months = use.by(Dimension.MONTH, _days(period, life))
        return {_second(date.fromisoformat(f"{row.name}-01")): row.tokens for row in months.rows}
    return {_second(day): tokens for day, tokens in use.days(_days(period, life)).items()}


def _balance_at(reader: Reader, stream: StreamRow, end: int) -> int | None:
    """The balance that the last entry before a unix time states; None before the first."""
    seq = reader.seq_before(stream.stream_no, seq=stream.seq, created_at=end)
    row = reader.entry_at(stream.stream_no, seq) if seq else None
    return None if row is None else row.balance


def _expected(balance: BalanceView, rate: Forecast | None, end: int, *, now: int) -> int | None:
    """What is left at `end` at the rate of late; nobody knows what a reset will bring, so it ends there."""
    if rate is None or (balance.resets_at is not None and now < balance.resets_at < end):
        return None
    return max(0, balance.tokens - rate.per_day * (end - now) // DAY_S)


def _heat(use: StreamUse, first: date, life: Lifespan) -> tuple[int | None, ...]:
    last = first + timedelta(days=7 * HEAT_WEEKS - 1)
    sums = use.days(Days(first=first, last=last))
    return tuple(
        sums.get(day, 0) if life.opened <= day <= life.today else None for day in days_from(first, last)
    )


def _dearest(reader: Reader, stream: StreamRow, period: Period) -> tuple[HistoryRow, ...]:
    seqs = reader.dearest(
        stream.stream_no,
        first_at=_second(period.first),
        end_at=_second(period.last) + DAY_S,
        limit=DEAREST_MAX,
    )
    rows = rows_at(reader, stream, seqs)
    return tuple(rows[seq] for seq in seqs if seq in rows)


def _days(period: Period, life: Lifespan) -> Days:
    """Those of the period that can be shown."""
    return Days(first=max(period.first, life.opened), last=period.last)


def _day(at: int) -> date:
    return datetime.fromtimestamp(at, UTC).date()


def _second(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
