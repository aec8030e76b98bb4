"""Analytics: store ─▶ uses ─▶ insight, for one account or all, as far back as the plan lets it look."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from nostr_usage.amount import divide_half_up
from nostr_usage.errors import PricingError
from nostr_usage.insight.advice import Advice, cheaper_models, long_prompts, rare_add_ons
from nostr_usage.insight.forecast import Forecast, forecast
from nostr_usage.insight.margin import Margin, Sale, margin_of
from nostr_usage.insight.standing import Standing
from nostr_usage.insight.use import DAY_S, Use, by_day, day_of, days_from
from nostr_usage.ledger.entry import Entry, Operation
from nostr_usage.nostr.event import event_from_json
from nostr_usage.pricing.catalogue import Catalogue
from nostr_usage.pricing.price import FEMTO_PER_MICRO, femto_dollars
from nostr_usage.pricing.price_book import price_of
from nostr_usage.pricing.usage import Bucket, MeasuredUsage
from nostr_usage.report import balance_view, month_view
from nostr_usage.store import AccountRow, EntryRow, Reader, StreamRow
from nostr_usage.views import BalanceView, MonthView
from nostr_usage.wire.entry_event import entry_from_event

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


def uses_of(reader: Reader, stream: StreamRow, *, since: int | None = None) -> tuple[Use, ...]:
    """The debits and refunds of a stream, oldest first, with what models reported; add-ons are not among it.

    `since` is unix seconds; None is everything. What `stream_use` gives costs less.
    """
    after = _seq_before(reader, stream, since)
    return tuple(
        use
        for use in uses_after(reader, stream.stream_no, after_seq=after, until_seq=stream.seq)
        if since is None or use.at >= since
    )


def uses_after(reader: Reader, stream_no: int, *, after_seq: int, until_seq: int) -> Iterator[Use]:
    """The debits and refunds of a stream with `after_seq < seq <= until_seq`, oldest first."""
    measured = reader.measured_events(stream_no, after_seq=after_seq, until_seq=until_seq)
    next_measured = next(measured, None)
    for row in reader.entries(stream_no, after_seq=after_seq, until_seq=until_seq):
        while next_measured is not None and next_measured[0] < row.seq:
            next_measured = next(measured, None)
        if row.operation is Operation.DEBIT:
            is_measured = next_measured is not None and next_measured[0] == row.seq
            yield _use(row, row, usage=_usage_of(next_measured[1]) if next_measured and is_measured else ())
        elif row.operation is Operation.REFUND:
            yield _refund(reader, row)


def measured_uses_of(reader: Reader, stream: StreamRow, *, since: int | None = None) -> tuple[Use, ...]:
    """Like `uses_of`, with the add-ons that were chosen."""
    return tuple(
        _measured(_entry(reader, row)) if row.operation is Operation.DEBIT else _refund(reader, row)
        for row in _rows(reader, stream, since)
    )


def retention_days(catalogue: Catalogue, account: AccountRow | None) -> int | None:
    """How far back the plan lets views look; None without end."""
    if account is None or account.plan is None:
        return None
    return catalogue.plan(account.plan).analytics_days


def forecast_of(reader: Reader, stream: StreamRow, balance: BalanceView, *, now: int) -> Forecast | None:
    """When the balance runs out at the rate of the last `FORECAST_DAYS` days, or of all since the first use.

    Today does not count: it is not over.
    """
    zone = ZoneInfo("UTC")
    sums = by_day(uses_of(reader, stream, since=now - FORECAST_DAYS * DAY_S), zone)
    last = day_of(now, zone) - timedelta(days=1)
    first = max(day_of(_opened_at(reader, stream), zone), last - timedelta(days=FORECAST_DAYS - 2))
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
        for row in tuple(reader.entries(stream.stream_no)):
            if row.occurred_at < since:
                continue
            if row.operation is Operation.GRANT and row.type == "purchase":
                sales.append(Sale(paid_micro_dollars=row.cost))
            elif row.operation is Operation.DEBIT:
                use = _measured(_entry(reader, row))
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


def _rows(reader: Reader, stream: StreamRow, since: int | None) -> Iterator[EntryRow]:
    after = _seq_before(reader, stream, since)
    for row in reader.entries(stream.stream_no, after_seq=after, until_seq=stream.seq):
        if row.operation in {Operation.DEBIT, Operation.REFUND} and (
            since is None or row.occurred_at >= since
        ):
            yield row


def _seq_before(reader: Reader, stream: StreamRow, since: int | None) -> int:
    """An entry before all that happened since then: nothing is dated in the future."""
    return 0 if since is None else reader.seq_before(stream.stream_no, seq=stream.seq, created_at=since)


def _use(
    row: EntryRow,
    debit: EntryRow,
    *,
    usage: tuple[tuple[str, str, int], ...] = (),
    refunded_models: tuple[str, ...] = (),
) -> Use:
    """A debit, or what a refund gave back of `debit`: for whom and what, the debit says."""
    sign = -row.operation.sign
    return Use(
        at=row.occurred_at,
        activity=row.type,
        tokens=sign * row.tokens,
        micro_dollars=sign * row.cost,
        count=1 if row.operation is Operation.DEBIT else 0,
        actor=debit.actor,
        group=debit.group,
        prompt=debit.prompt,
        usage=usage,
        refunded_models=refunded_models,
    )


def _refund(reader: Reader, row: EntryRow) -> Use:
    debit = None if row.ref is None else reader.entry(row.ref)
    if debit is None or debit.stream_no != row.stream_no or debit.operation is not Operation.DEBIT:
        return _use(row, row)
    event_json = reader.event_json(debit.entry_id)
    assert event_json is not None, "an entry without its event"
    models = {model for model, _, _ in _usage_of(event_json)}
    return _use(row, debit, refunded_models=tuple(sorted(models)))


def _usage_of(event_json: bytes) -> tuple[tuple[str, str, int], ...]:
    """What models reported: the usage tags of an event that was checked when it was taken in."""
    tags = json.loads(event_json)["tags"]
    return tuple((tag[1], tag[2], int(tag[3])) for tag in tags if tag[0] == "usage")


def _measured(entry: Entry) -> Use:
    return Use(
        at=entry.occurred_at,
        activity=entry.type,
        tokens=entry.tokens,
        micro_dollars=entry.cost.micro_dollars,
        actor=entry.actor,
        group=entry.group,
        prompt=entry.prompt,
        usage=tuple((line.model, line.bucket, line.units) for line in entry.usage),
        options=tuple(_options(entry)),
    )


def _options(entry: Entry) -> Iterator[str]:
    """The add-ons, which the rules that were charged by name: `catalogue:version:activity+add-on:digest`."""
    for price in entry.prices:
        parts = price.split(":")
        activity, plus, option = parts[2].partition("+") if len(parts) == 4 else ("", "", "")
        if plus and activity == entry.type:
            yield option


def _entry(reader: Reader, row: EntryRow) -> Entry:
    event_json = reader.event_json(row.entry_id)
    assert event_json is not None, "an entry without its event"
    return entry_from_event(event_from_json(event_json))


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
