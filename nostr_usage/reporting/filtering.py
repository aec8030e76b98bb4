"""The filter language: what people type to find entries ─▶ conditions.

type:magic-mentor,quiz-generation   activities, or reasons such as purchase
op:debit    source:purchased    actor:NAME    group:NAME
tokens>500  tokens<1000         size of the entry, whatever its sign
usd>1       usd<0.50            what it is shown to cost
after:2026-02-01  before:2026-02-15  on:2026-02-14  month:2026-02      days in UTC
other words                     in the type or the description; "in quotes" with spaces
!anything                       not that
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from nostr_usage.errors import InputError
from nostr_usage.ledger.entry import Operation, Source
from nostr_usage.store.matching import CONDITIONS_MAX, Condition, Field

TEXT_MAX = 500
_WORD = re.compile(r'!?(?:[a-z]+:)?"[^"]*"|\S+')
_COMPARISON = re.compile(r"(tokens|usd)([<>])([0-9][0-9,]*)(?:\.([0-9]{1,6}))?", re.ASCII)
_MONTH = re.compile(r"([0-9]{4})-([01][0-9])", re.ASCII)
_TEXT_FIELDS = {
    "type": Field.TYPE,
    "op": Field.OPERATION,
    "source": Field.SOURCE,
    "actor": Field.ACTOR,
    "group": Field.GROUP,
}
_KNOWN_VALUES = {Field.OPERATION: tuple(Operation), Field.SOURCE: tuple(Source)}
_COMPARISONS = {
    ("tokens", ">"): Field.TOKENS_ABOVE,
    ("tokens", "<"): Field.TOKENS_BELOW,
    ("usd", ">"): Field.COST_ABOVE,
    ("usd", "<"): Field.COST_BELOW,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """One word of a filter as it was typed, and the conditions that it stands for."""

    text: str
    conditions: tuple[Condition, ...]


def parse_filter(text: str) -> tuple[Chip, ...]:
    """The words of `text`; all of them must hold.

    Raises:
        InputError: naming the word that cannot be understood.
    """
    if len(text) > TEXT_MAX:
        raise InputError(f"the filter is longer than {TEXT_MAX} characters")
    chips = tuple(_chip(word) for word in _WORD.findall(text))
    if sum(len(chip.conditions) for chip in chips) > CONDITIONS_MAX:
        raise InputError(f"the filter has more than {CONDITIONS_MAX} conditions")
    return chips


def conditions_of(chips: tuple[Chip, ...]) -> tuple[Condition, ...]:
    """All conditions of a filter."""
    return tuple(condition for chip in chips for condition in chip.conditions)


def _chip(word: str) -> Chip:
    is_negated = word.startswith("!") and len(word) > 1
    conditions = _conditions(word.removeprefix("!") if is_negated else word)
    if not is_negated:
        return Chip(text=word, conditions=conditions)
    if len(conditions) > 1:
        raise InputError(f"{word[:40]!r}: a span of time cannot be negated", advice="Use before: or after:.")
    return Chip(text=word, conditions=tuple(one._replace(is_negated=True) for one in conditions))


def _conditions(word: str) -> tuple[Condition, ...]:
    if comparison := _COMPARISON.fullmatch(word):
        name, sign, whole, decimals = comparison.groups()
        return (Condition(_COMPARISONS[name, sign], number=_number(word, name, whole, decimals)),)
    name, separator, value = word.partition(":")
    if not separator or not name.isalpha():
        return (Condition(Field.TEXT, values=(word.strip('"'),)),)
    if name in _TEXT_FIELDS:
        return (_text_condition(word, _TEXT_FIELDS[name], value.strip('"')),)
    if name in {"after", "before", "on", "month"}:
        return _times(word, name, value)
    raise InputError(
        f"{word[:40]!r}: there is no {name[:20]!r} to look for",
        advice="Known are type, op, source, actor, group, tokens, usd, after, before, on and month.",
    )


def _text_condition(word: str, field: Field, value: str) -> Condition:
    values = tuple(part for part in value.split(",") if part)
    if not values:
        raise InputError(f"{word[:40]!r}: nothing is named", advice="Write, for example, type:purchase.")
    known = _KNOWN_VALUES.get(field)
    if known is not None and (unknown := [one for one in values if one not in known]):
        raise InputError(f"{unknown[0][:40]!r} is none of {', '.join(known)}")
    return Condition(field, values=values)


def _number(word: str, name: str, whole: str, decimals: str | None) -> int:
    number = int(whole.replace(",", "")[:15])
    if name == "usd":
        return number * 1_000_000 + int((decimals or "0").ljust(6, "0"))
    if decimals is not None:
        raise InputError(f"{word[:40]!r}: tokens are whole")
    return number


def _times(word: str, name: str, value: str) -> tuple[Condition, ...]:
    try:
        if name == "month":
            found = _MONTH.fullmatch(value)
            start = date(int(found[1]), int(found[2]), 1) if found else date.fromisoformat(value)
            end = (start.replace(day=28) + timedelta(days=4)).replace(day=1)
        else:
            start = date.fromisoformat(value)
            end = start + timedelta(days=1)
    except (ValueError, OverflowError):
        raise InputError(f"{word[:40]!r}: not a day", advice="Write it like 2026-02-14.") from None
    first, last = Condition(Field.FROM_TIME, number=_unix(start)), Condition(Field.TO_TIME, number=_unix(end))
    match name:
        case "after":
            return (first,)
        case "before":
            return (Condition(Field.TO_TIME, number=_unix(start)),)
        case _:
            return (first, last)


def _unix(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
