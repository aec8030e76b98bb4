"""What would help somebody who was refused: a pack to buy, options to drop, a cheaper model, another plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from nostr_usage.amount import divide_up, format_dollars
from nostr_usage.errors import PricingError
from nostr_usage.ledger.refusal import Help, HelpKind, Refusal, RefusalCode
from nostr_usage.pricing.catalogue import Catalogue
from nostr_usage.pricing.price import femto_dollars
from nostr_usage.pricing.price_book import price_of
from nostr_usage.pricing.tables import ChargeMode
from nostr_usage.pricing.usage import Bucket, measured_usage

_SHORT = frozenset({RefusalCode.NOT_ENOUGH, RefusalCode.EMPTY})
_TOKENS_HELP = _SHORT | {RefusalCode.BUDGET_REACHED, RefusalCode.ACTION_TOO_LARGE}
# Three in, two out: what models are compared by where nothing is known of the request.
_TYPICAL_REQUEST = {Bucket.FRESH_INPUT: 600_000, Bucket.OUTPUT: 400_000}
_MODELS_OFFERED_MAX = 3


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
        if model is not None and ChargeMode.FIXED not in catalogue.activity(activity).accepts:
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
    own = _typical_cost(catalogue, model, at=at)
    if not own:
        return
    others = ((one.name, _typical_cost(catalogue, one.name, at=at)) for one in catalogue.models)
    fitting = [
        (divide_up(needed * cost, own), name) for name, cost in others if cost is not None and cost < own
    ]
    for tokens, name in sorted((one for one in fitting if one[0] <= left), reverse=True)[
        :_MODELS_OFFERED_MAX
    ]:
        text = f"Use {name}: about {tokens:,} tokens instead of {needed:,}."
        yield Help(kind=HelpKind.OTHER_MODEL, text=text, name=name, tokens=tokens)


def _typical_cost(catalogue: Catalogue, model: str, *, at: int) -> int | None:
    try:
        price = price_of(model, at=at, own=catalogue.own_prices)
        return femto_dollars(measured_usage(model, _TYPICAL_REQUEST), price)
    except PricingError:
        return None


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
