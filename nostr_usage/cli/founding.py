"""`nostr-usage init`: an operator's home, with fresh keys and a signed manifest."""

from __future__ import annotations

import os
import sys

import click

from nostr_usage.cli.options import PASSWORD_VARIABLE, json_option, pass_clock, pass_home
from nostr_usage.cli.output import print_json, print_line, print_note
from nostr_usage.clock import Clock
from nostr_usage.errors import InputError
from nostr_usage.founding import NewLedger, create_operator_home
from nostr_usage.home import Home, Settings
from nostr_usage.nostr.nip19 import encode_npub
from nostr_usage.pricing.catalogue import DEFAULT_CATALOGUE
from nostr_usage.wire.details import DescriptionMode
from nostr_usage.wire.entry_event import ENTRY_KIND
from nostr_usage.wiring import relay_set_at, relay_set_named, write_urls
from relay_config import RelaySet

_DEFAULT_RELAY_SET = "local"
# Regular and addressable kinds (NIP-01, "Kinds"): relays keep no history of the others.
_REGULAR_KINDS, _ADDRESSABLE_KINDS = range(1_000, 10_000), range(30_000, 40_000)


@click.command(
    epilog="Example: nostr-usage --home ledger init --relay wss://one.example --relay wss://two.example"
)
@click.option(
    "--relay", "relays", multiple=True, metavar="URL", help="A relay to write to and read from; repeatable."
)
@click.option(
    "--relay-set",
    metavar="NAME|FILE.toml",
    help=f"A set of relays: built in (local, own, public) or your own.  [default: {_DEFAULT_RELAY_SET}]",
)
@click.option(
    "--catalogue",
    default=DEFAULT_CATALOGUE,
    show_default=True,
    metavar="NAME|FILE.toml",
    help="Activities, plans and packs; a file is copied into the home.",
)
@click.option(
    "--descriptions",
    type=click.Choice([mode.value for mode in DescriptionMode]),
    default=DescriptionMode.SEALED.value,
    show_default=True,
    help="Encrypted for the customer, published as a hash only, or public for ever.",
)
@click.option("--kind", type=int, default=ENTRY_KIND, show_default=True, help="The kind of the events.")
@click.option(
    "--encrypt-keys",
    is_flag=True,
    help=f"Encrypt the key files with a password (NIP-49): {PASSWORD_VARIABLE}, or asked for.",
)
@json_option
@pass_home
@pass_clock
def init(
    clock: Clock,
    home: Home,
    *,
    relays: tuple[str, ...],
    relay_set: str | None,
    catalogue: str,
    descriptions: str,
    kind: int,
    encrypt_keys: bool,
    as_json: bool,
) -> None:
    """Make an operator's home: a root key, a ledger key, a store, and the manifest that names them.

    The manifest is signed and queued; `publish` sends it. Nothing is sent anywhere by this command.

    Exit codes: 0 done, 2 a value that cannot be used, 5 there is a home already, or it cannot be made.
    """
    chosen = _relay_set(relays, relay_set)
    _check_kind(kind)
    new = NewLedger(
        relays=chosen,
        catalogue=catalogue,
        descriptions=descriptions,
        kind=kind,
        password=_new_password() if encrypt_keys else None,
    )
    settings = create_operator_home(home, new, clock=clock)
    if descriptions == DescriptionMode.PLAIN.value:
        print_note("warning: descriptions will be public. Whatever is published can never be unpublished.")
    if as_json:
        print_json(_object(home, settings, chosen))
    else:
        _print_home(home, settings, chosen)


def _relay_set(urls: tuple[str, ...], named: str | None) -> RelaySet:
    if urls and named is not None:
        raise InputError("--relay and --relay-set exclude each other", advice="Give one of them.")
    return relay_set_at(urls) if urls else relay_set_named(named or _DEFAULT_RELAY_SET)


def _check_kind(kind: int) -> None:
    if kind not in _REGULAR_KINDS and kind not in _ADDRESSABLE_KINDS:
        raise InputError(
            f"relays do not keep every event of kind {kind}",
            advice=f"Use {ENTRY_KIND}, or another from 1000 to 9999 or 30000 to 39999.",
        )


def _new_password() -> str:
    """A password for new key files: from the environment, or typed twice on a terminal."""
    password = os.environ.get(PASSWORD_VARIABLE)
    if password is None:
        if not sys.stdin.isatty():
            raise InputError(
                "there is no terminal to type a password on", advice=f"Give it in {PASSWORD_VARIABLE}."
            )
        password = click.prompt("Password for the keys", hide_input=True, confirmation_prompt=True, err=True)
    if not password:
        raise InputError("an empty password protects nothing", advice=f"Set {PASSWORD_VARIABLE}.")
    return password


def _object(home: Home, settings: Settings, relays: RelaySet) -> dict[str, object]:
    return {
        "home": str(home.path),
        "root_npub": encode_npub(settings.root_pubkey),
        "root_pubkey": settings.root_pubkey,
        "ledger_npub": encode_npub(settings.ledger_pubkey),
        "ledger_pubkey": settings.ledger_pubkey,
        "ledger_id": settings.ledger_id,
        "kind": settings.kind,
        "catalogue": settings.catalogue,
        "descriptions": settings.descriptions,
        "relays": write_urls(relays),
        "keys": {
            "root": str(home.key_path("root")),
            "ledger": str(home.key_path("ledger")),
            "accounts": str(home.secrets_path),
        },
    }


def _print_home(home: Home, settings: Settings, relays: RelaySet) -> None:
    root = encode_npub(settings.root_pubkey)
    urls = write_urls(relays)
    print_line(f"A new ledger in {home.path}")
    print_line(f"  root key    {root}")
    print_line(f"              {home.key_path('root')}")
    print_line(f"  ledger key  {encode_npub(settings.ledger_pubkey)}")
    print_line(f"              {home.key_path('ledger')}")
    print_line(f"  ledger id   {settings.ledger_id}")
    print_line(f"  relays      {', '.join(urls)}")
    print_line("What to do next:")
    print_line(f"  - Back up {home.key_path('root').parent}; the root key may then be kept offline.")
    if relays.name == _DEFAULT_RELAY_SET:
        print_line("  - Start the relays of this machine: nostr-usage relay")
    print_line("  - Open an account: nostr-usage account new alice")
    print_line("  - Send what is queued: nostr-usage publish")
    print_line(f"  - Customers follow with: nostr-usage follow {root} --relay {urls[0]}")
