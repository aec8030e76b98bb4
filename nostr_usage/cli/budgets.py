"""`nostr-usage budget show|set|remove`: what may be spent in a day or month, by whom and on what."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypedDict, TypeVar, Unpack

import click

from nostr_usage.amount import format_tokens
from nostr_usage.cli.options import amount, json_option, key_password, pass_clock, pass_home
from nostr_usage.cli.output import iso_time, moment, print_json, print_line, print_table
from nostr_usage.clock import Clock
from nostr_usage.errors import HomeError, InputError
from nostr_usage.home import Home, Role
from nostr_usage.ledger.entry import AccountId
from nostr_usage.ledger.guardrail import Budget, Enforcement, Scope
from nostr_usage.ledger.window import Period
from nostr_usage.organise import subject_of
from nostr_usage.reporting.entitlement import entitlement_of
from nostr_usage.spending.budgeting import Budgeting, BudgetView
from nostr_usage.store import Reader
from nostr_usage.wiring import OperatorHome, find_account, home_catalogue, open_operator, open_reader

Command = TypeVar("Command", bound=Callable[..., object])

ENFORCEMENTS = {
    "soft": Enforcement.WARN,
    "hard": Enforcement.REFUSE,
    "raise-or-wait": Enforcement.RAISE_OR_WAIT,
}
_WORDS = {enforcement: word for word, enforcement in ENFORCEMENTS.items()}


class Place(TypedDict):
    """The values of `place_options`, as a command receives them."""

    account: str
    scope: str
    subject: str
    period: str


_PLACE_OPTIONS = (
    click.argument("account"),
    click.option(
        "--scope",
        type=click.Choice([scope.value for scope in Scope]),
        default=Scope.ACCOUNT.value,
        show_default=True,
        help="Whose or what's use it counts.",
    ),
    click.option(
        "--subject",
        default="",
        metavar="NAME",
        help="Which member, group, model or activity.  [default: each of them]",
    ),
    click.option(
        "--period",
        type=click.Choice([period.value for period in Period]),
        default=Period.MONTH.value,
        show_default=True,
        help="How long it lasts before it begins anew.",
    ),
)


def place_options(command: Command) -> Command:
    """ACCOUNT and what else says which budget is meant: the values of a `Place`."""
    for option in reversed(_PLACE_OPTIONS):
        command = option(command)
    return command


@click.group()
def budget() -> None:
    """Budgets by day and month: for an account, its members, groups, models and activities.

    A soft one warns, a hard one refuses; past one that says raise-or-wait, an action waits until the budget
    is raised or begins anew. An account's own go before its plan's.
    """


@budget.command("show", epilog="Example: nostr-usage budget show alice")
@click.argument("account")
@click.option("--meter", help="What is counted.  [default: all that is]")
@json_option
@pass_home
@pass_clock
def show(clock: Clock, home: Home, *, account: str, meter: str | None, as_json: bool) -> None:
    """The budgets of ACCOUNT, its plan's and its own: used, held, left, and when each begins anew.

    Exit codes: 0 done, 2 no such account, 5 not an operator's home.
    """
    with open_reader(home) as opened:
        if opened.settings.role is not Role.OPERATOR:
            raise HomeError(
                f"{home.path} follows a ledger, and budgets are not published",
                advice="Ask the service, or use the operator's home.",
            )
        budgeting = Budgeting(clock=clock, catalogue=home_catalogue(home, opened.settings))
        number = find_account(opened.store, account)
        with opened.store.read() as reader:
            found = budgeting.views(reader, number, meter=meter)
    if as_json:
        print_json([budget_object(one) for one in found])
    elif not found:
        print_line("no budgets: nothing but the balance limits this account")
    else:
        print_budgets(found)


@budget.command("set", epilog="Example: nostr-usage budget set alice --tokens 4000 --enforce hard")
@place_options
@click.option("--tokens", type=amount, required=True, help="How many may be spent; 0 is none.")
@click.option(
    "--enforce",
    type=click.Choice(list(ENFORCEMENTS)),
    default="soft",
    show_default=True,
    help="What happens where it would be passed.",
)
@pass_home
@pass_clock
def set_budget(clock: Clock, home: Home, *, tokens: int, enforce: str, **place: Unpack[Place]) -> None:
    """Set or change a budget of ACCOUNT's own; it holds from the next action on.

    Exit codes: 0 done, 2 a value that cannot be used, 3 the account's plan has no such budgets, 5 not an
    operator's home.
    """
    with open_operator(home, password=key_password(home, "ledger"), clock=clock) as opened:
        account = find_account(opened.store, place["account"])
        with opened.store.read() as reader:
            plan = entitlement_of(opened.catalogue, reader.account(account))
            plan.require_budget(Period(place["period"]))
            chosen = _budget(opened, reader, account, place, tokens=tokens, enforce=enforce)
        opened.spender.set_budget(account, chosen)
    print_line(f"{_name(place)}: {format_tokens(tokens)} tokens, {enforce}")


@budget.command("remove", epilog="Example: nostr-usage budget remove alice --period day")
@place_options
@pass_home
@pass_clock
def remove(clock: Clock, home: Home, **place: Unpack[Place]) -> None:
    """Take a budget of ACCOUNT's own away; that of its plan counts again, if there is one.

    Exit codes: 0 done, 2 no such account, or it has no such budget of its own, 5 not an operator's home.
    """
    with open_operator(home, password=key_password(home, "ledger"), clock=clock) as opened:
        account, scope = find_account(opened.store, place["account"]), Scope(place["scope"])
        with opened.store.read() as reader:
            subject = _subject(reader, account, scope, place["subject"])
        opened.spender.remove_budget(account, scope=scope, subject=subject, period=Period(place["period"]))
    print_line(f"{_name(place)}: removed")


def _budget(
    opened: OperatorHome, reader: Reader, account: AccountId, place: Place, *, tokens: int, enforce: str
) -> Budget:
    scope = Scope(place["scope"])
    if scope is Scope.ACTIVITY and place["subject"]:
        opened.catalogue.activity(place["subject"])
    return Budget(
        scope=scope,
        subject=_subject(reader, account, scope, place["subject"]),
        period=Period(place["period"]),
        tokens=tokens,
        enforcement=ENFORCEMENTS[enforce],
    )


def _subject(reader: Reader, account: AccountId, scope: Scope, name: str) -> str:
    """What entries say of the subject: in an organisation the pseudonym of a member or department."""
    if scope is Scope.ACCOUNT and name:
        raise InputError("a budget of the account has no subject", advice="Leave --subject out.")
    row = reader.account(account)
    is_organised = row is not None and reader.is_organisation(row.account_no)
    if name and is_organised and scope in {Scope.MEMBER, Scope.GROUP}:
        return subject_of(reader, account, scope=scope, name=name)
    return name


def _name(place: Place) -> str:
    whose = f" {place['subject']}" if place["subject"] else ""
    return f"budget by {place['scope']}{whose} and {place['period']}"


def print_budgets(found: tuple[BudgetView, ...]) -> None:
    """Budgets as a table."""
    header = ("budget", "for", "tokens", "used", "held", "left", "", "begins anew", "enforced", "from")
    rows = [
        (
            f"{one.budget.scope}/{one.budget.period}"
            if one.meter == "tokens"
            else f"{one.budget.scope}/{one.budget.period} of {one.meter}",
            one.name or ("" if one.budget.scope is Scope.ACCOUNT else "each"),
            format_tokens(one.budget.tokens),
            format_tokens(one.used),
            format_tokens(one.held),
            format_tokens(one.left),
            f"{one.percent} %",
            moment(one.resets_at),
            _WORDS[one.budget.enforcement],
            "its own" if one.is_own else "the plan",
        )
        for one in found
    ]
    print_table(header, rows, right=range(2, 7))


def budget_object(one: BudgetView) -> dict[str, object]:
    """A budget for programs."""
    return {
        "meter": one.meter,
        "scope": one.budget.scope.value,
        "subject": one.subject,
        "name": one.name,
        "for_each": not one.budget.subject and one.budget.scope is not Scope.ACCOUNT,
        "period": one.budget.period.value,
        "tokens": one.budget.tokens,
        "enforcement": _WORDS[one.budget.enforcement],
        "is_own": one.is_own,
        "used": one.used,
        "held": one.held,
        "left": one.left,
        "percent": one.percent,
        "starts_at": iso_time(one.starts_at),
        "resets_at": iso_time(one.resets_at),
        "zone": one.zone,
    }
