"""Dated prices of models: the catalogue's own first, then the public list."""

from __future__ import annotations

from difflib import get_close_matches

from nostr_usage.errors import UnknownModelError
from nostr_usage.pricing.price import OWN_PRICE_ADVICE, Price
from nostr_usage.pricing.public_prices import public_list, public_price

TIME_MAX = 253_402_300_799  # the last second of the year 9999


def price_of(model: str, *, at: int, provider: str | None = None, own: tuple[Price, ...] = ()) -> Price:
    """The price of `model` at `at` (unix seconds): the newest of `own` by then, else the public one.

    An own price needs the model's exact name; the public list also knows names with a date or a prefix.

    Raises:
        UnknownModelError: no price; the advice holds names that look alike.
        UnratedUsageError: the model is also billed in a way that usage does not show (a fee per request).
    """
    ours = [price for price in own if price.model == model and (price.valid_from or 0) <= at]
    if ours:
        return max(ours, key=lambda price: price.valid_from or 0)
    if not 0 <= at <= TIME_MAX:
        raise UnknownModelError(f"no price of model {model!r} is known at unix time {at}")
    try:
        seller, info = public_list().find_provider_model(model, None, provider, None)
    except LookupError:
        raise _unknown_model(model, provider) from None
    return public_price(seller, info, at=at)


def _unknown_model(model: str, provider: str | None) -> UnknownModelError:
    known = {info.id for seller in public_list().providers for info in seller.models}
    alike = get_close_matches(model, sorted(known), n=3)
    hint = f"Did you mean {' or '.join(alike)}? " if alike else ""
    of_provider = f" of provider {provider!r}" if provider else ""
    return UnknownModelError(
        f"no price is known for model {model!r}{of_provider}", advice=hint + OWN_PRICE_ADVICE
    )
