"""`nostr-usage stats|forecast|tips`: what use means, for one account as far back as its plan shows it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from zoneinfo import ZoneInfo

import click

from nostr_usage.amount import format_dollars, format_tokens
from nostr_usage.cli.breakdowns import breakdown_rows, print_breakdown, print_breakdown_csv
from nostr_usage.cli.choosing import account_argument, balance_views, chosen_stream, meter_option
from nostr_usage.cli.options import json_option, pass_clock, pass_home
from nostr_usage.cli.output import (
    iso_time,
    moment,
    print_json,
    print_line,
    print_note,
)
from nostr_usage.cli.platform_stats import print_platform
from nostr_usage.clock import Clock
from nostr_usage.errors import InputError
from nostr_usage.home import Home
from nostr_usage.insight.advice import Advice, AdviceKind
from nostr_usage.insight.breakdown import Breakdown, Dimension
from nostr_usage.insight.forecast import DAYS_MIN, Forecast
from nostr_usage.insight.trend import MonthSoFar, Trend, month_so_far, trend
from nostr_usage.insight.use import day_of, without_prompts
from nostr_usage.ledger.state import state_from_json
from nostr_usage.reporting.analytics import advice_for, forecast_of
from nostr_usage.reporting.entitlement import Feature, entitlement_of
from nostr_usage.reporting.stream_use import all_days, read_use, save_use
from nostr_usage.reporting.uses import last_used_at, measured_uses_of
from nostr_usage.wiring import home_catalogue, open_reader

_UTC = ZoneInfo("UTC")


@click.command(epilog="Example: nostr-usage stats alice --by member --days 30")
@account_argument
@click.option(
    "--by",
    "dimension",
    type=click.Choice([dimension.value for dimension in Dimension]),
    default=Dimension.ACTIVITY.value,
    show_default=True,
    help="What to break it down by.",
)
@click.option("--days", type=click.IntRange(min=1), help="How far back.  [default: as far as the plan shows]")
@click.option("--csv", "as_csv", is_flag=True, help="CSV, for spreadsheets; no cell can be a formula.")
@click.option("--all", "is_all", is_flag=True, help="All accounts together, and those that used most.")
@meter_option
@json_option
@pass_home
@pass_clock
def stats(
    clock: Clock,
    home: Home,
    *,
    account: str | None,
    is_all: bool,
    dimension: str,
    days: int | None,
    as_csv: bool,
    meter: str | None,
    as_json: bool,
) -> None:
    """Use by activity, model, member, group, prompt, day, month or hour; its rate, and the month so far.

    The plan says how far back that goes and what it may be broken down by; days are those of UTC. With --all,
    what every account used in one meter, whatever their plans.

    Exit codes: 0 done, 2 no such account, 3 the plan does not include it, 5 no usable home.
    """
    if is_all and account is not None:
        raise InputError("--all takes no account", advice="Give one of the two.")
    now, chosen = clock.now(), Dimension(dimension)
    with open_reader(home) as opened:
        if is_all:
            catalogue = home_catalogue(home, opened.settings)
            wanted = catalogue.meter(meter or catalogue.default_meter).name
            print_platform(opened, chosen, meter=wanted, days=days, now=now, as_csv=as_csv, as_json=as_json)
            return
        with opened.store.read() as reader:
            stream = chosen_stream(opened, reader, account, meter=meter)
            entitled = entitlement_of(home_catalogue(home, opened.settings), reader.account(stream.account))
        entitled.require_dimension(chosen)
        if as_csv:
            entitled.require(Feature.CSV_EXPORT)
        save_use(opened.store, [stream])
        with opened.store.read() as reader:
            use = read_use(reader, [stream])
            found = use.by(chosen, entitled.shown_days(now, days))
            shown, sums = use.days(entitled.shown_days(now)), use.days(all_days())
            last = last_used_at(reader, stream)
            state = state_from_json(stream.state_json)
    if as_csv:
        print_breakdown_csv(found)
        return
    today, life = day_of(now, _UTC), state.lifetime
    told = _Told(
        moving=trend(shown, today=today),
        month=month_so_far(sums, today=today),
        used_ever=life.used - life.refunded,
        last_used_at=last,
        reset_at=state.cycles[-1].start if state.cycles else None,
    )
    if as_json:
        print_json(_stats_object(found, told))
        return
    print_breakdown(found)
    if entitled.days is not None and (days is None or days > entitled.days):
        print_note(f"The plan shows the last {entitled.days} days; the ledger holds everything.")
    _print_told(told)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What is said beside a breakdown; times are unix seconds, None where there was none."""

    moving: Trend
    month: MonthSoFar
    used_ever: int
    last_used_at: int | None
    reset_at: int | None


def _print_told(told: _Told) -> None:
    moving, month = told.moving, told.month
    print_line(f"ever      {format_tokens(told.used_ever)} tokens")
    print_line(f"last use  {'never' if told.last_used_at is None else moment(told.last_used_at)}")
    print_line(f"reset     {'never' if told.reset_at is None else moment(told.reset_at)}")
    print_line(f"rate      {format_tokens(moving.per_day)} a day{_change(moving.change_percent)}")
    print_line(
        f"{month.month}   {format_tokens(month.tokens)} in {month.days} days, {month.month_before}"
        f" {format_tokens(month.tokens_before)}{_change(month.change_percent)}"
    )


def _stats_object(found: Breakdown, told: _Told) -> dict[str, object]:
    moving = told.moving
    return {
        **breakdown_rows(found),
        "lifetime_used": told.used_ever,
        "last_used_at": iso_time(told.last_used_at),
        "last_reset_at": iso_time(told.reset_at),
        "per_day": moving.per_day,
        "per_day_before": moving.per_day_before,
        "change_percent": moving.change_percent,
        "days": [{"day": day.isoformat(), "tokens": tokens} for day, tokens in moving.days],
        "month": asdict(told.month),
    }


def _change(percent: int | None) -> str:
    return "" if percent is None else f" ({percent:+} %)"


@click.command(epilog="Example: nostr-usage forecast alice")
@account_argument
@meter_option
@json_option
@pass_home
@pass_clock
def forecast(clock: Clock, home: Home, *, account: str | None, meter: str | None, as_json: bool) -> None:
    """When the balance runs out if use goes on as in the last four weeks, with the range of four in five.

    Exit codes: 0 done, 2 no such account, 5 no usable home.
    """
    now = clock.now()
    with open_reader(home) as opened:
        with opened.store.read() as reader:
            stream = chosen_stream(opened, reader, account, meter=meter)
            entitled = entitlement_of(home_catalogue(home, opened.settings), reader.account(stream.account))
        save_use(opened.store, [stream])
        with opened.store.read() as reader:
            (balance,) = balance_views(opened, reader, [stream], now=now)
            found = forecast_of(reader, stream, balance, now=now, days_max=entitled.days)
    if as_json:
        print_json(None if found is None else _forecast_object(found))
    elif found is None:
        print_line(f"no forecast yet: it takes {DAYS_MIN} whole days since the account was opened")
    else:
        _print_forecast(found)


def _forecast_object(found: Forecast) -> dict[str, object]:
    times = {name: iso_time(getattr(found, name)) for name in ("runs_out_at", "earliest_at", "latest_at")}
    return {**asdict(found), **times}


def _print_forecast(found: Forecast) -> None:
    print_line(f"{format_tokens(found.tokens)} left, {format_tokens(found.per_day)} a day")
    if found.runs_out_at is None:
        print_line("  at that rate it does not run out")
    else:
        earliest = "" if found.earliest_at is None else moment(found.earliest_at)
        latest = "never" if found.latest_at is None else moment(found.latest_at)
        print_line(f"  runs out  {moment(found.runs_out_at)}")
        print_line(f"  between   {earliest} and {latest} in four of five cases")
    if found.left_at_reset is not None:
        print_line(f"  at reset  {format_tokens(found.left_at_reset)} left")
    print_line(f"  seen      {found.days_seen} days")
    if found.is_short:
        print_note("It is expected to run out before the next allowance.")
    elif found.may_be_short:
        print_note("It may run out before the next allowance.")


@click.command(epilog="Example: nostr-usage tips alice")
@account_argument
@meter_option
@json_option
@pass_home
@pass_clock
def tips(clock: Clock, home: Home, *, account: str | None, meter: str | None, as_json: bool) -> None:
    """What would have cost less: other models, shorter prompts, fewer add-ons; computed from what was used.

    What each would have saved is part of some plans, and so are tips for every prompt.

    Exit codes: 0 done, 2 no such account, 3 the plan does not include it, 5 no usable home.
    """
    now = clock.now()
    with open_reader(home) as opened, opened.store.read() as reader:
        catalogue = home_catalogue(home, opened.settings)
        stream = chosen_stream(opened, reader, account, meter=meter)
        entitled = entitlement_of(catalogue, reader.account(stream.account))
        entitled.require(Feature.TIPS)
        uses = measured_uses_of(reader, stream, since=entitled.shown_since(now))
        by_prompt = entitled.includes(Feature.DEEP_RECOMMENDATIONS)
        found = advice_for(uses if by_prompt else without_prompts(uses), catalogue)
    has_savings = entitled.includes(Feature.RECOMMENDATIONS)
    if as_json:
        print_json([_advice_object(one, has_savings=has_savings) for one in found])
        return
    if not found:
        print_line("nothing to save was found")
    for one in found:
        saved = f": {format_dollars(one.saved_micro_dollars)} ({one.saved_percent} %)" if has_savings else ""
        print_line(f"{_tip(one)}{saved}")


def _advice_object(one: Advice, *, has_savings: bool) -> dict[str, object]:
    return {
        name: value for name, value in asdict(one).items() if has_savings or not name.startswith("saved_")
    }


def _tip(one: Advice) -> str:
    match one.kind:
        case AdviceKind.OTHER_MODEL:
            return f"{one.subject}: {one.use} instead of {one.instead_of}, over {one.actions} actions"
        case AdviceKind.SHORTER_PROMPTS:
            return f"{one.subject}: half as long prompts, over {one.actions} actions"
        case AdviceKind.FEWER_ADD_ONS:
            return f"{one.subject}: without {one.instead_of}, chosen {one.actions} times"
