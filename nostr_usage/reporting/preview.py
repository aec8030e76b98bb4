"""Preview: an intent ─▶ what it will cost, shown before it runs, as far as the account's plan shows it."""

from __future__ import annotations

from nostr_usage.clock import Clock
from nostr_usage.pricing.catalogue import Catalogue
from nostr_usage.reporting.entitlement import Feature, entitlement_of
from nostr_usage.spending.quoting import Prompt, QuoteView, Quoting
from nostr_usage.store import Reader
from nostr_usage.writing.intent import Intent


def cost_preview(
    reader: Reader, catalogue: Catalogue, intent: Intent, *, prompt: Prompt | None = None, clock: Clock
) -> QuoteView:
    """The quote for an intent; what goes in and out, and other models, only where the plan includes them.

    It needs no keys, so whoever reads a ledger can show it.

    Raises:
        UnknownNameError: no such account, activity or add-on.
        InputError: tokens and a prompt are both stated, or a prompt that the charge does not depend on.
        PricingError: the action could not be charged.
    """
    entitlement = entitlement_of(catalogue, reader.account(intent.account))
    return Quoting(clock=clock, catalogue=catalogue).quote(
        reader, intent, prompt=prompt, is_full=entitlement.includes(Feature.FULL_PREVIEW)
    )
