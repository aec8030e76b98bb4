"""`nostr-usage publish`: what is queued, sent to the relays and read back."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from random import Random

import click

from nostr_usage.cli.options import json_option, key_password, pass_clock, pass_home
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
from nostr_usage.clock import Clock
from nostr_usage.errors import UnknownNameError
from nostr_usage.home import Home
from nostr_usage.publish import (
    PublishReport,
    QueuedAgain,
    RelayOutcome,
    RelayQueue,
    publish_due,
    publish_forever,
    queue_again,
    relay_queue,
)
from nostr_usage.relays.urls import normalise_relay_url
from nostr_usage.wiring import OperatorHome, connection_policy, open_operator, write_urls


@click.command(epilog="Example: nostr-usage publish --watch")
@click.option("--watch", is_flag=True, help="Go on publishing what is recorded, until interrupted.")
@click.option(
    "--again",
    metavar="[RELAY]",
    is_flag=False,
    flag_value="",
    help="Also what the relay (or every relay) refused for good, or was never sent because it joined later.",
)
@click.option("--allow-local", is_flag=True, help="Also where a host name leads to a private address.")
@json_option
@pass_home
@pass_clock
def publish(
    clock: Clock, home: Home, *, watch: bool, again: str | None, allow_local: bool, as_json: bool
) -> int:
    """Send what is queued to every write relay, and read it back.

    An event counts as published when the quorum of the relay set serves it to an anonymous reader. What a
    relay did not take now is sent again later; nothing that was recorded is lost while relays are away.

    What a relay refused for good is not sent there again, and a relay that joins the set gets what is
    recorded from then on. With --again both are queued: after its operator has changed their mind, say.

    Exit codes: 0 all published, 1 some relay refused or some events wait, 4 no relay could be reached.
    """
    with open_operator(home, password=key_password(home, "ledger")) as opened:
        asyncio.run(refuse_if_behind(opened, allow_local=allow_local))
        queued = () if again is None else _queue_again(opened, again, clock=clock)
        if watch:
            asyncio.run(_watch(opened, clock=clock, allow_local=allow_local))
            return ExitCode.DONE
        with Progress("publishing") as progress:
            report = asyncio.run(_publish(opened, progress, clock=clock, allow_local=allow_local))
        queues = tuple(relay_queue(opened.store, url) for url in write_urls(opened.relays))
    if as_json:
        print_json(
            {**asdict(report), "queues": list(map(asdict, queues)), "again": list(map(asdict, queued))}
        )
    else:
        _print_report(report)
        _print_queues(queues, now=clock.now())
    return _exit_code(report)


def _queue_again(opened: OperatorHome, again: str, *, clock: Clock) -> tuple[QueuedAgain, ...]:
    """Put back what the relay `again`, or every write relay if that is empty, was not sent or refused."""
    urls = write_urls(opened.relays)
    if again:
        wanted = normalise_relay_url(again)
        if wanted not in urls:
            raise UnknownNameError("write relay", again, advice="`nostr-usage relays` shows them all.")
        urls = (wanted,)
    queued = tuple(queue_again(opened.store, url, now=clock.now()) for url in urls)
    for found in queued:
        print_note(
            f"{found.url}  queued again: {found.refused:,} refused, {found.unqueued:,} never sent,"
            f" {found.hastened:,} that waited"
        )
    return queued


async def _publish(
    opened: OperatorHome, progress: Progress, *, clock: Clock, allow_local: bool
) -> PublishReport:
    urls = write_urls(opened.relays)
    return await publish_due(
        opened.store,
        relays=urls,
        policy=connection_policy(urls, allow_local=allow_local),
        clock=clock,
        random=Random(),
        signer=opened.operator.signer,
        quorum=opened.relays.quorum,
        on_progress=progress.show,
    )


async def _watch(opened: OperatorHome, *, clock: Clock, allow_local: bool) -> None:
    urls = write_urls(opened.relays)
    print_note(f"publishing to {len(urls)} relays; Ctrl-C stops")

    def show(outcome: RelayOutcome) -> None:
        figures = f"{outcome.confirmed:,} confirmed, {outcome.later:,} later, {outcome.refused:,} refused"
        now = moment(clock.now())
        print_line(f"{now}  {outcome.url}  {outcome.condition.value}  {figures}  {outcome.reason}".rstrip())
        flush_output()

    await publish_forever(
        opened.store,
        relays=urls,
        policy=connection_policy(urls, allow_local=allow_local),
        clock=clock,
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


def _print_queues(queues: tuple[RelayQueue, ...], *, now: int) -> None:
    """What this run did not settle, and what would."""
    for queue in queues:
        again = f"`nostr-usage publish --again {queue.url}`"
        if queue.next_attempt_at is not None and queue.next_attempt_at > now:
            print_line(
                f"{queue.url}  waiting: {queue.waiting:,}, the next until {moment(queue.next_attempt_at)}"
            )
        if queue.refused:
            print_line(f"{queue.url}  refused for good: {queue.refused:,}; {again} sends them once more")
        if queue.unqueued:
            print_line(
                f"{queue.url}  older than its place in the set: {queue.unqueued:,}; {again} sends them"
            )


def _exit_code(report: PublishReport) -> int:
    reached = any(outcome.condition.value == "answered" for outcome in report.relays)
    if not reached:
        return ExitCode.NO_RELAY
    refused = any(outcome.refused for outcome in report.relays)
    return ExitCode.PROBLEMS if refused or report.waiting else ExitCode.DONE
