"""Outlook: a balance and the catalogue ─▶ what it is enough for, and whether its owner should be told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from nostr_usage.amount import divide_half_up
from nostr_usage.views import BalanceView

if TYPE_CHECKING:
    # Takes a tenth of a second to load, which a first look at a balance does without.
    from nostr_usage.pricing.affordable import Affordable
    from nostr_usage.pricing.catalogue import Catalogue


class Level(StrEnum):
    """How a balance stands, the best first."""

    ENOUGH = "enough"
    LOW = "low"
    """Below the catalogue's low mark."""
    EMPTY = "empty"
    DEBT = "debt"


@dataclass(frozen=True, slots=True, kw_only=True)
class PackView:
    """A pack to buy: `tokens_per_dollar` is rounded half up; `is_best` if no other gives as many."""

    name: str
    price_micro_dollars: int
    tokens: int
    tokens_per_dollar: int
    is_best: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlookView:
    """What a balance is enough for.

    Attributes:
        level: whether it is low, by the catalogue's mark `low_balance`.
        threshold: the highest of the catalogue's thresholds (percent of the allowance used) that is reached;
            None below the first, and without an allowance.
        affordable: by activity, at typical costs.
        packs: what could be bought.
    """

    level: Level
    low_balance: int
    threshold: int | None
    affordable: Affordable
    packs: tuple[PackView, ...]


def outlook_view(balance: BalanceView, catalogue: Catalogue) -> OutlookView:
    """What `balance` is enough for by `catalogue`."""
    from nostr_usage.pricing.affordable import affordable, best_value_pack  # noqa: PLC0415  # see above

    best = best_value_pack(catalogue.packs)
    return OutlookView(
        level=_level(balance.tokens, low_balance=catalogue.low_balance),
        low_balance=catalogue.low_balance,
        threshold=_threshold(balance, catalogue.thresholds),
        affordable=affordable(catalogue, balance.tokens, meter=balance.meter),
        packs=tuple(
            PackView(
                name=pack.name,
                price_micro_dollars=pack.price_micro_dollars,
                tokens=pack.tokens,
                tokens_per_dollar=divide_half_up(pack.tokens * 1_000_000, pack.price_micro_dollars),
                is_best=pack is best,
            )
            for pack in catalogue.packs
        ),
    )


def activity_labels(catalogue: Catalogue) -> dict[str, str]:
    """What people call each activity, by the name that entries have."""
    return {activity.name: activity.label for activity in catalogue.activities}


def _level(tokens: int, *, low_balance: int) -> Level:
    if tokens < 0:
        return Level.DEBT
    if tokens == 0:
        return Level.EMPTY
    return Level.LOW if tokens < low_balance else Level.ENOUGH


def _threshold(balance: BalanceView, thresholds: tuple[int, ...]) -> int | None:
    granted = balance.allowance_granted
    if granted == 0:
        return None
    used = granted - balance.allowance
    return max((threshold for threshold in thresholds if 100 * used >= threshold * granted), default=None)
