"""`nostr-usage check|reserve|extend|settle|void`: an action that is paid for before it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TypedDict, TypeVar, Unpack

import click

from nostr_usage.amount import format_tokens
from nostr_usage.cli.measuring import Reported, usage_of, usage_options
from nostr_usage.cli.options import (
    amount,
    at_option,
    json_option,
    key_option,
    key_password,
    parse_metadata,
    parse_time,
    pass_clock,
    pass_home,
)
from nostr_usage.cli.output import ExitCode, iso_time, moment, print_error, print_json, print_line, print_note
from nostr_usage.cli.recording import print_receipt
from nostr_usage.clock import Clock
from nostr_usage.errors import RefusedError
from nostr_usage.home import Home
from nostr_usage.ledger.refusal import Caution, Refusal
from nostr_usage.spend import TTL_S_DEFAULT
from nostr_usage.store import Store
from nostr_usage.wiring import find_account, open_operator
from nostr_usage.writing.intent import Clearance, CountSource, Hold, Intent, Used

Command = TypeVar("Command", bound=Callable[..., object])


class Asked(TypedDict):
    """The values of `intent_options`, as a command receives them."""

    account: str
    activity: str
    tokens: int | None
    add_ons: tuple[str, ...]
    model: str | None
    actor: str | None
    group: str | None


_INTENT_OPTIONS = (
    click.argument("account"),
    click.argument("activity"),
    click.option("--tokens", type=amount, help="What it is expected to use.  [default: the typical figure]"),
    click.option("--add-on", "add_ons", multiple=True, metavar="NAME", help="An option of it; repeatable."),
    click.option("--model", help="The model that it will ask: its price must be known, its budget counts."),
    click.option("--actor", metavar="NAME", help="The member who wants it: public, but in an organisation."),
    click.option("--group", metavar="NAME", help="The department that it is for; as --actor."),
)


def intent_options(command: Command) -> Command:
    """ACCOUNT, ACTIVITY and what else says which action is meant: the values of an `Asked`."""
    for option in reversed(_INTENT_OPTIONS):
        command = option(command)
    return command


def _ttl_option(command: Command) -> Command:
    return click.option(
        "--ttl",
        "ttl_s",
        type=amount,
        default=str(TTL_S_DEFAULT),
        show_default=True,
        help="Seconds that it lasts from now on.",
    )(command)


@click.command(epilog="Example: nostr-usage check alice magic-mentor --json")
@intent_options
@json_option
@pass_home
@pass_clock
def check(clock: Clock, home: Home, *, as_json: bool, **asked: Unpack[Asked]) -> int:
    """Whether ACCOUNT may run an ACTIVITY now. Nothing is kept back for it.

    Exit codes: 0 it may, 2 a value that cannot be used, 3 refused, 5 not an operator's home.
    """
    with open_operator(home, password=key_password(home, "ledger"), clock=clock) as opened:
        answer = opened.spender.check(intent_of(opened.store, asked))
    if isinstance(answer, Refusal):
        return _print_refusal(answer, as_json=as_json)
    if as_json:
        print_json(clearance_object(answer))
        return ExitCode.DONE
    print_line(
        f"yes: {format_tokens(answer.needed)} needed, {format_tokens(answer.left)} left,"
        f" {format_tokens(answer.left_afterwards)} afterwards"
    )
    _print_cautions(answer.cautions)
    return ExitCode.DONE


@click.command(epilog="Example: nostr-usage reserve alice magic-mentor --key chat-81 --ttl 600")
@intent_options
@_ttl_option
@key_option
@json_option
@pass_home
@pass_clock
def reserve(clock: Clock, home: Home, *, ttl_s: int, key: str, as_json: bool, **asked: Unpack[Asked]) -> int:
    """Keep back what an ACTIVITY of ACCOUNT needs, until `settle`, `void` or its end.

    The same --key with the same request gives the same hold.

    Exit codes: 0 done, 2 a value that cannot be used, 3 refused, 5 not an operator's home.
    """
    with open_operator(home, password=key_password(home, "ledger"), clock=clock) as opened:
        answer = opened.spender.reserve(intent_of(opened.store, asked), key=key, ttl_s=ttl_s)
    if isinstance(answer, Refusal):
        return _print_refusal(answer, as_json=as_json)
    _print_hold(answer, f"held until {moment(answer.expires_at)}", as_json=as_json)
    if answer.is_repeat:
        print_note("This request was answered before: this is its hold, and nothing more is kept back.")
    return ExitCode.DONE


@click.command(epilog="Example: nostr-usage extend HOLD --ttl 600 --tokens 400")
@click.argument("hold")
@_ttl_option
@click.option("--tokens", type=amount, help="What it is to keep back.  [default: as much as before]")
@json_option
@pass_home
@pass_clock
def extend(clock: Clock, home: Home, *, hold: str, ttl_s: int, tokens: int | None, as_json: bool) -> int:
    """Let HOLD last for --ttl seconds from now on, or keep more back: its action takes longer, or needs more.

    One that has expired must be affordable again; a refusal leaves it as it was.

    Exit codes: 0 done, 2 a value that cannot be used, 3 refused, no such hold, or it has ended, 5 not an
    operator's home.
    """
    with open_operator(home, password=key_password(home, "ledger"), clock=clock) as opened:
        answer = opened.spender.extend(hold, ttl_s=ttl_s, tokens=tokens)
    if isinstance(answer, Refusal):
        return _print_refusal(answer, as_json=as_json)
    _print_hold(answer, f"held until {moment(answer.expires_at)}", as_json=as_json)
    return ExitCode.DONE


@click.command(epilog="Example: nostr-usage settle HOLD --tokens 247")
@click.argument("hold")
@click.option("--tokens", type=amount, help="What the action used, as the product states it.")
@usage_options
@click.option(
    "--estimated", is_flag=True, help="The count was reckoned, not reported; it is kept with the details."
)
@click.option("--description", default="", help="What was done; sealed unless the ledger says otherwise.")
@click.option("--meta", "metadata", multiple=True, metavar="NAME=VALUE", help="Sealed metadata; repeatable.")
@click.option("--prompt", metavar="NAME", help="The named prompt that was used; public.")
@click.option("--key", help="Idempotency key of the debit.  [default: that of the hold]")
@at_option
@json_option
@pass_home
@pass_clock
def settle(
    clock: Clock,
    home: Home,
    *,
    hold: str,
    tokens: int | None,
    estimated: bool,
    description: str,
    metadata: tuple[str, ...],
    prompt: str | None,
    key: str | None,
    at: str | None,
    as_json: bool,
    **reported: Unpack[Reported],
) -> None:
    """Charge what the action of HOLD really used: more than was held is charged in full.

    Settling again in the same way gives the same receipt.

    Exit codes: 0 done, 2 a value that cannot be used, 3 no such hold, voided, or settled in another way,
    5 not an operator's home.
    """
    usage = usage_of(reported)
    is_counted = bool(usage) or tokens is not None
    used = Used(
        tokens=tokens,
        usage=usage,
        count_source=_count_source(is_estimated=estimated) if is_counted else None,
        description=description,
        metadata=parse_metadata(metadata),
        prompt=prompt,
        occurred_at=parse_time(at),
    )
    with open_operator(home, password=key_password(home, "ledger"), clock=clock) as opened:
        receipt = opened.spender.settle(hold, used, key=key)
    print_receipt(receipt, f"charged for {receipt.entry.type}", as_json=as_json)


@click.command(epilog="Example: nostr-usage void HOLD")
@click.argument("hold")
@json_option
@pass_home
@pass_clock
def void(clock: Clock, home: Home, *, hold: str, as_json: bool) -> None:
    """Give back what HOLD keeps, because its action used nothing.

    Exit codes: 0 done, 3 no such hold, or settled, 5 not an operator's home.
    """
    with open_operator(home, password=key_password(home, "ledger"), clock=clock) as opened:
        voided = opened.spender.void(hold)
    _print_hold(voided, "given back", as_json=as_json)


def intent_of(store: Store, asked: Asked) -> Intent:
    """The intent that the options mean.

    Raises:
        UnknownNameError, KeyFormatError: no such account.
    """
    return Intent(
        account=find_account(store, asked["account"]),
        activity=asked["activity"],
        tokens=asked["tokens"],
        add_ons=asked["add_ons"],
        model=asked["model"],
        actor=asked["actor"],
        group=asked["group"],
    )


def _count_source(*, is_estimated: bool) -> CountSource:
    return CountSource.ESTIMATED if is_estimated else CountSource.PROVIDER


def _print_hold(hold: Hold, what: str, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {**asdict(hold), "expires_at": iso_time(hold.expires_at), "cautions": _cautions(hold.cautions)}
        )
        return
    print_line(f"{format_tokens(hold.tokens)} tokens for {hold.activity} {what}")
    print_line(f"  {hold.hold_id}")
    _print_cautions(hold.cautions)


def _print_refusal(refusal: Refusal, *, as_json: bool) -> ExitCode:
    if as_json:
        print_json(refusal_object(refusal))
        return ExitCode.REFUSED
    print_error(RefusedError(refusal, refusal.message))
    print_help_of(refusal)
    return ExitCode.REFUSED


def print_help_of(refusal: Refusal) -> None:
    """What would help, each on a line of its own, waiting with its end."""
    for one in refusal.help:
        until = "" if one.at is None else f" It comes at {moment(one.at)}."
        print_note(f"- {one.text}{until}")


def _print_cautions(cautions: tuple[Caution, ...]) -> None:
    for caution in cautions:
        print_note(f"note: {caution.message}")


def clearance_object(clearance: Clearance) -> dict[str, object]:
    """A yes, for programs."""
    return {"is_allowed": True, **asdict(clearance), "cautions": _cautions(clearance.cautions)}


def refusal_object(refusal: Refusal) -> dict[str, object]:
    """A no, for programs."""
    return {
        "is_allowed": False,
        **asdict(refusal),
        "resets_at": iso_time(refusal.resets_at),
        "help": [{**asdict(one), "at": iso_time(one.at)} for one in refusal.help],
    }


def _cautions(cautions: tuple[Caution, ...]) -> list[dict[str, object]]:
    return [{**asdict(caution), "resets_at": iso_time(caution.resets_at)} for caution in cautions]
