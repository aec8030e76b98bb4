"""Value: what was used, against what the same tokens cost in packs. Exact until the last cent is rounded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nostr_usage.amount import divide_half_up
from nostr_usage.insight.breakdown import Breakdown
from nostr_usage.pricing.catalogue import Catalogue
from nostr_usage.pricing.offers import Pack

_MICRO_PER_CENT = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRow:
    """One activity, net of refunds.

    Attributes:
        activity: its name.
        count, tokens: of the period.
        tokens_each: mean of one action, halves up; None where nothing was charged by count.
        charged_cents: what was shown for it; of all rows they add to the total.
        pack_cents: what its tokens cost in packs; of all rows they add to the total.
        pack_actions: how many actions of that mean the cheapest pack is enough for; None without a mean.
    """

    activity: str
    count: int
    tokens: int
    tokens_each: int | None
    charged_cents: int
    pack_cents: int
    pack_actions: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueView:
    """What a period's use is worth in packs.

    Attributes:
        rows: by activity, the largest first.
        charged_cents: what was shown for the use.
        pack_cents: what its tokens cost at the best price that packs have, so that no saving is overstated.
        smallest_pack: the tokens of the pack that costs least, and `smallest_pack_micro_dollars` its price.
    """

    rows: tuple[ValueRow, ...]
    charged_cents: int
    pack_cents: int
    smallest_pack: int
    smallest_pack_micro_dollars: int

    @property
    def saved_cents(self) -> int:
        """What the use would have cost more in packs; negative if less."""
        return self.pack_cents - self.charged_cents

    @property
    def saved_percent(self) -> int:
        """The saving in percent of the price in packs, towards zero."""
        if self.pack_cents <= 0:
            return 0
        percent = 100 * abs(self.saved_cents) // self.pack_cents
        return percent if self.saved_cents >= 0 else -percent


def value_view(by_activity: Breakdown, catalogue: Catalogue, *, meter: str) -> ValueView | None:
    """What the use of `by_activity` is worth; None where no packs of `meter` are sold to compare with."""
    packs = [pack for pack in catalogue.packs if (pack.meter or catalogue.default_meter) == meter]
    if not packs:
        return None
    best = _best(packs)
    smallest = min(packs, key=lambda pack: pack.price_micro_dollars)
    used = tuple(row for row in by_activity.rows if row.tokens > 0)
    cents = _cents([row.tokens for row in used], best)
    rows = tuple(
        ValueRow(
            activity=row.name,
            count=row.count,
            tokens=row.tokens,
            tokens_each=divide_half_up(row.tokens, row.count) if row.count else None,
            charged_cents=row.cents,
            pack_cents=cent,
            pack_actions=smallest.tokens * row.count // row.tokens if row.count else None,
        )
        for row, cent in zip(used, cents, strict=True)
    )
    return ValueView(
        rows=rows,
        charged_cents=sum(row.charged_cents for row in rows),
        pack_cents=sum(cents),
        smallest_pack=smallest.tokens,
        smallest_pack_micro_dollars=smallest.price_micro_dollars,
    )


def _best(packs: Sequence[Pack]) -> Pack:
    """The pack with the most tokens a dollar; the first of equals."""
    best = packs[0]
    for pack in packs[1:]:
        if pack.tokens * best.price_micro_dollars > best.tokens * pack.price_micro_dollars:
            best = pack
    return best


def _cents(tokens: Sequence[int], pack: Pack) -> tuple[int, ...]:
    """What each part costs at the pack's price; they add to the cost of all, in cents, halves up."""
    divisor = pack.tokens * _MICRO_PER_CENT
    exact = [part * pack.price_micro_dollars for part in tokens]
    cents = [part // divisor for part in exact]
    missing = divide_half_up(sum(exact), divisor) - sum(cents)
    by_remainder = sorted(range(len(exact)), key=lambda index: (-(exact[index] % divisor), index))
    for index in by_remainder[:missing]:
        cents[index] += 1
    return tuple(cents)
