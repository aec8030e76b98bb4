"""Arguments and options that several commands share, and the parsing of what people type."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import click
from click.decorators import pass_meta_key

from nostr_usage.amount import MICRO_PER_DOLLAR, parse_amount
from nostr_usage.errors import AmountError, InputError
from nostr_usage.home import Home

Command = TypeVar("Command", bound=Callable[..., object])

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])", re.ASCII)
_DOLLARS = re.compile(r"(0|[1-9][0-9]{0,8})(?:\.([0-9]{1,6}))?", re.ASCII)

PASSWORD_VARIABLE = "NOSTR_USAGE_PASSWORD"  # noqa: S105  # the name of a variable, not a password

CLOCK = "nostr_usage.clock"
"""Where the context keeps the clock that a command tells the time by."""

pass_home = click.make_pass_decorator(Home)
pass_clock = pass_meta_key(CLOCK, doc_description="the clock")


def amount(text: str) -> int:
    """The type of options that take a plain whole number of at most 15 digits: no signs, no separators."""
    try:
        return parse_amount(text)
    except AmountError as error:
        raise click.BadParameter(f"{error}. {error.advice}") from None


def json_option(command: Command) -> Command:
    """`--json`: the same figures for programs."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")(command)


def key_option(command: Command) -> Command:
    """`--key`: the idempotency key that every change needs."""
    return click.option(
        "--key",
        required=True,
        help="Idempotency key: the same key and request give the same receipt, for ever.",
    )(command)


def at_option(command: Command) -> Command:
    """`--at`: when it happened."""
    return click.option(
        "--at", help="When it happened: unix seconds or ISO 8601 with a zone.  [default: now]"
    )(command)


def month_option(command: Command) -> Command:
    """`--month`: which one, for `parse_month`."""
    return click.option(
        "--month",
        "month_name",
        metavar="YYYY-MM",
        help="A month in UTC, or `this` or `last`.  [default: this]",
    )(command)


def parse_time(text: str | None) -> int | None:
    """Unix seconds from digits or from ISO 8601 with a zone; None stays None.

    Raises:
        InputError: for anything else, and for a time without a zone.
    """
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) <= 12:
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return int(moment.timestamp())
    except (ValueError, OverflowError):
        pass
    raise InputError(
        f"{text[:40]!r} is not a time with its zone",
        advice="Write unix seconds, or ISO 8601 such as 2026-02-14T14:45:02Z.",
    )


def parse_month(text: str | None, *, now: int) -> str:
    """A month in UTC (`2026-02`): as written, `this` or `last`; None is this one. `now` is unix seconds.

    Raises:
        InputError: for anything else.
    """
    today = datetime.fromtimestamp(now, UTC)
    match text:
        case None | "this":
            return today.strftime("%Y-%m")
        case "last":
            return (today.replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
        case _ if _MONTH.fullmatch(text):
            return text
        case _:
            raise InputError(
                f"{text[:40]!r} is not a month", advice="Write it like 2026-02, or `this` or `last`."
            )


def parse_dollars(text: str | None) -> int | None:
    """Micro-dollars from dollars with at most six decimals, such as `25` or `9.99`; None stays None.

    Raises:
        InputError: for anything else.
    """
    if text is None:
        return None
    match = _DOLLARS.fullmatch(text)
    if not match:
        raise InputError(
            f"{text[:40]!r} is not an amount in dollars", advice="Write it like 25 or 9.99, without a sign."
        )
    whole, decimals = match.groups(default="")
    return int(whole) * MICRO_PER_DOLLAR + int(decimals.ljust(6, "0"))


def parse_metadata(pairs: tuple[str, ...]) -> dict[str, str]:
    """`k=v` texts as a mapping.

    Raises:
        InputError: for a text without `=`, or a name given twice.
    """
    metadata: dict[str, str] = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator or not name or name in metadata:
            raise InputError(f"metadata {pair!r} is not name=value, or its name is given twice")
        metadata[name] = value
    return metadata


def key_password(home: Home, name: str) -> str | None:
    """The password of an encrypted key file: from the environment, else asked on a terminal."""
    if not home.has_key(name) or not home.key_text(name).startswith("ncryptsec1"):
        return None
    stated = os.environ.get(PASSWORD_VARIABLE)
    if stated is not None or not sys.stdin.isatty():
        return stated
    answer: str = click.prompt(f"Password of {home.key_path(name)}", hide_input=True, err=True)
    return answer
