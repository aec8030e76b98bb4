"""What would help somebody who was refused: a pack to buy, options to drop, a cheaper model, another plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from nostr_usage.amount import divide_up, format_dollars
from nostr_usage.ledger.refusal import Help, HelpKind, Refusal, RefusalCode
from nostr_usage.pricing.alternatives import ALTERNATIVES_MAX, charges_elsewhere
from nostr_usage.pricing.catalogue import Catalogue
from nostr_usage.pricing.tables import ChargeMode

_SHORT = frozenset({RefusalCode.NOT_ENOUGH, RefusalCode.EMPTY})
_TOKENS_HELP = _SHORT | {RefusalCode.BUDGET_REACHED, RefusalCode.ACTION_TOO_LARGE}


def with_help(
    refusal: Refusal,
    catalogue: Catalogue,
    *,
    activity: str,
    add_ons: Sequence[str],
    model: str | None,
    at: int,
) -> Refusal:
    """`refusal` with all that would help from `catalogue`, at the prices of `at` (unix seconds)."""
    helps = list(refusal.help)
    if refusal.code is RefusalCode.NO_AI:
        helps.extend(_plans(catalogue))
    if refusal.code in _TOKENS_HELP:
        helps.extend(_add_ons(catalogue, activity, add_ons, missing=refusal.needed - refusal.left))
        # Elsewhere a token is a token, whichever model it comes from.
        if model is not None and ChargeMode.MEASURED in catalogue.activity(activity).accepts:
            helps.extend(_models(catalogue, model, needed=refusal.needed, left=refusal.left, at=at))
    if refusal.code in _SHORT:
        helps.extend(_packs(catalogue, activity, missing=refusal.needed - refusal.left))
    return replace(refusal, help=tuple(helps))


def _plans(catalogue: Catalogue) -> Iterator[Help]:
    for plan in catalogue.plans:
        if plan.guardrails is None or plan.guardrails.ai:
            tokens = catalogue.allowance_of(plan, catalogue.default_meter)
            yield Help(
                kind=HelpKind.OTHER_PLAN,
                text=f"Change to the plan {plan.title}.",
                name=plan.name,
                tokens=tokens,
            )
            return


def _add_ons(catalogue: Catalogue, activity: str, names: Sequence[str], *, missing: int) -> Iterator[Help]:
    """The dearest options first, until what they save is enough; none where even all would not be."""
    chosen = catalogue.activity(activity).chosen_add_ons(names)
    if sum(option.tokens for option in chosen) < missing:
        return
    for option in sorted(chosen, key=lambda option: -option.tokens):
        if missing <= 0:
            return
        missing -= option.tokens
        text = f"Leave out {option.label}: {option.tokens:,} tokens less."
        yield Help(kind=HelpKind.DROP_ADD_ON, text=text, name=option.name, tokens=option.tokens)


def _models(catalogue: Catalogue, model: str, *, needed: int, left: int, at: int) -> Iterator[Help]:
    """The dearest models that would do with what is left."""
    fitting = sorted(
        (tokens, name)
        for name, tokens in charges_elsewhere(catalogue, model, needed, at=at)
        if tokens < needed and tokens <= left
    )
    for tokens, name in reversed(fitting[-ALTERNATIVES_MAX:]):
        text = f"Use {name}: about {tokens:,} tokens instead of {needed:,}."
        yield Help(kind=HelpKind.OTHER_MODEL, text=text, name=name, tokens=tokens)


def _packs(catalogue: Catalogue, activity: str, *, missing: int) -> Iterator[Help]:
    """The smallest pack that is enough; of the largest, how many, where one is not."""
    meter = catalogue.activity(activity).meter
    packs = sorted(
        (pack for pack in catalogue.packs if catalogue.meter_of_pack(pack) == meter),
        key=lambda pack: pack.tokens,
    )
    if not packs:
        return
    pack = next((pack for pack in packs if pack.tokens >= missing), packs[-1])
    count = max(divide_up(max(missing, 0), pack.tokens), 1)
    price = format_dollars(pack.price_of(count))
    text = (
        f"Buy {'' if count == 1 else f'{count:,} × '}{pack.name}: {count * pack.tokens:,} tokens for {price}."
    )
    yield Help(kind=HelpKind.BUY, text=text, name=pack.name, tokens=count * pack.tokens)
