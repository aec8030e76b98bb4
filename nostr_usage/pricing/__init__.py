"""What an action costs: pure, exact, without clock, network or Nostr.

    usage       what a model reported, in buckets that do not overlap
    dialect     a vendor's usage object ─▶ usage
    price_book  model + time ─▶ dated price ─▶ exact dollars; our own prices first, then genai-prices
    catalogue   what a product sells: activities, plans, packs, and the value of a token (TOML)
    quote       activity + add-ons ─▶ what it will cost, shown before it runs; what a balance is enough for
    charge      activity + what happened ─▶ tokens, dollars, ids of the prices used

`catalogue` needs pydantic and, for measured charges only, genai-prices is imported on first use (about 0.4 s).
A reader that only wants to show a balance in dollars needs none of this: `amount.micro_dollars`.
"""
