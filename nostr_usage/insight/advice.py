"""Advice: what would have cost less, computed from what was used; nothing here is a guess about the future.

Prices are passed in, as what one action's usage would cost with another model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from nostr_usage.amount import divide_half_up, percent
from nostr_usage.insight.use import Use

INPUT_BUCKETS = frozenset({"fresh_input", "cache_read", "cache_write", "cache_write_1h"})
LONG_PROMPT_UNITS = 2_000
LONG_PROMPT_RATIO = 10
RARE_PERCENT = 20
ACTIONS_MIN = 5
"""Fewer actions are no habit."""

Repriced = Callable[[Use, str], int | None]
"""What the usage of an action costs with a model, in micro-dollars; None where that has no price."""


class AdviceKind(StrEnum):
    """What to do about it."""

    OTHER_MODEL = "other_model"
    SHORTER_PROMPTS = "shorter_prompts"
    FEWER_ADD_ONS = "fewer_add_ons"


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One thing that would have cost less.

    Attributes:
        subject: the activity or prompt; for an add-on, the activity.
        instead_of, use: models, or the add-on that is rarely chosen; empty where none is meant.
        actions: how many it looked at.
        saved_micro_dollars: over those; 0 where only the share is known.
        saved_percent: of what they cost.
    """

    kind: AdviceKind
    subject: str
    instead_of: str = ""
    use: str = ""
    actions: int
    saved_micro_dollars: int
    saved_percent: int


def cheaper_models(uses: Iterable[Use], models: Sequence[str], *, repriced: Repriced) -> tuple[Advice, ...]:
    """For each activity and model, the one of `models` with which the same usage would have cost least.

    Only actions that used one model, and models that have a price for everything that was used.
    """
    groups: dict[tuple[str, str], list[Use]] = {}
    for use in uses:
        if use.count and len(use.models) == 1:
            groups.setdefault((use.activity, use.models[0]), []).append(use)
    found: list[Advice] = []
    for (activity, model), group in groups.items():
        paid = _total(group, model, repriced)
        if len(group) < ACTIONS_MIN or not paid:
            continue
        others = ((_total(group, other, repriced), other) for other in models if other != model)
        known = [(cost, other) for cost, other in others if cost is not None and cost < paid]
        if known:
            cost, other = min(known)
            found.append(
                Advice(
                    kind=AdviceKind.OTHER_MODEL,
                    subject=activity,
                    instead_of=model,
                    use=other,
                    actions=len(group),
                    saved_micro_dollars=paid - cost,
                    saved_percent=percent(paid - cost, paid),
                )
            )
    return _largest_first(found)


def long_prompts(uses: Iterable[Use]) -> tuple[Advice, ...]:
    """Prompts (or activities) that read far more than they write; the saving is that of reading half as much.

    Computed from the charge, taking every unit to weigh the same, so it is a lower bound of interest, not a
    promise: what goes in mostly costs less than what comes out.
    """
    groups: dict[str, list[Use]] = {}
    for use in uses:
        if use.count and use.usage:
            groups.setdefault(use.prompt or use.activity, []).append(use)
    found: list[Advice] = []
    for name, group in groups.items():
        read = sum(units for use in group for _, bucket, units in use.usage if bucket in INPUT_BUCKETS)
        whole = sum(units for use in group for _, _, units in use.usage)
        is_long = read >= LONG_PROMPT_UNITS * len(group) and read >= LONG_PROMPT_RATIO * (whole - read)
        if len(group) >= ACTIONS_MIN and is_long:
            paid = sum(use.micro_dollars for use in group)
            saved = divide_half_up(paid * read, 2 * whole)
            found.append(
                Advice(
                    kind=AdviceKind.SHORTER_PROMPTS,
                    subject=name,
                    actions=len(group),
                    saved_micro_dollars=saved,
                    saved_percent=percent(saved, paid),
                )
            )
    return _largest_first(found)


def rare_add_ons(uses: Iterable[Use], *, worth: Callable[[str, str], int | None]) -> tuple[Advice, ...]:
    """Add-ons chosen for at most `RARE_PERCENT` of an activity's actions: what leaving them out would save.

    `worth` gives what an add-on of an activity costs in micro-dollars, None for one no longer sold.
    """
    counts: dict[str, list[Use]] = {}
    for use in uses:
        if use.count:
            counts.setdefault(use.activity, []).append(use)
    found: list[Advice] = []
    for activity, group in counts.items():
        if len(group) < ACTIONS_MIN:
            continue
        paid = sum(use.micro_dollars for use in group)
        for option in sorted({option for use in group for option in use.options}):
            chosen, each = sum(option in use.options for use in group), worth(activity, option)
            if each and 100 * chosen <= RARE_PERCENT * len(group):
                found.append(
                    Advice(
                        kind=AdviceKind.FEWER_ADD_ONS,
                        subject=activity,
                        instead_of=option,
                        actions=chosen,
                        saved_micro_dollars=chosen * each,
                        saved_percent=percent(chosen * each, paid),
                    )
                )
    return _largest_first(found)


def _total(group: Sequence[Use], model: str, repriced: Repriced) -> int | None:
    total = 0
    for use in group:
        cost = repriced(use, model)
        if cost is None:
            return None
        total += cost
    return total


def _largest_first(found: list[Advice]) -> tuple[Advice, ...]:
    return tuple(sorted(found, key=lambda one: (-one.saved_micro_dollars, one.subject, one.instead_of)))
