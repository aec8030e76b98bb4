"""Analytics: store ─▶ uses ─▶ insight, for one account or all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from nostr_usage.amount import divide_half_up
from nostr_usage.errors import PricingError
from nostr_usage.insight.advice import Advice, cheaper_models, long_prompts, rare_add_ons
from nostr_usage.insight.forecast import Forecast, forecast
from nostr_usage.insight.margin import Margin, Sale, margin_of
from nostr_usage.insight.standing import Standing
from nostr_usage.insight.use import Use, day_of, days_from
from nostr_usage.ledger.entry import Operation, Source
from nostr_usage.pricing.catalogue import Catalogue
from nostr_usage.pricing.price import FEMTO_PER_MICRO, femto_dollars
from nostr_usage.pricing.price_book import price_of
from nostr_usage.pricing.usage import Bucket, MeasuredUsage
from nostr_usage.report import balance_view, month_view
from nostr_usage.reporting.stream_use import Days, StreamUse, read_use
from nostr_usage.reporting.uses import measured_use
from nostr_usage.store import Reader, StreamRow
from nostr_usage.views import BalanceView, MonthView

FORECAST_DAYS = 28


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementView:
    """One month of a stream from its opening to its closing balance; the figures re-add.

    `opening + granted + purchased + refunded − used − expired − reversed = closing`.
    """

    month: MonthView
    opening: int
    granted: int
    purchased: int
    refunded: int
    used: int
    expired: int
    reversed: int

    @property
    def closing(self) -> int:
        """The balance after the last entry of the month."""
        added = self.opening + self.granted + self.purchased + self.refunded
        return added - self.used - self.expired - self.reversed


def forecast_of(
    reader: Reader,
    stream: StreamRow,
    balance: BalanceView,
    *,
    now: int,
    days_max: int | None = None,
    use: StreamUse | None = None,
) -> Forecast | None:
    """When the balance runs out at the rate of the last `FORECAST_DAYS` days, or of all since the first use.

    Today does not count: it is not over. `days_max` is how far back a plan lets views look, today included;
    `use` is that of the stream, where it was read already.
    """
    zone = ZoneInfo("UTC")
    last = day_of(now, zone) - timedelta(days=1)
    seen = FORECAST_DAYS if days_max is None else min(days_max, FORECAST_DAYS)
    first = max(day_of(_opened_at(reader, stream), zone), last - timedelta(days=seen - 2))
    if first > last:
        return None
    sums = (use or read_use(reader, [stream])).days(Days(first=first, last=last))
    per_day = [max(sums.get(day, 0), 0) for day in days_from(first, last)]
    return forecast(balance.tokens, per_day, now=now, resets_at=balance.resets_at)


def standings(reader: Reader, *, meter: str, now: int, token_value: int) -> tuple[Standing, ...]:
    """Every account with a stream in `meter`, in its current cycle."""
    found: list[Standing] = []
    for stream in tuple(reader.streams()):
        if stream.meter != meter:
            continue
        account = reader.account(stream.account)
        balance = balance_view(reader, stream, now=now, token_value=token_value)
        found.append(
            Standing(
                account=stream.account,
                label=balance.label,
                plan=account.plan if account else None,
                allowance=balance.allowance_granted,
                used=balance.used_this_cycle,
                left=balance.tokens,
                forecast=forecast_of(reader, stream, balance, now=now),
            )
        )
    return tuple(found)


def advice_for(uses: Iterable[Use], catalogue: Catalogue) -> tuple[Advice, ...]:
    """What would have cost the account less, the largest saving first."""
    known = tuple(uses)

    def repriced(use: Use, model: str) -> int | None:
        return _provider_cost(use, catalogue, model=model)

    def worth(activity: str, option: str) -> int | None:
        for rule in catalogue.activities:
            for add_on in rule.add_ons:
                if (rule.name, add_on.name) == (activity, option):
                    return add_on.tokens * catalogue.token_value_of(rule.meter) // 1_000
        return None

    found = (
        *cheaper_models(known, [model.name for model in catalogue.models], repriced=repriced),
        *long_prompts(known),
        *rare_add_ons(known, worth=worth),
    )
    return tuple(sorted(found, key=lambda one: -one.saved_micro_dollars))


def margin_for(reader: Reader, catalogue: Catalogue, *, since: int, budget_percent: int) -> Margin:
    """What was paid for packs since then, against what the models of all debits cost: the operator's own.

    Subscriptions are paid elsewhere; whoever bills them adds them.
    """
    sales: list[Sale] = []
    for stream in tuple(reader.streams()):
        after = reader.seq_before(stream.stream_no, seq=stream.seq, created_at=since)
        for row in tuple(reader.entries(stream.stream_no, after_seq=after)):
            if row.occurred_at < since:
                continue
            if row.operation is Operation.GRANT and row.lot_source is Source.PURCHASED:
                sales.append(Sale(paid_micro_dollars=row.cost))
            elif row.operation is Operation.DEBIT:
                use = measured_use(reader, row)
                if use.usage:
                    sales.append(Sale(cost_micro_dollars=_provider_cost(use, catalogue)))
    return margin_of(sales, budget_percent=budget_percent)


def statement_view(reader: Reader, stream: StreamRow, month: str) -> StatementView:
    """One month (`2026-02`, UTC) of a stream, also if nothing happened in it."""
    view = month_view(reader, stream, month)
    totals = reader.month_totals(stream.stream_no)
    opening = sum(one.operation.sign * one.tokens for one in totals if one.month < month)
    sums = dict.fromkeys(Operation, 0)
    for one in totals:
        if one.month == month:
            sums[one.operation] += one.tokens
    return StatementView(
        month=view,
        opening=opening,
        granted=view.granted,
        purchased=view.purchased,
        refunded=sums[Operation.REFUND],
        used=sums[Operation.DEBIT],
        expired=sums[Operation.EXPIRE],
        reversed=sums[Operation.REVERSE],
    )


def month_start(now: int) -> int:
    """The first second of the month of a unix time, UTC."""
    moment = datetime.fromtimestamp(now, ZoneInfo("UTC"))
    return int(moment.replace(day=1, hour=0, minute=0, second=0).timestamp())


def _provider_cost(use: Use, catalogue: Catalogue, *, model: str | None = None) -> int | None:
    """What the usage cost the operator in micro-dollars, or would have with `model`; None without a price."""
    total = 0
    try:
        for name, bucket, units in use.usage:
            price = price_of(model or name, at=use.at, own=catalogue.own_prices)
            counts = ((Bucket(bucket), units),)
            total += femto_dollars(MeasuredUsage(model=name, counts=counts, is_sum=True), price)
    except (PricingError, ValueError):  # a bucket that only a later version knows
        return None
    return divide_half_up(total, FEMTO_PER_MICRO)


def _opened_at(reader: Reader, stream: StreamRow) -> int:
    first = reader.entry_at(stream.stream_no, 1)
    return first.occurred_at if first is not None else stream.created_at
