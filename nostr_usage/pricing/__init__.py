"""What an action costs: pure, exact, without clock, network or Nostr.

    usage       what a model reported, in buckets that do not overlap
    dialect     a vendor's usage object ─▶ usage; reported, how its counts are read
    price       a dated price; usage ─▶ exact dollars
    price_book  model + time ─▶ price: the catalogue's own first, then public_prices (genai-prices)
    catalogue   what a product sells, as one TOML file; errors name file, line and key (findings, toml_lines)
    tables      its tables of activities and prices; offers, plans and packs; meters, what is counted and with
                which models; guardrails; table and fields, what they are made of
    economics   what a plan costs the operator when it is used up, and what is left
    token_count a text ─▶ how many tokens a model will read
    expectation a request, earlier charges or the catalogue ─▶ what an action is expected to use, as a range
    alternatives  the same with other models, and what that saves
    quote       activity + add-ons ─▶ what it will cost, shown before it runs, and what that leaves
    affordable  what a balance or a pack is enough for
    charge      activity + what happened ─▶ tokens, dollars, ids of the prices used

`catalogue` needs pydantic; genai-prices is imported on first use, for measured usage only (about 0.4 s).
A reader that only wants to show a balance in dollars needs none of this: `amount.micro_dollars`.
"""
