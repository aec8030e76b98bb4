"""`nostr-usage org quota …`: what a member or department may use in a day or month.

A quota is a budget of the account for the pseudonym, so `budget` shows and removes it as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypedDict, TypeVar, Unpack

import click

from nostr_usage.amount import format_tokens
from nostr_usage.cli.budgets import ENFORCEMENTS, budget_object, print_budgets
from nostr_usage.cli.options import amount, json_option, key_password, pass_clock, pass_home
from nostr_usage.cli.output import print_json, print_line
from nostr_usage.clock import Clock
from nostr_usage.errors import InputError
from nostr_usage.home import Home
from nostr_usage.ledger.guardrail import Scope
from nostr_usage.ledger.window import Period
from nostr_usage.organise import organisation_of, subject_of
from nostr_usage.reporting.entitlement import entitlement_of
from nostr_usage.spending.budgeting import Budgeting
from nostr_usage.wiring import find_account, home_catalogue, open_operator, open_reader

Command = TypeVar("Command", bound=Callable[..., object])


class Whose(TypedDict):
    """The values of `whose_options`, as a command receives them."""

    organisation: str
    member: str | None
    department: str | None
    each: str | None
    period: str


_WHOSE_OPTIONS = (
    click.argument("organisation"),
    click.option("--member", metavar="NAME", help="Of this member."),
    click.option("--department", metavar="NAME", help="Of this department: all its members together."),
    click.option("--each", type=click.Choice(["member", "department"]), help="Of each of them apart."),
    click.option(
        "--period",
        type=click.Choice([period.value for period in Period]),
        default=Period.MONTH.value,
        show_default=True,
        help="How long it lasts before it begins anew.",
    ),
)


def whose_options(command: Command) -> Command:
    """ORGANISATION and what else says which quota is meant: the values of a `Whose`."""
    for option in reversed(_WHOSE_OPTIONS):
        command = option(command)
    return command


@click.group(epilog="Example: nostr-usage org quota show acme")
def quota() -> None:
    """What members and departments may use in a day or month: show, set, remove.

    An account with several meters counts each of them apart.

    Exit codes: 0 done, 2 a value that cannot be used, 3 the plan has no such budgets, 5 no usable home.
    """


@quota.command("set", epilog="Example: nostr-usage org quota set acme --member maria --tokens 500 --hard")
@whose_options
@click.option("--tokens", type=amount, required=True, help="How many may be used; 0 is none.")
@click.option(
    "--hard/--soft", "is_hard", default=True, show_default=True, help="Whether what would pass it is refused."
)
@pass_home
@pass_clock
def set_quota(clock: Clock, home: Home, *, tokens: int, is_hard: bool, **whose: Unpack[Whose]) -> None:
    """Set or change a quota; it holds from the next action on.

    Exit codes: 0 done, 2 a value that cannot be used, 3 the plan has no such budgets, 5 not an
    operator's home.
    """
    scope, name = _subject(whose)
    period, word = Period(whose["period"]), "hard" if is_hard else "soft"
    with open_operator(home, password=key_password(home, "ledger"), clock=clock) as opened:
        account = find_account(opened.store, whose["organisation"])
        with opened.store.read() as reader:
            row = organisation_of(reader, account)
            entitlement_of(opened.catalogue, row).require_budget(period)
        chosen = opened.organiser.quota(
            account,
            scope=scope,
            name=name,
            period=period,
            tokens=tokens,
            enforcement=ENFORCEMENTS[word],
        )
        opened.spender.set_budget(account, chosen)
    print_line(f"{_spoken(whose)}: {format_tokens(tokens)} tokens a {period}, {word}")


@quota.command("remove", epilog="Example: nostr-usage org quota remove acme --member maria")
@whose_options
@pass_home
@pass_clock
def remove_quota(clock: Clock, home: Home, **whose: Unpack[Whose]) -> None:
    """Take a quota away.

    Exit codes: 0 done, 2 no such quota, 5 not an operator's home.
    """
    scope, name = _subject(whose)
    with open_operator(home, password=key_password(home, "ledger"), clock=clock) as opened:
        account = find_account(opened.store, whose["organisation"])
        with opened.store.read() as reader:
            subject = subject_of(reader, account, scope=scope, name=name)
        opened.spender.remove_budget(account, scope=scope, subject=subject, period=Period(whose["period"]))
    print_line(f"{_spoken(whose)}: no quota by {whose['period']}")


@quota.command("show", epilog="Example: nostr-usage org quota show acme")
@click.argument("organisation")
@click.option("--meter", help="What is counted.  [default: all that is]")
@json_option
@pass_home
@pass_clock
def show_quotas(clock: Clock, home: Home, *, organisation: str, meter: str | None, as_json: bool) -> None:
    """The quotas of members and departments: used, held, left, and when each begins anew.

    Exit codes: 0 done, 2 no such organisation, 5 no usable home.
    """
    with open_reader(home) as opened:
        budgeting = Budgeting(clock=clock, catalogue=home_catalogue(home, opened.settings))
        account = find_account(opened.store, organisation)
        with opened.store.read() as reader:
            organisation_of(reader, account)
            views = budgeting.views(reader, account, meter=meter)
    found = tuple(one for one in views if one.budget.scope in {Scope.MEMBER, Scope.GROUP})
    if as_json:
        print_json([budget_object(one) for one in found])
    elif not found:
        print_line("no quotas: nothing but the balance and its budgets limits its members")
    else:
        print_budgets(found)


def _subject(whose: Whose) -> tuple[Scope, str]:
    stated = [name for name in ("member", "department", "each") if whose[name] is not None]
    if len(stated) != 1:
        raise InputError(
            "whose quota is meant?", advice="Give one of --member NAME, --department NAME and --each."
        )
    is_member = whose["member"] is not None or whose["each"] == "member"
    name = whose["member"] if whose["member"] is not None else whose["department"] or ""
    if whose["each"] is None and not name:
        raise InputError("a member or department has a name", advice="Say --each for all of them.")
    return Scope.MEMBER if is_member else Scope.GROUP, name


def _spoken(whose: Whose) -> str:
    if whose["each"] is not None:
        return f"each {whose['each']}"
    return f"member {whose['member']}" if whose["member"] is not None else f"department {whose['department']}"
