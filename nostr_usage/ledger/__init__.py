"""The accounting core: pure, deterministic, without clock, files, network or Nostr.

    entry      one line of the ledger, with every field that goes on the wire
    lot        tokens granted together; draws, and the order in which lots are spent
    cycle      when allowances are granted and lapse: boundaries from an anchor in a time zone
    plan       what an account is promised, in the fold's terms
    fold       state + entry ─▶ state, balance, draws, problems
    posting    state + what happened ─▶ the entries that must be written, in order
    statement  entries ─▶ month, activities, totals that re-add
    problems   findings about bad data, as values
"""
