"""The accounting core: pure, deterministic, without clock, files, network or Nostr.

    names      the words of the ledger: ids, operations, sources
    figures    what an entry states and the fold computes: balances, cycles
    entry      one line of the ledger, with every field that goes on the wire
    lot        tokens granted together; draws, and the order in which lots are spent
    holdings   what each operation does to lots and debt; what a refund must know of its debit
    totals     the open cycles in figures: where an entry counts, when a cycle begins
    state      a stream after its last entry, and its saved form
    apply      state + entry ─▶ state, draws, problems
    fold       many entries, in any order ─▶ the same; the entrance to the five above
    cycle      when allowances are granted and lapse: boundaries from an anchor in a time zone
    plan       what an account is promised, in the fold's terms
    posting    state + what happened, or is due ─▶ the entry that must be written
    statement  entries ─▶ month, activities, totals that re-add
    problems   findings about bad data, as values

Import from `fold` what folds, and everything else from the module that is named for it.
"""
