"""`nostr-usage alerts`: what an account's owner or the operator should look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from zoneinfo import ZoneInfo

import click

from nostr_usage.amount import format_dollars, format_tokens
from nostr_usage.cli.choosing import account_argument, chosen_stream, meter_option
from nostr_usage.cli.options import json_option, pass_clock, pass_home
from nostr_usage.cli.output import ExitCode, iso_time, moment, print_json, print_line, print_table
from nostr_usage.clock import Clock
from nostr_usage.errors import InputError
from nostr_usage.home import Home
from nostr_usage.insight.standing import (
    AverageLevel,
    Standing,
    at_risk,
    dearest_actions,
    plan_average,
    power_users,
    upsell,
)
from nostr_usage.insight.unusual import bursts, spikes
from nostr_usage.insight.use import Use, by_day, day_of
from nostr_usage.pricing.catalogue import Catalogue
from nostr_usage.reporting.analytics import margin_for, month_start, standings
from nostr_usage.reporting.entitlement import Entitlement, entitlement_of
from nostr_usage.reporting.platform import streams_of_meter
from nostr_usage.reporting.stream_use import save_use
from nostr_usage.reporting.uses import uses_of
from nostr_usage.store import AlertRow, Reader, Store, StreamRow
from nostr_usage.wiring import ReaderHome, home_catalogue, open_reader

ALERTS_SHOWN_MAX = 50
_UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something to look at; `at` is when it happened, unix seconds."""

    kind: str
    text: str
    at: int | None = None


@click.command(epilog="Example: nostr-usage alerts --all")
@account_argument
@click.option("--all", "is_all", is_flag=True, help="Every account: power users, those at risk, averages.")
@meter_option
@json_option
@pass_home
@pass_clock
def alerts(
    clock: Clock, home: Home, *, account: str | None, is_all: bool, meter: str | None, as_json: bool
) -> int:
    """Thresholds that were crossed, unusual days and bursts; with --all, what the operator should know.

    Days and bursts go back as far as the plan of the account shows.

    Exit codes: 0 nothing, 1 something was found, 2 no such account, 5 no usable home.
    """
    if is_all and account is not None:
        raise InputError("--all takes no account", advice="Give one of the two.")
    now = clock.now()
    with open_reader(home) as opened:
        catalogue = home_catalogue(home, opened.settings)
        if is_all:
            findings = _of_all(opened.store, catalogue, meter=meter or catalogue.default_meter, now=now)
        else:
            findings = _of_one(opened, catalogue, account, meter=meter, now=now)
    if as_json:
        print_json([{**asdict(finding), "at": iso_time(finding.at)} for finding in findings])
    elif findings:
        rows = [
            ("" if finding.at is None else moment(finding.at), finding.kind, finding.text)
            for finding in findings
        ]
        print_table(("when", "what", ""), rows)
    else:
        print_line("nothing to look at")
    return ExitCode.PROBLEMS if findings else ExitCode.DONE


def _of_one(
    opened: ReaderHome, catalogue: Catalogue, account: str | None, *, meter: str | None, now: int
) -> list[Finding]:
    with opened.store.read() as reader:
        stream = chosen_stream(opened, reader, account, meter=meter)
        entitled = entitlement_of(catalogue, reader.account(stream.account))
        return list(_of_account(reader, stream, entitled, now=now))


def _of_account(reader: Reader, stream: StreamRow, entitled: Entitlement, *, now: int) -> Iterator[Finding]:
    for row in reader.alerts(stream.stream_no, limit=ALERTS_SHOWN_MAX):
        yield Finding(kind=row.kind, text=_alert_text(row), at=row.given_at)
    uses = uses_of(reader, stream, since=entitled.shown_since(now))
    for spike in spikes(by_day(uses, _UTC), today=day_of(now, _UTC)):
        text = f"{spike.day}: {format_tokens(spike.tokens)} used, {format_tokens(spike.usual)} are usual"
        yield Finding(kind="spike", text=text)
    for burst in bursts(uses):
        who = f" by {burst.actor}" if burst.actor else ""
        text = f"{burst.actions} actions in {burst.end - burst.start + 1} s{who}"
        yield Finding(kind="burst", text=text, at=burst.start)


def _alert_text(row: AlertRow) -> str:
    subject = f" of {row.subject}" if row.subject else ""
    return f"threshold {row.threshold:,}{subject}, {format_tokens(row.remaining)} left"


def _of_all(store: Store, catalogue: Catalogue, *, meter: str, now: int) -> list[Finding]:
    with store.read() as reader:
        streams = streams_of_meter(reader, meter)
    save_use(store, streams)
    with store.read() as reader:
        return _of_platform(reader, catalogue, meter=meter, now=now)


def _of_platform(reader: Reader, catalogue: Catalogue, *, meter: str, now: int) -> list[Finding]:
    share = catalogue.aims.power_user_percent if catalogue.aims else 80
    found = standings(reader, meter=meter, now=now, token_value=catalogue.token_value_of(meter))
    findings = [
        *(Finding(kind="at risk", text=_standing_text(one)) for one in at_risk(found)),
        *(Finding(kind="power user", text=_standing_text(one)) for one in power_users(found, percent=share)),
        *(Finding(kind="offer more", text=_standing_text(one)) for one in upsell(found, percent=share)),
    ]
    for plan in catalogue.plans:
        targets = plan.targets
        average = plan_average(
            plan.name,
            found,
            target=targets.average if targets else None,
            alert=targets.alert if targets else None,
        )
        if average.level is not AverageLevel.ON_TARGET:
            text = (
                f"{plan.name}: {format_tokens(average.average)} on average, over {average.accounts} accounts"
            )
            findings.append(Finding(kind=average.level.value.replace("_", " "), text=text))
    since = month_start(now)
    streams = streams_of_meter(reader, meter)
    uses: list[Use] = [use for stream in streams for use in uses_of(reader, stream, since=since)]
    for action in dearest_actions(uses)[:3]:
        text = f"{action.activity}: {format_tokens(action.average)} each, {action.count:,} this month"
        findings.append(Finding(kind="dear action", text=text))
    if catalogue.aims is not None:
        margin = margin_for(reader, catalogue, since=since, budget_percent=catalogue.aims.cost_budget_percent)
        if margin.revenue and not margin.is_within_budget:
            text = f"models cost {format_dollars(margin.cost)} of {format_dollars(margin.budget)} this month"
            findings.append(Finding(kind="over cost budget", text=text))
    return findings


def _standing_text(one: Standing) -> str:
    name = one.label or one.account[:16]
    return f"{name}: {one.used_percent} % used, {format_tokens(one.left)} left"
