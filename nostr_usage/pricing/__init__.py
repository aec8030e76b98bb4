"""What an action costs: pure, exact, without clock, network or Nostr.

    usage       what a model reported, in buckets that do not overlap
    dialect     a vendor's usage object ─▶ usage; reported, how its counts are read
    price       a dated price; usage ─▶ exact dollars
    price_book  model + time ─▶ price: the catalogue's own first, then public_prices (genai-prices)
    catalogue   what a product sells: activities, plans, packs, and the value of a token (TOML)
    tables      its tables; fields, the kinds of value they take
    quote       activity + add-ons ─▶ what it will cost, shown before it runs; what a balance is enough for
    charge      activity + what happened ─▶ tokens, dollars, ids of the prices used

`catalogue` needs pydantic; genai-prices is imported on first use, for measured usage only (about 0.4 s).
A reader that only wants to show a balance in dollars needs none of this: `amount.micro_dollars`.
"""
