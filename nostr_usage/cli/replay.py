"""`nostr-usage replay`: a trace of AI requests, recorded as if it had happened in the last two months."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from nostr_usage.cli.options import json_option, key_password, parse_time, pass_home
from nostr_usage.cli.output import Progress, print_json, print_line
from nostr_usage.clock import ManualClock, SystemClock
from nostr_usage.enrolment import enrol
from nostr_usage.home import Home
from nostr_usage.importers.trace import ReplayPlan, ReplayReport, Trace, read_trace, replay
from nostr_usage.ledger.entry import AccountId
from nostr_usage.wiring import OperatorHome, open_operator


@click.command("replay", epilog="Example: nostr-usage replay trace.csv --accounts 20 --model gpt-4-turbo")
@click.argument("trace_path", metavar="TRACE.csv", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--accounts", default=20, show_default=True, type=click.IntRange(1, 10_000), help="How many customers."
)
@click.option(
    "--activity", default="magic-mentor", show_default=True, help="What each request is charged as."
)
@click.option("--model", default="gpt-4-turbo", show_default=True, help="Whose prices apply.")
@click.option("--plan", default="standard", show_default=True, help="The customers' plan.")
@click.option(
    "--pack", default="pack-10", show_default=True, help="What a customer buys when the balance is low."
)
@click.option("--until", help="When the last request happened.  [default: now]")
@json_option
@pass_home
def replay_command(
    home: Home,
    trace_path: Path,
    accounts: int,
    activity: str,
    model: str,
    plan: str,
    pack: str,
    until: str | None,
    *,
    as_json: bool,
) -> None:
    """Record a trace of AI requests as if it had happened from the start of last month until now.

    TRACE.csv has the columns TIMESTAMP, ContextTokens, GeneratedTokens. Customers buy a pack when their
    balance is low, and some requests are refunded. A replay that was stopped goes on where it was.

    Exit codes: 0 done, 2 a value that cannot be used, 3 a model without a price, 5 not an operator's home.
    """
    trace = read_trace(trace_path)
    clock = ManualClock(SystemClock().now())
    with open_operator(home, password=key_password(home, "ledger"), clock=clock) as opened:
        start, end = _period(opened, trace, parse_time(until) or clock.now())
        clock.set(start)
        plan_of_replay = ReplayPlan(
            accounts=_customers(opened, accounts, plan),
            activity=activity,
            model=model,
            start=start,
            end=end,
            pack=opened.catalogue.pack(pack).name,
        )
        with Progress("replaying") as progress:
            report = replay(
                trace,
                plan_of_replay,
                recorder=opened.recorder,
                catalogue=opened.catalogue,
                clock=clock,
                on_progress=progress.show,
            )
            clock.set(max(clock.now(), end))
            for account in plan_of_replay.accounts:
                opened.recorder.tick(account)
    _print_report(report, plan_of_replay, as_json=as_json)


def _period(opened: OperatorHome, trace: Trace, until: int) -> tuple[int, int]:
    """From the first of last month to `until`; kept, since a replay that goes on must use the same times."""
    name = f"replay:{trace.digest}"
    with opened.store.read() as reader:
        kept = reader.setting(name)
    if kept is None:
        kept = f"{_start_of_last_month(until)}:{until}"
        period = kept
        opened.store.write(lambda transaction: transaction.set_setting(name, period))
    start, _, end = kept.partition(":")
    return int(start), int(end)


def _start_of_last_month(now: int) -> int:
    today = datetime.fromtimestamp(now, UTC)
    year, month = (today.year, today.month - 1) if today.month > 1 else (today.year - 1, 12)
    return int(datetime(year, month, 1, tzinfo=UTC).timestamp())


def _customers(opened: OperatorHome, count: int, plan: str) -> Sequence[AccountId]:
    """Accounts labelled customer-01 and so on; those that are there already are taken as they are."""
    customers: list[AccountId] = []
    for number in range(1, count + 1):
        label = f"customer-{number:02d}"
        with opened.store.read() as reader:
            known = reader.account_labelled(label)
        customers.append(
            known.account
            if known
            else enrol(
                opened.recorder, opened.secrets, entropy=secrets.token_bytes, label=label, plan=plan
            ).account
        )
    return customers


def _print_report(report: ReplayReport, plan: ReplayPlan, *, as_json: bool) -> None:
    if as_json:
        print_json(report)
        return
    print_line(
        f"{report.charged:,} requests charged to {len(plan.accounts)} accounts at the prices of {plan.model}"
    )
    print_line(f"{report.bought:,} packs bought, {report.refunded:,} requests refunded")
