"""`nostr-usage quote`: what an action will cost, before it runs; and how good such estimates were."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import BinaryIO, Unpack

import click

from nostr_usage.amount import MICRO_PER_DOLLAR, cents_that_add, format_dollars, format_tokens
from nostr_usage.cli.options import amount, json_option, pass_clock, pass_home
from nostr_usage.cli.output import print_json, print_line, print_note, print_table
from nostr_usage.cli.spending import (
    Asked,
    clearance_object,
    intent_of,
    intent_options,
    print_help_of,
    refusal_object,
)
from nostr_usage.clock import Clock
from nostr_usage.errors import InputError
from nostr_usage.home import Home, Role
from nostr_usage.insight.accuracy import CLOSE_PERCENT, Accuracy
from nostr_usage.ledger.refusal import Refusal
from nostr_usage.pricing.expectation import Basis, Range
from nostr_usage.pricing.quote import Quote, QuoteWarning
from nostr_usage.pricing.token_count import TEXT_CHARACTERS_MAX, count_tokens
from nostr_usage.report import stream_of
from nostr_usage.reporting.estimates import accuracy_of
from nostr_usage.reporting.preview import cost_preview
from nostr_usage.spending.quoting import Prompt, QuoteView
from nostr_usage.wiring import ReaderHome, find_account, home_catalogue, open_reader

Counted = tuple[Range, str]
"""Prompt tokens, and what counted them."""

_MICRO_PER_CENT = MICRO_PER_DOLLAR // 100
_PROMPT_BYTES_MAX = 4 * TEXT_CHARACTERS_MAX
_COUNTED_BY = {
    "stated": "the prompt tokens that you stated",
    "characters": "the prompt, reckoned from its characters",
}
_WARNINGS = {
    QuoteWarning.NOT_ENOUGH: "The balance does not cover the typical cost.",
    QuoteWarning.MAY_NOT_BE_ENOUGH: "The balance covers the typical cost, but not the highest.",
    QuoteWarning.NOT_TWICE: "What is left afterwards does not cover the same action again.",
    QuoteWarning.RUNNING_LOW: "Afterwards the balance is low: fewer than {low} tokens.",
}


@click.command(epilog="Example: nostr-usage quote alice experiment-creation --add-on images")
@intent_options
@click.option(
    "--prompt-file",
    type=click.File("rb"),
    help="A text that will go in, to be counted; - is standard input. Nothing of it is kept.",
)
@click.option("--prompt-tokens", type=amount, help="How many prompt tokens will go in, if that is known.")
@click.option(
    "--completion-tokens", type=amount, help="How many will come out.  [default: what usually does]"
)
@json_option
@pass_home
@pass_clock
def quote(
    clock: Clock,
    home: Home,
    *,
    prompt_file: BinaryIO | None,
    prompt_tokens: int | None,
    completion_tokens: int | None,
    as_json: bool,
    **asked: Unpack[Asked],
) -> None:
    """What an ACTIVITY of ACCOUNT will cost, what that leaves, and what would be refused.

    The range is that of the account's own last actions (percentiles 10, 50 and 90), where there are at least
    20; else the catalogue's. With a prompt and a model it is reckoned from these.

    Exit codes: 0 done, also if the action would be refused, 2 a value that cannot be used, 3 no price is
    known for the model, 5 no usable home.
    """
    counted = _counted(prompt_file, prompt_tokens, model=asked["model"])
    if counted is None and completion_tokens is not None:
        raise InputError(
            "what comes out is known, but not what goes in", advice="Add --prompt-tokens or --prompt-file."
        )
    prompt = None if counted is None else Prompt(tokens=counted[0], completion_tokens=completion_tokens)
    with open_reader(home) as opened:
        catalogue, intent = home_catalogue(home, opened.settings), intent_of(opened.store, asked)
        with opened.store.read() as reader:
            view = cost_preview(reader, catalogue, intent, prompt=prompt, clock=clock)
    if as_json:
        print_json(_object(view, counted))
        return
    _print(view, counted)
    if opened.settings.role is not Role.OPERATOR:
        print_note("note: what the service refuses beyond that, such as past a budget, is not published.")


@click.command(epilog="Example: nostr-usage accuracy alice")
@click.argument("account")
@click.argument("activity", required=False)
@click.option("--meter", help="What is counted.  [default: the one of the activity, or tokens]")
@json_option
@pass_home
def accuracy(home: Home, *, account: str, activity: str | None, meter: str | None, as_json: bool) -> None:
    """What was held for the last actions of ACCOUNT, against what they were charged.

    Only actions that were reserved have a figure from before; nothing is kept of quotes themselves.

    Exit codes: 0 done, 2 no such account or activity, 5 no usable home.
    """
    with open_reader(home) as opened:
        found = _accuracy(opened, account, activity, meter=meter)
    if as_json:
        print_json([asdict(one) for one in found])
    elif not found:
        print_line("no action was reserved and settled yet, so there is nothing to compare")
    else:
        print_table(_ACCURACY_HEADER, [_accuracy_row(one) for one in found], right=range(1, 8))


def _counted(file: BinaryIO | None, tokens: int | None, *, model: str | None) -> Counted | None:
    if file is None:
        return None if tokens is None else (Range.exactly(tokens), "stated")
    if tokens is not None:
        raise InputError("a prompt and its tokens are both given", advice="Give one of them.")
    content = file.read(_PROMPT_BYTES_MAX + 1)
    if len(content) > _PROMPT_BYTES_MAX:
        raise InputError(
            f"the prompt has more than {_PROMPT_BYTES_MAX:,} bytes", advice="State its --prompt-tokens."
        )
    try:
        found = count_tokens(content.decode("utf-8"), model=model)
    except UnicodeDecodeError:
        raise InputError("the prompt is not text in UTF-8", advice="Convert it first.") from None
    return found.tokens, found.encoding or "characters"


def _accuracy(
    opened: ReaderHome, name: str, activity: str | None, *, meter: str | None
) -> tuple[Accuracy, ...]:
    catalogue, account = home_catalogue(opened.home, opened.settings), find_account(opened.store, name)
    counted = catalogue.activity(activity).meter if activity is not None else catalogue.default_meter
    with opened.store.read() as reader:
        return accuracy_of(reader, stream_of(reader, account, meter or counted), activity=activity)


def _object(view: QuoteView, counted: Counted | None) -> dict[str, object]:
    decision = view.decision
    refused = view.refused_at_high
    return {
        **asdict(view.quote),
        "meter": view.meter,
        "model": view.model,
        "low_balance": view.low_balance,
        "prompt": None if counted is None else {"tokens": asdict(counted[0]), "counted_by": counted[1]},
        "decision": refusal_object(decision) if isinstance(decision, Refusal) else clearance_object(decision),
        "refused_at_high": None if refused is None else refusal_object(refused),
    }


def _print(view: QuoteView, counted: Counted | None) -> None:
    quoted = view.quote
    value = f" ({format_dollars(quoted.typical_micro_dollars)})" if view.is_full else ""
    print_line(f"{view.label}: {_range(quoted.low, quoted.typical, quoted.high)} tokens{value}")
    print_line(f"  from      {_basis(quoted, counted)}")
    for line in (*_sides(quoted), *_lines(quoted, is_full=view.is_full)):
        print_line(line)
    left = quoted.remainder
    assert left is not None, "a quote for an account"
    print_line(
        f"  balance   {format_tokens(left.before)} now,"
        f" {format_tokens(left.after)} afterwards{_spread(left.after_low, left.after_high)}"
    )
    for other in quoted.cheaper:
        saved = f"{format_tokens(other.saved_tokens)} tokens ({other.saved_percent} %)"
        print_line(f"  cheaper   {other.label}: about {format_tokens(other.tokens)}, saves {saved}")
    for note in _notes(view):
        print_note(note)
    refused = view.decision if isinstance(view.decision, Refusal) else view.refused_at_high
    if refused is not None:
        when = "It" if refused is view.decision else "At its highest cost it"
        print_note(f"{when} would be refused: {refused.message}")
        print_help_of(refused)


def _notes(view: QuoteView) -> Iterator[str]:
    if view.quote.is_completion_assumed:
        yield "note: nobody knows how much will come out; --completion-tokens states it."
    for warning in view.quote.warnings:
        # Not being able to pay is said by the refusal, with what would help.
        if warning is not QuoteWarning.NOT_ENOUGH or not isinstance(view.decision, Refusal):
            yield f"note: {_WARNINGS[warning].format(low=format_tokens(view.low_balance))}"


def _basis(quoted: Quote, counted: Counted | None) -> str:
    match quoted.basis:
        case Basis.FIXED:
            return "a fixed price"
        case Basis.STATED:
            return "what you stated"
        case Basis.HISTORY:
            return f"your last {quoted.samples}: percentiles 10, 50 and 90"
        case Basis.CATALOGUE:
            return "the catalogue's estimate"
        case Basis.REQUEST:
            assert counted is not None, "a request has a prompt"
            past = f", and what came out of your last {quoted.samples}" if quoted.samples else ""
            return f"{_COUNTED_BY.get(counted[1], f'the prompt, counted by {counted[1]}')}{past}"


def _sides(quoted: Quote) -> Iterator[str]:
    sides = quoted.sides or ()
    cents = cents_that_add([side.micro_dollars for side in sides])
    for name, side, cent in zip(("in", "out"), sides, cents, strict=False):
        units = _range(side.units.low, side.units.typical, side.units.high)
        charged = f"{format_tokens(side.tokens)} ({format_dollars(cent * _MICRO_PER_CENT)})"
        yield f"  {name:<8}  {units} of the model's tokens: {charged}"


def _lines(quoted: Quote, *, is_full: bool) -> Iterator[str]:
    """The action and its add-ons, if it has any; the cents of those chosen add up to those of the quote."""
    if len(quoted.lines) == 1:
        return
    cents = iter(cents_that_add([line.micro_dollars for line in quoted.lines if line.is_chosen]))
    for line in quoted.lines:
        worth = next(cents) * _MICRO_PER_CENT if line.is_chosen else line.micro_dollars
        value = f"  {format_dollars(worth)}" if is_full else ""
        yield f"  [{'x' if line.is_chosen else ' '}] {line.label:<32} {format_tokens(line.tokens):>9}{value}"


def _range(low: int, typical: int, high: int) -> str:
    if low == high:
        return format_tokens(typical)
    return f"{format_tokens(low)} to {format_tokens(high)}, typically {format_tokens(typical)}"


def _spread(low: int, high: int) -> str:
    return "" if low == high else f" ({format_tokens(low)} to {format_tokens(high)})"


_ACCURACY_HEADER = (
    "activity", "actions", "quoted", "charged", "more", f"within {CLOSE_PERCENT} %", "half within",
    "nine in ten within",
)  # fmt: skip


def _accuracy_row(one: Accuracy) -> tuple[str, ...]:
    return (
        one.activity or "all",
        f"{one.count:,}",
        format_tokens(one.quoted),
        format_tokens(one.charged),
        f"{one.exceeded:,}",
        f"{one.close:,}",
        f"{one.off_typical:,} %",
        f"{one.off_high:,} %",
    )
