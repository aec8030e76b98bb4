"""`nostr-usage record|grant|refund|tick`: every change of a balance, each answered with a receipt."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Unpack

import click

from nostr_usage.amount import format_dollars, format_tokens
from nostr_usage.cli.choosing import chosen_entry
from nostr_usage.cli.measuring import Reported, usage_of, usage_options
from nostr_usage.cli.options import (
    amount,
    at_option,
    json_option,
    key_option,
    key_password,
    parse_dollars,
    parse_metadata,
    parse_time,
    pass_clock,
    pass_home,
)
from nostr_usage.cli.output import print_json, print_line, print_note
from nostr_usage.clock import Clock
from nostr_usage.errors import InputError
from nostr_usage.home import Home
from nostr_usage.ledger.alert import Alert, AlertKind
from nostr_usage.ledger.entry import EntryId, Source
from nostr_usage.wiring import find_account, open_operator
from nostr_usage.writing.request import Action, Grant, Receipt, Refund


@click.command(epilog="Example: nostr-usage record alice magic-mentor --tokens 247 --key chat-81")
@click.argument("account")
@click.argument("activity")
@click.option("--tokens", type=amount, help="What the action used, as the product states it.")
@click.option("--count", type=click.IntRange(min=1), default=1, help="So many at once, at a fixed price.")
@usage_options
@click.option(
    "--add-on", "add_ons", multiple=True, metavar="NAME", help="An option of the activity; repeatable."
)
@click.option("--description", default="", help="What was done; sealed unless the ledger says otherwise.")
@click.option("--meta", "metadata", multiple=True, metavar="NAME=VALUE", help="Sealed metadata; repeatable.")
@click.option("--actor", metavar="NAME", help="The member who did it: public, but in an organisation.")
@click.option("--group", metavar="NAME", help="The department that it was for; as --actor.")
@click.option("--prompt", metavar="NAME", help="The named prompt that was used; public.")
@at_option
@key_option
@json_option
@pass_home
@pass_clock
def record(
    clock: Clock,
    home: Home,
    *,
    account: str,
    activity: str,
    tokens: int | None,
    count: int,
    add_ons: tuple[str, ...],
    description: str,
    metadata: tuple[str, ...],
    actor: str | None,
    group: str | None,
    prompt: str | None,
    at: str | None,
    key: str,
    as_json: bool,
    **reported: Unpack[Reported],
) -> None:
    """Charge ACCOUNT for an ACTIVITY of the catalogue: its fixed price, stated tokens, or measured usage.

    Measured usage is what the model reported: --model, --prompt-tokens, --completion-tokens and so on.

    The receipt is a signed event, on disk before it is printed. The same --key with the same request gives
    the same receipt and charges nothing again.

    Exit codes: 0 done, 2 a value that cannot be used, 3 refused by the ledger or the price list, 5 not an
    operator's home. Unless it is 0, nothing was changed.
    """
    usage = usage_of(reported)
    occurred_at, pairs = parse_time(at), parse_metadata(metadata)
    with open_operator(home, password=key_password(home, "ledger"), clock=clock) as opened:
        receipt = opened.recorder.record(
            Action(
                account=find_account(opened.store, account),
                activity=activity,
                key=key,
                tokens=tokens,
                count=count,
                usage=usage,
                add_ons=add_ons,
                description=description,
                metadata=pairs,
                occurred_at=occurred_at,
                actor=actor,
                group=group,
                prompt=prompt,
            )
        )
    print_receipt(receipt, f"charged for {receipt.entry.type}", as_json=as_json)


@click.command(
    epilog="Example: nostr-usage grant alice 14500 --source purchased --paid 25 --payment pi_3Nx --key pi_3Nx"
)
@click.argument("account")
@click.argument("tokens", type=amount)
@click.option(
    "--source",
    required=True,
    type=click.Choice([source.value for source in Source]),
    help="Where the tokens come from; `purchased` ones count as bought.",
)
@click.option("--expires", metavar="TIME", help="When what is left lapses.  [default: never]")
@click.option("--paid", metavar="USD", help="What was paid.  [default: the tokens' value]")
@click.option("--payment", metavar="ID", help="The payment's id; only a keyed hash of it is published.")
@click.option("--reason", default="", help="The type of the entry, such as `welcome`.")
@click.option("--meter", help="What is given.  [default: the catalogue's first meter]")
@click.option("--description", default="", help="Sealed unless the ledger says otherwise.")
@at_option
@key_option
@json_option
@pass_home
@pass_clock
def grant(
    clock: Clock,
    home: Home,
    *,
    account: str,
    tokens: int,
    source: str,
    expires: str | None,
    paid: str | None,
    payment: str | None,
    reason: str,
    meter: str | None,
    description: str,
    at: str | None,
    key: str,
    as_json: bool,
) -> None:
    """Give ACCOUNT so many TOKENS. Debt is paid from them first.

    Exit codes: 0 done, 2 a value that cannot be used, 3 refused by the ledger, 5 not an operator's home.
    """
    expires_at, paid_micro, occurred_at = parse_time(expires), parse_dollars(paid), parse_time(at)
    with open_operator(home, password=key_password(home, "ledger"), clock=clock) as opened:
        receipt = opened.recorder.grant(
            Grant(
                account=find_account(opened.store, account),
                tokens=tokens,
                source=Source(source),
                key=key,
                reason=reason,
                expires_at=expires_at,
                paid=paid_micro,
                payment=payment,
                description=description,
                occurred_at=occurred_at,
                meter=meter,
            )
        )
    print_receipt(receipt, f"granted ({receipt.entry.type})", as_json=as_json)


@click.command(epilog="Example: nostr-usage refund f2a0c312 100 --key refund-of-chat-81")
@click.argument("entry")
@click.argument("tokens", type=amount, required=False)
@click.option("--description", default="", help="Sealed unless the ledger says otherwise.")
@key_option
@json_option
@pass_home
@pass_clock
def refund(
    clock: Clock, home: Home, *, entry: str, tokens: int | None, description: str, key: str, as_json: bool
) -> None:
    """Give back TOKENS of the debit ENTRY, or all that is left of it, to the lots that it drew from.

    ENTRY is an id, its first 8 digits or more, or a note1… or nevent1….

    Exit codes: 0 done, 2 no such entry, 3 no debit or more than is left of it, 5 not an operator's home.
    """
    with open_operator(home, password=key_password(home, "ledger"), clock=clock) as opened:
        with opened.store.read() as reader:
            entry_id = chosen_entry(reader, entry).entry_id
        receipt = opened.recorder.refund(
            Refund(entry_id=EntryId(entry_id), key=key, tokens=tokens, description=description)
        )
    print_receipt(receipt, f"refunded for {receipt.entry.type}", as_json=as_json)


@click.command(epilog="Example: nostr-usage tick --all")
@click.argument("account", required=False)
@click.option("--all", "is_all", is_flag=True, help="Every account.")
@json_option
@pass_home
@pass_clock
def tick(clock: Clock, home: Home, *, account: str | None, is_all: bool, as_json: bool) -> None:
    """Write what is due by time: lapsed lots, renewed allowances, closed cycles.

    Nothing depends on it: what is due is also written before the next entry of an account.

    Exit codes: 0 done, 2 no such account, 5 not an operator's home.
    """
    if is_all == (account is not None):
        raise InputError("tick takes an account or --all", advice="Give one of the two.")
    with open_operator(home, password=key_password(home, "ledger"), clock=clock) as opened:
        if account is not None:
            accounts = [find_account(opened.store, account)]
        else:
            with opened.store.read() as reader:
                accounts = [row.account for row in reader.accounts()]
        written = {one: opened.recorder.tick(one) for one in accounts}
    if as_json:
        print_json({"accounts": len(accounts), "entries": sum(written.values()), "by_account": written})
    else:
        print_line(f"{sum(written.values()):,} entries written for {len(accounts):,} accounts")


def print_receipt(receipt: Receipt, what: str, *, as_json: bool) -> None:
    """A receipt: its figures and its id, or for programs the signed event with them."""
    entry = receipt.entry
    if as_json:
        print_json(
            {
                "entry_id": receipt.entry_id,
                "is_repeat": receipt.is_repeat,
                "alerts": [asdict(alert) for alert in receipt.alerts],
                **asdict(entry),
                "balance": entry.balance._asdict(),
                "event": json.loads(receipt.event_json),
            }
        )
        return
    cost = f" ({format_dollars(entry.cost.micro_dollars)})" if entry.cost.micro_dollars else ""
    print_line(
        f"{format_tokens(entry.tokens)} {entry.meter}{cost} {what}, {format_tokens(entry.balance.total)} left"
    )
    print_line(f"  {receipt.entry_id}  entry {entry.seq}")
    for alert in receipt.alerts:
        print_note(f"alert: {_alert_text(alert)}")
    if receipt.is_repeat:
        print_note("This request was answered before: this is its receipt, and nothing was written again.")


def _alert_text(alert: Alert) -> str:
    left = f"{format_tokens(alert.left)} left"
    match alert.kind:
        case AlertKind.USED:
            return f"{alert.threshold} % of this cycle's tokens are used, {left}"
        case AlertKind.BUDGET:
            return f"{alert.threshold} % of the budget {alert.subject} is used, {left}"
        case AlertKind.LOW:
            return f"fewer than {format_tokens(alert.threshold)} tokens are left: {format_tokens(alert.left)}"
        case AlertKind.EMPTY:
            return "nothing is left"
