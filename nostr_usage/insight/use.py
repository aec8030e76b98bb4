"""One action as insight sees it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A debit, or what a refund gave back of one.

    Attributes:
        at: when it happened, unix seconds.
        activity: its type.
        tokens: charged; negative for a refund.
        micro_dollars: what was shown for it; negative for a refund.
        count: 1 for a debit, 0 for a refund.
        actor, group, prompt: who and what it was for, where that is known; a refund's are those of its debit.
        usage: (model, bucket, units) as measured, where that is known; a refund has none.
        refunded_models: of a refund, the models of its debit.
        options: the add-ons that were chosen.
    """

    at: int
    activity: str
    tokens: int
    micro_dollars: int = 0
    count: int = 1
    actor: str | None = None
    group: str | None = None
    prompt: str | None = None
    usage: tuple[tuple[str, str, int], ...] = ()
    refunded_models: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    @property
    def models(self) -> tuple[str, ...]:
        """The models that it used, sorted; of a refund, those of its debit."""
        return tuple(sorted({model for model, _, _ in self.usage} | set(self.refunded_models)))


def day_of(at: int, zone: ZoneInfo) -> date:
    """The day of a unix time in a zone."""
    return datetime.fromtimestamp(at, zone).date()


def hour_of(at: int, zone: ZoneInfo) -> int:
    """The hour of the day, 0 to 23, of a unix time in a zone."""
    return datetime.fromtimestamp(at, zone).hour


def by_day(uses: Iterable[Use], zone: ZoneInfo) -> dict[date, int]:
    """Tokens by day, net of refunds; days without use are left out."""
    sums: dict[date, int] = {}
    for use in uses:
        day = day_of(use.at, zone)
        sums[day] = sums.get(day, 0) + use.tokens
    return sums


def days_from(first: date, last: date) -> Iterator[date]:
    """Every day from `first` to `last`, both included."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def without_prompts(uses: Iterable[Use]) -> tuple[Use, ...]:
    """The same uses, told apart by activity only."""
    return tuple(replace(use, prompt=None) for use in uses)
