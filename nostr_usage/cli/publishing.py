"""`nostr-usage publish`: what is queued, sent to the relays and read back."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from random import Random

import click

from nostr_usage.cli.options import json_option, key_password, pass_home
from nostr_usage.cli.output import (
    ExitCode,
    Progress,
    flush_output,
    moment,
    print_json,
    print_line,
    print_note,
    print_table,
)
from nostr_usage.cli.recovery import refuse_if_behind
from nostr_usage.clock import SystemClock
from nostr_usage.home import Home
from nostr_usage.publish import PublishReport, RelayOutcome, publish_due, publish_forever
from nostr_usage.wiring import OperatorHome, connection_policy, open_operator, write_urls


@click.command(epilog="Example: nostr-usage publish --watch")
@click.option("--watch", is_flag=True, help="Go on publishing what is recorded, until interrupted.")
@click.option("--allow-local", is_flag=True, help="Also where a host name leads to a private address.")
@json_option
@pass_home
def publish(home: Home, *, watch: bool, allow_local: bool, as_json: bool) -> int:
    """Send what is queued to every write relay, and read it back.

    An event counts as published when the quorum of the relay set serves it to an anonymous reader. What a
    relay did not take now is sent again later; nothing that was recorded is lost while relays are away.

    Exit codes: 0 all published, 1 some relay refused or some events wait, 4 no relay could be reached.
    """
    with open_operator(home, password=key_password(home, "ledger")) as opened:
        asyncio.run(refuse_if_behind(opened, allow_local=allow_local))
        if watch:
            asyncio.run(_watch(opened, allow_local=allow_local))
            return ExitCode.DONE
        with Progress("publishing") as progress:
            report = asyncio.run(_publish(opened, progress, allow_local=allow_local))
    if as_json:
        print_json(asdict(report))
    else:
        _print_report(report)
    return _exit_code(report)


async def _publish(opened: OperatorHome, progress: Progress, *, allow_local: bool) -> PublishReport:
    urls = write_urls(opened.relays)
    return await publish_due(
        opened.store,
        relays=urls,
        policy=connection_policy(urls, allow_local=allow_local),
        clock=SystemClock(),
        random=Random(),
        signer=opened.operator.signer,
        quorum=opened.relays.quorum,
        on_progress=progress.show,
    )


async def _watch(opened: OperatorHome, *, allow_local: bool) -> None:
    urls = write_urls(opened.relays)
    print_note(f"publishing to {len(urls)} relays; Ctrl-C stops")

    def show(outcome: RelayOutcome) -> None:
        figures = f"{outcome.confirmed:,} confirmed, {outcome.later:,} later, {outcome.refused:,} refused"
        now = moment(SystemClock().now())
        print_line(f"{now}  {outcome.url}  {outcome.condition.value}  {figures}  {outcome.reason}".rstrip())
        flush_output()

    await publish_forever(
        opened.store,
        relays=urls,
        policy=connection_policy(urls, allow_local=allow_local),
        clock=SystemClock(),
        random=Random(),
        signer=opened.operator.signer,
        on_outcome=show,
    )


def _print_report(report: PublishReport) -> None:
    rows = [
        (
            outcome.url,
            outcome.condition.value,
            f"{outcome.confirmed:,}",
            f"{outcome.later:,}",
            f"{outcome.refused:,}",
            "; ".join(filter(None, (outcome.reason, *outcome.objections))),
        )
        for outcome in report.relays
    ]
    print_table(("relay", "state", "confirmed", "later", "refused", "reason"), rows, right=(2, 3, 4))
    print_line(
        f"{report.published:,} events published (on {report.quorum} relays), {report.waiting:,} waiting"
    )


def _exit_code(report: PublishReport) -> int:
    reached = any(outcome.condition.value == "answered" for outcome in report.relays)
    if not reached:
        return ExitCode.NO_RELAY
    refused = any(outcome.refused for outcome in report.relays)
    return ExitCode.PROBLEMS if refused or report.waiting else ExitCode.DONE
