"""`nostr-usage relays`: how every relay of the set fares, and whether anybody can read there."""

from __future__ import annotations

import asyncio
import secrets as os_entropy
from dataclasses import asdict, replace

import click

from nostr_usage.cli.options import json_option, key_password, pass_clock, pass_home
from nostr_usage.cli.output import ExitCode, moment, print_json, print_line, print_note, print_table
from nostr_usage.clock import Clock
from nostr_usage.home import Home, Role
from nostr_usage.nostr.information import RelayInformation
from nostr_usage.nostr.keys import generate_secret_key
from nostr_usage.nostr.signer import Signer
from nostr_usage.proof.relay_health import (
    RelayHealth,
    ask_relays,
    known_health,
    needs_canary,
    send_canaries,
)
from nostr_usage.publish import relay_queue
from nostr_usage.relays.canary import CanaryReport
from nostr_usage.relays.condition import RelayCondition
from nostr_usage.wiring import (
    OperatorHome,
    ReaderHome,
    connection_policy,
    home_relays,
    open_operator,
    open_reader,
    read_urls,
    write_urls,
)
from relay_config import RelaySet


@click.command(epilog="Example: nostr-usage relays")
@click.option(
    "--canary/--no-canary",
    "canary",
    default=None,
    help="Send a canary now, or none.  [default: an operator's home sends one a day]",
)
@click.option("--offline", is_flag=True, help="Without asking the relays: what is known here.")
@click.option("--allow-local", is_flag=True, help="Also where a host name leads to a private address.")
@json_option
@pass_home
@pass_clock
def relays(
    clock: Clock, home: Home, *, canary: bool | None, offline: bool, allow_local: bool, as_json: bool
) -> int:
    """Show how each relay answers, what waits for it, what it refused, and who can read there.

    The lag is how long the oldest entry that waits for the relay has been signed.

    Whether a relay is auditable is found out with a canary: an event without meaning that is published, and
    looked for without a key, with a stranger's key and with the ledger's.

    Exit codes: 0 all is well, 1 a relay is away, refuses, or hides what it accepts, 4 no relay answers.
    """
    chosen = home_relays(home)
    urls = tuple(dict.fromkeys((*write_urls(chosen), *read_urls(chosen))))
    policy = connection_policy(urls, allow_local=allow_local)
    with open_reader(home) as opened:
        found = (
            tuple(known_health(opened.store, url) for url in urls)
            if offline
            else asyncio.run(ask_relays(opened.store, urls, policy=policy, clock=clock))
        )
        if opened.settings.role is Role.OPERATOR:
            found = tuple(_with_queue(health, opened, write_urls(chosen)) for health in found)
        watched = _to_watch(found, opened, chosen, canary=canary, clock=clock) if not offline else ()
    if watched:
        with open_operator(home, password=key_password(home, "ledger"), clock=clock) as operator:
            _send(operator, watched, clock=clock, allow_local=allow_local)
            found = tuple(_with_canary(health, operator) for health in found)
    if as_json:
        print_json([_object(health) for health in found])
    else:
        _print(found, now=clock.now())
    return _exit_code(found, chosen)


def _to_watch(
    found: tuple[RelayHealth, ...], opened: ReaderHome, chosen: RelaySet, *, canary: bool | None, clock: Clock
) -> tuple[str, ...]:
    """The relays to send a canary to: those that are written to, if this home can write."""
    if canary is False or opened.settings.role is not Role.OPERATOR:
        if canary:
            print_note("a follower's home has no key to sign a canary with")
        return ()
    written = set(write_urls(chosen))
    return tuple(
        health.url
        for health in found
        if health.url in written and (canary or needs_canary(health, now=clock.now()))
    )


def _send(operator: OperatorHome, urls: tuple[str, ...], *, clock: Clock, allow_local: bool) -> None:
    stranger = Signer(generate_secret_key(os_entropy.token_bytes), entropy=os_entropy.token_bytes)
    asyncio.run(
        send_canaries(
            operator.store,
            urls,
            signer=operator.operator.signer,
            stranger=stranger,
            kind=operator.settings.kind,
            policy=connection_policy(urls, allow_local=allow_local),
            clock=clock,
        )
    )


def _with_queue(health: RelayHealth, opened: ReaderHome, written: tuple[str, ...]) -> RelayHealth:
    if health.url not in written:
        return health
    return replace(health, unqueued=relay_queue(opened.store, health.url).unqueued)


def _with_canary(health: RelayHealth, operator: OperatorHome) -> RelayHealth:
    return replace(health, canary=known_health(operator.store, health.url).canary)


def _object(health: RelayHealth) -> dict[str, object]:
    return {**asdict(health), "is_auditable": health.is_auditable}


def _print(found: tuple[RelayHealth, ...], *, now: int) -> None:
    rows = [
        (
            health.url,
            health.condition.value if health.condition else "not asked",
            "" if health.round_trip_ms is None else f"{health.round_trip_ms:,} ms",
            f"{health.waiting:,}",
            "" if health.waiting_since is None else _lag(now - health.waiting_since),
            f"{health.refused:,}",
            {True: "yes", False: "no", None: "unknown"}[health.is_auditable],
            health.reason,
        )
        for health in found
    ]
    header = ("relay", "state", "round trip", "waiting", "lag", "refused", "auditable", "reason")
    print_table(header, rows, right=(2, 3, 4, 5))
    for health in found:
        for line in _details(health):
            print_line(f"  {line}")


def _lag(seconds: int) -> str:
    """A length of time in its largest whole unit."""
    for unit_s, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= unit_s:
            return f"{seconds // unit_s:,} {unit}"
    return f"{max(seconds, 0)} s"


def _details(health: RelayHealth) -> list[str]:
    lines = [
        f"{row.events:,} {'refused' if row.state.value == 'refused' else 'later'}: {row.reason}"
        for row in health.objections
    ]
    if health.refused:
        lines.append(f"`nostr-usage publish --again {health.url}` sends what it refused once more")
    if health.unqueued:
        lines.append(
            f"older than its place in the set: {health.unqueued:,};"
            f" `nostr-usage publish --again {health.url}` sends them"
        )
    if health.canary is not None:
        lines.append(_canary_line(health.canary))
    if health.information is not None and (facts := _facts(health.information)):
        lines.append(facts)
    return [health.url, *(f"  {line}" for line in lines)] if lines else []


def _canary_line(canary: CanaryReport) -> str:
    answer = "accepted" if canary.is_accepted else f"refused ({canary.said})"
    seen = "  ".join(
        f"{who}: {reading.sight.value}"
        for who, reading in (
            ("without a key", canary.anonymous),
            ("with another key", canary.other),
            ("as its author", canary.author),
        )
    )
    return f"canary of {moment(canary.sent_at)}, {answer}  {seen}"


def _facts(information: RelayInformation) -> str:
    limits = {name: value for name, value in asdict(information.limitation).items() if value is not None}
    software = " ".join(filter(None, (information.name, information.software, information.version)))
    stated = ", ".join(f"{name} {value}" for name, value in limits.items())
    return "; ".join(filter(None, (software, stated)))


def _exit_code(found: tuple[RelayHealth, ...], chosen: RelaySet) -> int:
    asked = [health for health in found if health.condition is not None]
    if asked and all(health.condition is RelayCondition.UNREACHABLE for health in asked):
        return ExitCode.NO_RELAY
    expected = {
        url for url, relay in zip(write_urls(chosen), chosen.write_relays, strict=True) if relay.auditable
    }
    is_wrong = any(
        health.refused
        or health.condition is RelayCondition.UNREACHABLE
        or (health.is_auditable is False and health.url in expected)
        for health in found
    )
    return ExitCode.PROBLEMS if is_wrong else ExitCode.DONE
