"""`nostr-usage follow` and `sync`: what somebody needs who has nothing but a public key."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from random import Random
from typing import TYPE_CHECKING

import click

from nostr_usage.cli.options import json_option, pass_home
from nostr_usage.cli.output import ExitCode, Progress, print_json, print_line, print_note, print_table
from nostr_usage.clock import SystemClock
from nostr_usage.errors import HomeError, RelayError, RelayUrlError, UnknownNameError
from nostr_usage.founding import create_follower_home
from nostr_usage.home import Home, Role, Settings
from nostr_usage.ledger.entry import AccountId
from nostr_usage.nostr.keys import parse_public_key
from nostr_usage.nostr.nip19 import Nprofile, decode_nip19, encode_npub
from nostr_usage.pricing.catalogue import BUILT_IN_CATALOGUES, DEFAULT_CATALOGUE
from nostr_usage.relays.scores import RelayScore
from nostr_usage.relays.urls import is_plainly_local
from nostr_usage.store import StreamStatus
from nostr_usage.sync import (
    ManifestReading,
    StreamReading,
    SyncProgress,
    SyncReport,
    read_manifest,
    sync_ledger,
)
from nostr_usage.wiring import (
    ReaderHome,
    connection_policy,
    find_account,
    home_relays,
    load_catalogue_of,
    open_reader,
    read_urls,
    relay_set_at,
    relay_set_named,
)

if TYPE_CHECKING:
    from relay_config import RelaySet

_MISSING_SHOWN_MAX = 5
KINDS_DEFAULT = (30078,)


@click.command(epilog="Example: nostr-usage follow npub1… --relay wss://relay.example.org")
@click.argument("ledger", metavar="NPUB")
@click.option("--relay", "relays", multiple=True, help="A relay to read from; repeat it for several.")
@click.option("--relay-set", help="Or a relay set: its name, or a TOML file.")
@click.option("--catalogue", help="The service's catalogue, or its file.  [default: the one that it names]")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.IntRange(1, 65_535),
    help="Kinds of entries.  [default: 30078]",
)
@click.option("--allow-local", is_flag=True, help="Also where a host name leads to a private address.")
@json_option
@pass_home
def follow(
    home: Home,
    ledger: str,
    relays: tuple[str, ...],
    relay_set: str | None,
    catalogue: str | None,
    kinds: tuple[int, ...],
    *,
    allow_local: bool,
    as_json: bool,
) -> None:
    """Make a home that follows a ledger by its public key.

    NPUB is the service's root key (npub or nprofile), whose manifest names the ledger key; or the ledger key
    itself. The home holds no secret: it can read and verify, and nothing else.

    Exit codes: 0 done, 2 a value that cannot be used or a catalogue that has to be given, 4 no relay could be
    read, 5 there is a home already.
    """
    if home.exists():
        raise HomeError(f"{home.path} is a home already", advice="Choose another directory with --home.")
    pubkey = parse_public_key(ledger)
    chosen = _relay_set(ledger, relays, relay_set, allow_local=allow_local)
    wanted = kinds or KINDS_DEFAULT
    reading = asyncio.run(_manifest(pubkey, chosen, wanted, allow_local=allow_local))
    settings = _settings(pubkey, reading, wanted, _catalogue_name(reading, catalogue))
    create_follower_home(home, settings, relays=chosen)
    _print_followed(home, settings, reading, as_json=as_json)
    _note_other_catalogue(settings, reading)


@click.command(epilog="Example: nostr-usage sync --account alice")
@click.option("--account", "account_name", help="Only this account: npub, hex or label.  [default: all]")
@click.option("--check-every-signature", is_flag=True, help="Also those that links prove already; slower.")
@click.option("--allow-local", is_flag=True, help="Also where a host name leads to a private address.")
@json_option
@pass_home
def sync(
    home: Home, account_name: str | None, *, check_every_signature: bool, allow_local: bool, as_json: bool
) -> int:
    """Fetch what is new from every relay, and verify it.

    Exit codes: 0 all is there, 1 something is missing or contradicts itself, or a process that read for this
    one ended early, 4 no relay could be read.
    """
    with open_reader(home) as opened, Progress("reading accounts") as progress:
        urls = read_urls(home_relays(home))
        named = account_name or opened.settings.account
        account = _account(opened, named) if named else None

        def show(step: SyncProgress) -> None:
            progress.show(step.accounts_done, step.accounts_total)

        report = asyncio.run(
            sync_ledger(
                opened.store,
                relays=urls,
                ledger_pubkey=opened.settings.ledger_pubkey,
                kinds=opened.settings.kinds,
                account=account,
                policy=connection_policy(urls, allow_local=allow_local),
                clock=SystemClock(),
                random=Random(),
                on_progress=show,
                check_every_signature=check_every_signature,
            )
        )
    if as_json:
        print_json(asdict(report))
    else:
        _print_sync(report)
    return _exit_code(report)


def _account(opened: ReaderHome, name: str) -> AccountId:
    """A key need not be known here yet: this may be the pass that brings its first entry."""
    if name.startswith(("npub1", "nprofile1")) or len(name) == 64:
        return AccountId(parse_public_key(name))
    return find_account(opened.store, name)


async def _manifest(
    pubkey: str, relays: RelaySet, kinds: Sequence[int], *, allow_local: bool
) -> ManifestReading:
    urls = read_urls(relays)
    reading = await read_manifest(
        relays=urls,
        root_pubkey=pubkey,
        kinds=kinds,
        policy=connection_policy(urls, allow_local=allow_local),
        clock=SystemClock(),
        random=Random(),
    )
    if all(relay.condition.value != "answered" for relay in reading.relays):
        first = reading.relays[0]
        raise RelayError(
            first.url,
            f"no relay could be read: {first.reason or first.condition.value}",
            advice="Check the URLs and the network. Nothing was written.",
        )
    return reading


def _relay_set(ledger: str, relays: tuple[str, ...], relay_set: str | None, *, allow_local: bool) -> RelaySet:
    """The relays that were named; else those that an nprofile hints at; else the local ones."""
    if relays:
        return relay_set_at(relays)
    if relay_set is None and ledger.startswith("nprofile1"):
        profile = decode_nip19(ledger)
        if isinstance(profile, Nprofile) and profile.relays:
            if not allow_local:
                _refuse_local_hints(profile.relays)
            return relay_set_at(profile.relays)
    return relay_set_named(relay_set or "local")


def _refuse_local_hints(urls: tuple[str, ...]) -> None:
    """Whoever made the profile chose them, so none is taken at its word."""
    for url in urls:
        if is_plainly_local(url):
            raise RelayUrlError(
                f"the nprofile names {url}, which is in this machine or network",
                advice="If that is meant, name it with --relay, or repeat the command with --allow-local.",
            )


def _catalogue_name(reading: ManifestReading, asked: str | None) -> str:
    """The catalogue that was asked for; else the one that the manifest names, if it is built in."""
    if asked is not None or reading.manifest is None:
        return asked or DEFAULT_CATALOGUE
    name, version, _ = reading.manifest.catalogue
    if name not in BUILT_IN_CATALOGUES:
        raise UnknownNameError(
            "catalogue",
            f"{name}, version {version}",
            advice="Ask the service for its file, then add --catalogue FILE. With"
            f" --catalogue {DEFAULT_CATALOGUE} tokens are right, and dollars and labels are not.",
        )
    return name


def _note_other_catalogue(settings: Settings, reading: ManifestReading) -> None:
    """Say so where dollars and labels are not those of the service."""
    if reading.manifest is None:
        return
    name, version, digest = reading.manifest.catalogue
    if load_catalogue_of(settings.catalogue).digest != digest:
        print_note(
            f"The service sells by {name}, version {version}, which is not quite {settings.catalogue}:"
            " tokens are right, dollars and labels may differ."
        )


def _settings(pubkey: str, reading: ManifestReading, kinds: tuple[int, ...], catalogue: str) -> Settings:
    manifest = reading.manifest
    entry_kinds = (manifest.entry_kind, *kinds) if manifest else kinds
    return Settings(
        role=Role.FOLLOWER,
        root_pubkey=pubkey if manifest else "",
        ledger_pubkey=manifest.ledger_pubkey if manifest else pubkey,
        ledger_id=reading.ledger_id or "",
        kinds=tuple(dict.fromkeys(entry_kinds)),
        catalogue=catalogue,
    )


def _print_followed(home: Home, settings: Settings, reading: ManifestReading, *, as_json: bool) -> None:
    ledger = encode_npub(settings.ledger_pubkey)
    if as_json:
        print_json({"home": str(home.path), "ledger_npub": ledger, "ledger_id": settings.ledger_id})
        return
    print_line(f"follows {ledger}")
    if reading.manifest is None:
        print_line("no manifest of that key was found, so it is taken for the ledger key itself")
    print_line(f"home in {home.path}; next: nostr-usage sync")


def _print_sync(report: SyncReport) -> None:
    rows = [
        (
            relay.url,
            relay.condition.value,
            f"{relay.score.received:,}",
            f"{_faults(relay.score):,}",
            relay.reason,
        )
        for relay in report.relays
    ]
    print_table(("relay", "state", "events", "faulty", "reason"), rows, right=(2, 3))
    print_line(f"{report.entries_added:,} new entries in {len(report.streams)} streams")
    for stream in report.streams:
        if _is_doubtful(stream):
            shown = ", ".join(map(str, stream.missing[:_MISSING_SHOWN_MAX]))
            more = "" if len(stream.missing) <= _MISSING_SHOWN_MAX else " …"
            gap = f"  missing entries {shown}{more}" if stream.missing else ""
            fork = f"  {stream.forks} contradicting entries" if stream.forks else ""
            print_line(f"{stream.status.value.upper()}  {stream.account[:16]}…{gap}{fork}")
    for problem in report.problems:
        print_line(f"problem  {problem.code.value}  {problem.message}")


def _is_doubtful(stream: StreamReading) -> bool:
    """Whether its figure is not final; a conflict found in an earlier pass is still one."""
    return stream.status in {StreamStatus.INCOMPLETE, StreamStatus.CONFLICT}


def _faults(score: RelayScore) -> int:
    """What came that an honest relay would not have sent."""
    return score.foreign + score.unasked + score.malformed + score.forged


def _exit_code(report: SyncReport) -> int:
    if report.is_offline:
        return ExitCode.NO_RELAY
    is_doubtful = report.problems or any(_is_doubtful(stream) for stream in report.streams)
    return ExitCode.PROBLEMS if is_doubtful else ExitCode.DONE
