"""`nostr-usage doctor`: what is wrong here, and what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum

import click

from nostr_usage.cli.options import json_option, key_password, pass_home
from nostr_usage.cli.output import ExitCode, print_json, print_line
from nostr_usage.clock import SystemClock
from nostr_usage.errors import NostrUsageError, RelayError
from nostr_usage.home import Home, Role, Settings, check_private
from nostr_usage.nostr.keys import public_key_of
from nostr_usage.nostr.schnorr import BACKENDS, available_backends
from nostr_usage.relays.information import clock_difference_s, fetch_information
from nostr_usage.store import MUST_RECOVER, OutboxState, Store
from nostr_usage.wiring import connection_policy, home_catalogue, home_relays, read_urls, write_urls

CLOCK_DIFFERENCE_S_MAX = 60


class Outcome(StrEnum):
    """What a check found."""

    FINE = "fine"
    ADVICE = "advice"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check: what was looked at, what was found, and what to do about it."""

    subject: str
    outcome: Outcome
    message: str
    advice: str = ""


_SIGNS = {Outcome.FINE: "✓", Outcome.ADVICE: "?", Outcome.WRONG: "✗"}


@click.command(epilog="Example: nostr-usage doctor")
@click.option("--offline", is_flag=True, help="Without asking the relays.")
@json_option
@pass_home
def doctor(home: Home, *, offline: bool, as_json: bool) -> int:
    """Say what is wrong with this home, and what to do. Nothing is changed.

    Exit codes: 0 nothing is wrong, 1 something is.
    """
    findings = list(_findings(home, offline=offline))
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            print_line(f"{_SIGNS[finding.outcome]} {finding.subject}: {finding.message}")
            if finding.advice:
                print_line(f"    {finding.advice}")
    is_wrong = any(finding.outcome is Outcome.WRONG for finding in findings)
    return ExitCode.PROBLEMS if is_wrong else ExitCode.DONE


def _findings(home: Home, *, offline: bool) -> Iterator[Finding]:
    yield _backends()
    try:
        settings = home.settings()
    except NostrUsageError as error:
        yield _wrong("home", error)
        return
    yield _fine(
        "home", f"{home.path}, of {'an operator' if settings.role is Role.OPERATOR else 'a follower'}"
    )
    if settings.role is Role.OPERATOR:
        yield from _keys(home, settings)
    yield _checked("catalogue", lambda: _catalogue(home, settings))
    yield from _store(home)
    yield from _relays(home, offline=offline)


def _backends() -> Finding:
    missing = [name for name in BACKENDS if name not in available_backends()]
    if not missing:
        return _fine("signatures", f"two independent backends: {', '.join(BACKENDS)}")
    return Finding(
        subject="signatures",
        outcome=Outcome.ADVICE,
        message=f"{', '.join(available_backends())} alone; {', '.join(missing)} is not installed",
        advice="Everything works; audits cannot cross-check signatures with a second library.",
    )


def _keys(home: Home, settings: Settings) -> Iterator[Finding]:
    for name, pubkey in (("ledger", settings.ledger_pubkey), ("root", settings.root_pubkey)):
        if name == "root" and not home.has_key("root"):
            yield _fine("root key", "kept elsewhere")
            continue
        yield _checked(f"{name} key", lambda name=name, pubkey=pubkey: _key(home, name, pubkey))
    yield _checked("account secrets", lambda: _private(home))


def _key(home: Home, name: str, pubkey: str) -> str:
    key = home.key(name, password=key_password(home, name))
    if public_key_of(key) != pubkey:
        raise NostrUsageError(
            f"{home.key_path(name)} is not the key that settings.toml names",
            advice="Restore the right file from your backup.",
        )
    return "readable by its owner only, and the one that settings.toml names"


def _private(home: Home) -> str:
    check_private(home.secrets_path)
    return "readable by their owner only"


def _catalogue(home: Home, settings: Settings) -> str:
    catalogue = home_catalogue(home, settings)
    return f"{catalogue.name} {catalogue.version}, {len(catalogue.activities)} activities"


def _store(home: Home) -> Iterator[Finding]:
    try:
        with Store.open(home.store_path) as store, store.read() as reader:
            yield _fine(
                "store", f"{reader.entry_count():,} entries in {len(list(reader.streams())):,} streams"
            )
            problems = sum(len(reader.problems(stream.stream_no)) for stream in reader.streams())
            counts = reader.outbox_counts()
            behind = reader.setting(MUST_RECOVER)
    except (NostrUsageError, FileNotFoundError) as error:
        yield _wrong("store", error)
        return
    if behind:
        yield Finding(
            subject="store",
            outcome=Outcome.WRONG,
            message=f"it signs nothing: {behind}",
            advice="Run `nostr-usage recover`.",
        )
    if problems:
        yield Finding(
            subject="entries",
            outcome=Outcome.WRONG,
            message=f"{problems:,} problems were found in them",
            advice="`nostr-usage audit` lists them with their evidence.",
        )
    refused = sum(row.count for row in counts if row.state is OutboxState.REFUSED)
    waiting = sum(row.count for row in counts if row.state is not OutboxState.CONFIRMED) - refused
    if refused:
        yield Finding(
            subject="outbox",
            outcome=Outcome.WRONG,
            message=f"{refused:,} deliveries were refused for good",
            advice="`nostr-usage publish` shows the relays' reasons; other relays may take them.",
        )
    if waiting:
        yield Finding(
            subject="outbox",
            outcome=Outcome.ADVICE,
            message=f"{waiting:,} deliveries wait",
            advice="Run `nostr-usage publish`.",
        )


def _relays(home: Home, *, offline: bool) -> Iterator[Finding]:
    try:
        relays = home_relays(home)
    except NostrUsageError as error:
        yield _wrong("relay set", error)
        return
    yield _fine("relay set", f"{relays.name}: {len(relays.relays)} relays, quorum {relays.quorum}")
    if len(relays.relays) < 2:
        yield Finding(
            subject="relay set",
            outcome=Outcome.ADVICE,
            message="a single relay can withhold entries without anybody noticing",
            advice="Add a second one to relays.toml.",
        )
    if not offline:
        for url in dict.fromkeys((*write_urls(relays), *read_urls(relays))):
            yield _checked(url, lambda url=url: asyncio.run(_relay(url)))


async def _relay(url: str) -> str:
    """What a relay says of itself, and whether the clocks agree."""
    policy = connection_policy([url])
    information = await fetch_information(url, policy=policy)
    difference = await clock_difference_s(url, policy=policy, clock=SystemClock())
    if difference is not None and abs(difference) > CLOCK_DIFFERENCE_S_MAX:
        raise RelayError(
            url,
            f"its clock and this machine's differ by {abs(difference):,} seconds",
            advice="Set this machine's clock (NTP): relays refuse events that are dated ahead.",
        )
    software = f" ({information.software})" if information.software else ""
    return f"reachable{software}, clocks agree"


def _checked(subject: str, check: Callable[[], str]) -> Finding:
    try:
        return _fine(subject, check())
    except (NostrUsageError, OSError) as error:
        return _wrong(subject, error)


def _fine(subject: str, message: str) -> Finding:
    return Finding(subject=subject, outcome=Outcome.FINE, message=message)


def _wrong(subject: str, error: Exception) -> Finding:
    advice = error.advice if isinstance(error, NostrUsageError) else ""
    return Finding(subject=subject, outcome=Outcome.WRONG, message=str(error), advice=advice)
