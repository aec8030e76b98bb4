"""`nostr-usage account export|derive|import`: from hand to hand, the keys of accounts."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import click

from nostr_usage.cli.options import json_option, pass_home
from nostr_usage.cli.output import print_json, print_line, print_raw
from nostr_usage.cli.secret_input import NSEC_VARIABLE, read_secret_key
from nostr_usage.errors import HomeError, InputError
from nostr_usage.home import Home, Role
from nostr_usage.nostr.keys import SecretKey
from nostr_usage.nostr.nip19 import encode_npub
from nostr_usage.store.account_secrets import AccountSecrets
from nostr_usage.wire.account_key import account_id, derive_account_key
from nostr_usage.wiring import find_account, open_reader

_LEDGER_ID = re.compile(r"[0-9a-f]{64}", re.ASCII)


@click.command("export", epilog="Example: nostr-usage account export alice --output alice.nsec --yes")
@click.argument("name", metavar="ACCOUNT")
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="A new file, for its owner only."
)
@click.option("--keep", is_flag=True, help="Do not forget the key here.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_home
def export_account(home: Home, *, name: str, output: Path | None, keep: bool, yes: bool) -> None:
    """Hand over the key that the service made for a customer: print its nsec once, then forget it.

    With the key its owner reads the sealed descriptions, from any relay. Without it this service can no
    longer lose it.

    Exit codes: 0 done, 2 no such account or no key to hand over, 5 not an operator's home.
    """
    with open_reader(home) as opened:
        if opened.settings.role is not Role.OPERATOR:
            raise HomeError(f"{home.path} follows a ledger: it holds no keys of customers")
        found = find_account(opened.store, name)
        with AccountSecrets.open(home.secrets_path) as held:
            secret = held.get(found).account_secret
            if secret is None:
                raise InputError(
                    f"the key of {name} is not here: its owner has it", advice="It cannot be exported again."
                )
            if not keep and not yes:
                _confirm(name)
            _hand_over(SecretKey(secret).nsec(), output)
            if not keep:
                held.forget_account_secret(found)


def _confirm(name: str) -> None:
    if not sys.stdin.isatty():
        raise InputError("this forgets the key once it is handed over", advice="Add --yes, or --keep.")
    click.confirm(f"Hand over the key of {name!r} and forget it here?", abort=True, err=True)


def _hand_over(nsec: str, output: Path | None) -> None:
    """Only once it has arrived may the key be forgotten."""
    if output is None:
        print_raw(nsec)
        sys.stdout.flush()
        return
    try:
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise InputError(f"cannot make {output}: {error.strerror}", advice="Name a new file.") from None
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(nsec + "\n")
        file.flush()
        os.fsync(file.fileno())


@click.command("derive", epilog=f"Example: {NSEC_VARIABLE}=$(cat my.nsec) nostr-usage account derive --save")
@click.option("--ledger-id", metavar="HEX", help="The ledger's id.  [default: that of this home]")
@click.option("--key-file", type=click.Path(path_type=Path, dir_okay=False), help="A file with your nsec.")
@click.option("--save", is_flag=True, help="Keep the account key in this follower's home.")
@json_option
@pass_home
def derive_account(
    home: Home, *, ledger_id: str | None, key_file: Path | None, save: bool, as_json: bool
) -> None:
    """The account that belongs to your nsec in one ledger; nobody can link the two.

    Your nsec is read from NOSTR_USAGE_NSEC, a --key-file, or typed without showing it. It is not kept. Give
    the npub that is printed to the service.

    Exit codes: 0 done, 2 no usable key or id, 5 no usable home.
    """
    chosen = ledger_id if ledger_id is not None else home.settings().ledger_id
    if not _LEDGER_ID.fullmatch(chosen):
        raise InputError(
            "the ledger id is 64 lowercase hex digits", advice="Its operator got it from `nostr-usage init`."
        )
    key = derive_account_key(read_secret_key(key_file), ledger_id=chosen)
    if save:
        _save(home, key)
    _print_account(key, as_json=as_json)


@click.command("import", epilog="Example: nostr-usage account import --key-file alice.nsec")
@click.option(
    "--key-file", type=click.Path(path_type=Path, dir_okay=False), help="A file with the account's nsec."
)
@json_option
@pass_home
def import_account(home: Home, *, key_file: Path | None, as_json: bool) -> None:
    """Keep the account key that the service handed over in this follower's home, to read descriptions.

    It is read from NOSTR_USAGE_NSEC, a --key-file, or typed without showing it.

    Exit codes: 0 done, 2 no usable key, 5 not a follower's home.
    """
    key = read_secret_key(key_file)
    _save(home, key)
    _print_account(key, as_json=as_json)


def _save(home: Home, key: SecretKey) -> None:
    settings = home.settings()
    if settings.role is not Role.FOLLOWER:
        raise HomeError(
            f"{home.path} is an operator's home",
            advice="Save the key in a home made with `nostr-usage follow`.",
        )
    home.write_key("account", key.hex())
    home.write_settings(settings._replace(account=account_id(key)))


def _print_account(key: SecretKey, *, as_json: bool) -> None:
    found = account_id(key)
    if as_json:
        print_json({"account": found, "npub": encode_npub(found)})
    else:
        print_line(encode_npub(found))
