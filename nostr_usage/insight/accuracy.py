"""How good estimates were: what was quoted for actions, against what they were charged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nostr_usage.amount import divide_half_up, nearest_rank

CLOSE_PERCENT = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One action: the tokens that were quoted for it, and those that it was charged."""

    activity: str
    quoted: int
    charged: int

    @property
    def off_percent(self) -> int:
        """How far the charge was from the quote, in percent of the quote, halves up; 100 off a quote of 0."""
        if self.quoted == 0:
            return 100 if self.charged else 0
        return divide_half_up(100 * abs(self.charged - self.quoted), self.quoted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """How good the estimates for an activity were, or those for all together.

    Attributes:
        activity: its name; empty for all.
        count: actions that were quoted and charged.
        quoted, charged: tokens, over all of them.
        exceeded: how many were charged more than was quoted.
        close: how many were charged within `CLOSE_PERCENT` of their quote.
        off_typical, off_high: percent that half of them, and nine in ten, were off at most.
    """

    activity: str
    count: int
    quoted: int
    charged: int
    exceeded: int
    close: int
    off_typical: int
    off_high: int


def accuracy(estimates: Iterable[Estimate]) -> tuple[Accuracy, ...]:
    """By activity, those most often quoted first, then all together; nothing where there was no estimate."""
    found: dict[str, list[Estimate]] = {}
    for one in estimates:
        found.setdefault(one.activity, []).append(one)
    if not found:
        return ()
    by_activity = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    rows = [_of(name, group) for name, group in by_activity]
    return (*rows, _of("", [one for _, group in by_activity for one in group]))


def _of(activity: str, group: Sequence[Estimate]) -> Accuracy:
    off = sorted(one.off_percent for one in group)
    return Accuracy(
        activity=activity,
        count=len(group),
        quoted=sum(one.quoted for one in group),
        charged=sum(one.charged for one in group),
        exceeded=sum(one.charged > one.quoted for one in group),
        close=sum(one.off_percent <= CLOSE_PERCENT for one in group),
        off_typical=nearest_rank(off, 50),
        off_high=nearest_rank(off, 90),
    )
