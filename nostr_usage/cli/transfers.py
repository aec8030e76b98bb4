"""`nostr-usage gift|reverse|restore|level|memo`: what moves tokens otherwise than by an action."""

from __future__ import annotations

import click

from nostr_usage.cli.choosing import chosen_entry
from nostr_usage.cli.options import (
    amount,
    at_option,
    json_option,
    key_option,
    key_password,
    parse_time,
    pass_clock,
    pass_home,
)
from nostr_usage.cli.output import ExitCode, print_line, print_note
from nostr_usage.cli.recording import print_receipt
from nostr_usage.clock import Clock
from nostr_usage.home import Home
from nostr_usage.ledger.entry import EntryId
from nostr_usage.wiring import find_account, open_operator
from nostr_usage.writing.request import Gift, Memo, Reading, Restoration, Reversal


@click.command(epilog="Example: nostr-usage gift alice bob 500 --key birthday-2026")
@click.argument("giver")
@click.argument("receiver")
@click.argument("tokens", type=amount)
@click.option("--meter", help="What is given.  [default: the catalogue's first meter]")
@click.option("--description", default="", help="Sealed for both unless the ledger says otherwise.")
@key_option
@json_option
@pass_home
@pass_clock
def gift(
    clock: Clock,
    home: Home,
    *,
    giver: str,
    receiver: str,
    tokens: int,
    meter: str | None,
    description: str,
    key: str,
    as_json: bool,
) -> None:
    """Give TOKENS of one account to another: a debit there, a grant here that names it.

    Exit codes: 0 done, 2 no such account, 3 the giver has not so many, 5 not an operator's home.
    """
    with open_operator(home, password=key_password(home, "ledger"), clock=clock) as opened:
        given = opened.transfers.give(
            Gift(
                giver=find_account(opened.store, giver),
                receiver=find_account(opened.store, receiver),
                tokens=tokens,
                key=key,
                description=description,
                meter=meter,
            )
        )
    if not as_json:
        print_receipt(given.taken, f"given by {giver}", as_json=False)
    print_receipt(given.given, f"received by {receiver}", as_json=as_json)


@click.command(epilog="Example: nostr-usage reverse f2a0c312 --key dispute-81")
@click.argument("entry")
@click.argument("tokens", type=amount, required=False)
@click.option("--description", default="", help="Sealed unless the ledger says otherwise.")
@key_option
@json_option
@pass_home
@pass_clock
def reverse(
    clock: Clock, home: Home, *, entry: str, tokens: int | None, description: str, key: str, as_json: bool
) -> None:
    """Take back TOKENS of the grant ENTRY, or all that is left of it: its payment was charged back.

    What is spent already becomes debt.

    Exit codes: 0 done, 2 no such entry, 3 no grant or more than is left of it, 5 not an operator's home.
    """
    with open_operator(home, password=key_password(home, "ledger"), clock=clock) as opened:
        with opened.store.read() as reader:
            entry_id = chosen_entry(reader, entry).entry_id
        receipt = opened.transfers.reverse(
            Reversal(entry_id=EntryId(entry_id), key=key, tokens=tokens, description=description)
        )
    print_receipt(receipt, "taken back", as_json=as_json)


@click.command(epilog="Example: nostr-usage restore 0c31f2a0 --key dispute-81-won")
@click.argument("entry")
@click.option("--description", default="", help="Sealed unless the ledger says otherwise.")
@key_option
@json_option
@pass_home
@pass_clock
def restore(clock: Clock, home: Home, *, entry: str, description: str, key: str, as_json: bool) -> None:
    """Grant again what the reversal ENTRY took: its dispute was won.

    Exit codes: 0 done, 2 no such entry, 3 no reversal or restored before, 5 not an operator's home.
    """
    with open_operator(home, password=key_password(home, "ledger"), clock=clock) as opened:
        with opened.store.read() as reader:
            entry_id = chosen_entry(reader, entry).entry_id
        receipt = opened.transfers.restore(
            Restoration(entry_id=EntryId(entry_id), key=key, description=description)
        )
    print_receipt(receipt, "granted again", as_json=as_json)


@click.command(epilog="Example: nostr-usage level alice storage 750 --key storage-2026-02-14")
@click.argument("account")
@click.argument("meter")
@click.argument("level", type=amount)
@at_option
@key_option
@json_option
@pass_home
@pass_clock
def level(
    clock: Clock, home: Home, *, account: str, meter: str, level: int, at: str | None, key: str, as_json: bool
) -> int:
    """Note the LEVEL of a METER that costs no tokens, such as storage in use.

    Exit codes: 0 done, 1 it is above the plan's limit, 2 no such account or meter, 5 not an operator's home.
    """
    occurred_at = parse_time(at)
    with open_operator(home, password=key_password(home, "ledger"), clock=clock) as opened:
        reading = Reading(
            account=find_account(opened.store, account),
            meter=meter,
            level=level,
            key=key,
            occurred_at=occurred_at,
        )
        noted = opened.transfers.note_level(reading)
    if as_json:
        print_receipt(noted.receipt, "", as_json=True)
    else:
        of = "" if noted.limit is None else f" of {noted.limit:,}"
        print_line(f"{meter} {level:,}{of}")
    if noted.is_over:
        print_note(f"{meter} is above the limit of the plan")
    return ExitCode.PROBLEMS if noted.is_over else ExitCode.DONE


@click.command(epilog="Example: nostr-usage memo alice magic-mentor 12345 --key own-key-2026-02")
@click.argument("account")
@click.argument("activity")
@click.argument("tokens", type=amount)
@click.option("--description", default="", help="Sealed unless the ledger says otherwise.")
@at_option
@key_option
@json_option
@pass_home
@pass_clock
def memo(
    clock: Clock,
    home: Home,
    *,
    account: str,
    activity: str,
    tokens: int,
    description: str,
    at: str | None,
    key: str,
    as_json: bool,
) -> None:
    """Take note of an action that is charged elsewhere, such as with a customer's own key.

    Exit codes: 0 done, 2 no such account or activity, 5 not an operator's home.
    """
    occurred_at = parse_time(at)
    with open_operator(home, password=key_password(home, "ledger"), clock=clock) as opened:
        receipt = opened.transfers.note(
            Memo(
                account=find_account(opened.store, account),
                activity=activity,
                tokens=tokens,
                key=key,
                description=description,
                occurred_at=occurred_at,
            )
        )
    print_receipt(receipt, "noted, not charged", as_json=as_json)
