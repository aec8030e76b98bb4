"""What the dashboard remembers between starts: theme, zone, and which notices were given."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

from tui.look import Money
from tui.theme_names import DEFAULT_THEME, THEME_NAMES

FILE_NAME = "dashboard.json"
_BYTES_MAX = 100_000
_ACCOUNTS_MAX = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What is remembered.

    Attributes:
        theme: one of the names of the command line.
        is_local_time: times in the zone of this machine, not in UTC.
        money: what amounts are shown in.
        told: by npub, the highest threshold (percent of the allowance used) that its owner was told of.
        cycles: by npub, when the cycle began (unix seconds) whose reset its owner knows of.
    """

    theme: str = DEFAULT_THEME
    is_local_time: bool = False
    money: Money = Money.BOTH
    told: Mapping[str, int] = field(default_factory=dict[str, int])
    cycles: Mapping[str, int] = field(default_factory=dict[str, int])


def load_preferences(path: Path) -> Preferences:
    """What the file at `path` says; what is missing or cannot be used is as if it were never chosen."""
    try:
        loaded: object = json.loads(path.read_bytes()[:_BYTES_MAX])
    except (OSError, ValueError, RecursionError):
        return Preferences()
    if not isinstance(loaded, dict):
        return Preferences()
    values = cast("dict[str, object]", loaded)
    theme, money = values.get("theme"), values.get("money")
    return Preferences(
        theme=theme if isinstance(theme, str) and theme in THEME_NAMES else DEFAULT_THEME,
        is_local_time=values.get("is_local_time") is True,
        money=Money(money) if isinstance(money, str) and money in set(Money) else Money.BOTH,
        told=_numbers(values.get("told")),
        cycles=_numbers(values.get("cycles")),
    )


def save_preferences(path: Path, preferences: Preferences) -> None:
    """Replace the file as a whole; where it cannot be written, nothing is remembered."""
    values = {
        "theme": preferences.theme,
        "is_local_time": preferences.is_local_time,
        "money": preferences.money.value,
        "told": _newest(preferences.told),
        "cycles": _newest(preferences.cycles),
    }
    text = json.dumps(values, indent=1)
    with contextlib.suppress(OSError):
        aside = path.with_name(f"{path.name}.{os.getpid()}")
        aside.write_text(text + "\n", encoding="utf-8")
        aside.replace(path)


def with_told(preferences: Preferences, npub: str, reached: int) -> tuple[Preferences, bool]:
    """`preferences` after an account `reached` a threshold (0 is none), and whether that is news.

    A threshold is news once; a new allowance or a top-up, which takes the account below it, arms it again.
    """
    told = dict(preferences.told)
    before = told.pop(npub, 0)
    if reached:
        told[npub] = reached
    return replace(preferences, told=told), reached > before


def with_cycle(preferences: Preferences, npub: str, start: int) -> tuple[Preferences, bool]:
    """`preferences` after an account was seen in the cycle that began at `start`, and whether that is news.

    A reset is news once; the cycle in which somebody looks for the first time is not.
    """
    cycles = dict(preferences.cycles)
    before = cycles.pop(npub, start)
    cycles[npub] = max(before, start)
    return replace(preferences, cycles=cycles), start > before


def _numbers(loaded: object) -> dict[str, int]:
    pairs = cast("dict[str, object]", loaded).items() if isinstance(loaded, dict) else ()
    return {npub: number for npub, number in pairs if type(number) is int}


def _newest(numbers: Mapping[str, int]) -> dict[str, int]:
    return dict(list(numbers.items())[-_ACCOUNTS_MAX:])
