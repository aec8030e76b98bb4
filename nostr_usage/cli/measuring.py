"""Options that say what a model reported, for every command that charges measured usage."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypedDict, TypeVar

import click

from nostr_usage.cli.options import amount
from nostr_usage.errors import InputError
from nostr_usage.pricing.dialect import Dialect, usage_from
from nostr_usage.pricing.usage import MeasuredUsage

Command = TypeVar("Command", bound=Callable[..., object])


class Reported(TypedDict):
    """The values of `usage_options`, as a command receives them."""

    model: str | None
    provider: str | None
    prompt_tokens: int | None
    completion_tokens: int | None
    cached_tokens: int | None
    reasoning_tokens: int | None


_OPTIONS = (
    click.option("--model", help="The model whose usage follows; its price decides the charge."),
    click.option("--provider", help="Who ran the model, if its name does not say so."),
    click.option("--prompt-tokens", type=amount, help="Reported by the model, cached ones included."),
    click.option("--completion-tokens", type=amount, help="Reported by the model, reasoning included."),
    click.option("--cached-tokens", type=amount, help="Of the prompt tokens, those read from a cache."),
    click.option("--reasoning-tokens", type=amount, help="Of the completion tokens, those not shown."),
)


def usage_options(command: Command) -> Command:
    """`--model`, `--prompt-tokens` and so on: the values of a `Reported`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def usage_of(reported: Reported) -> tuple[MeasuredUsage, ...]:
    """What the options say was used; nothing without a model.

    Raises:
        InputError: counts without the name of their model.
        UsageFormatError: counts that contradict each other.
    """
    model, provider = reported["model"], reported["provider"]
    if model is None:
        if any(value is not None for value in reported.values()):
            raise InputError("measured usage needs the name of its model", advice="Add --model.")
        return ()
    counts = {
        "prompt_tokens": reported["prompt_tokens"],
        "completion_tokens": reported["completion_tokens"],
        "prompt_tokens_details": {"cached_tokens": reported["cached_tokens"]},
        "completion_tokens_details": {"reasoning_tokens": reported["reasoning_tokens"]},
    }
    return (usage_from(Dialect.OPENAI_CHAT, counts, model=model, provider=provider),)
