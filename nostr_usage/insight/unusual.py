"""What stands out: days far above the others, and bursts of actions by one member."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from statistics import median_low

from nostr_usage.insight.use import Use, days_from

SPIKE_TIMES = 3
SPIKE_DAYS_MIN = 7
BURST_ACTIONS = 20
BURST_WINDOW_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Spike:
    """A day whose `tokens` are at least `SPIKE_TIMES` the `usual` ones: the median of the days before it."""

    day: date
    tokens: int
    usual: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """More actions by one member, within a window, than people make by hand; the first one was at `start`."""

    actor: str | None
    start: int
    end: int
    actions: int


def spikes(
    sums: Mapping[date, int], *, today: date, tokens_min: int = 1, times: int = SPIKE_TIMES
) -> tuple[Spike, ...]:
    """The days up to `today` on which far more was used than usual, the first one first, from tokens by day.

    The median is of all days since the first use, those without use included, so a quiet account has a low
    one: `tokens_min` keeps small numbers out. The first `SPIKE_DAYS_MIN` days are usual by definition.
    """
    if not sums:
        return ()
    found: list[Spike] = []
    seen: list[int] = []
    for day in days_from(min(sums), today):
        tokens = sums.get(day, 0)
        if len(seen) >= SPIKE_DAYS_MIN and tokens >= tokens_min:
            usual = median_low(seen)
            if tokens >= times * max(usual, 1):
                found.append(Spike(day=day, tokens=tokens, usual=usual))
        seen.append(tokens)
    return tuple(found)


def bursts(
    uses: Iterable[Use], *, actions: int = BURST_ACTIONS, window_s: int = BURST_WINDOW_S
) -> tuple[Burst, ...]:
    """Runs of actions of which any `actions` (2 or more) in a row lie within `window_s` seconds."""
    by_actor: dict[str | None, list[int]] = {}
    for use in uses:
        if use.count:
            by_actor.setdefault(use.actor, []).append(use.at)
    found: list[Burst] = []
    for actor, times in by_actor.items():
        times.sort()
        dense = [
            (index, index + actions - 1)
            for index in range(len(times) - actions + 1)
            if times[index + actions - 1] - times[index] < window_s
        ]
        for first, last in _joined(dense):
            found.append(Burst(actor=actor, start=times[first], end=times[last], actions=last - first + 1))
    return tuple(sorted(found, key=lambda burst: (burst.start, burst.actor or "")))


def _joined(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges of indexes, in order, with those that overlap made one."""
    if not ranges:
        return []
    starts = [ranges[0][0], *(after[0] for before, after in pairwise(ranges) if after[0] > before[1])]
    ends = [*(before[1] for before, after in pairwise(ranges) if after[0] > before[1]), ranges[-1][1]]
    return list(zip(starts, ends, strict=True))
