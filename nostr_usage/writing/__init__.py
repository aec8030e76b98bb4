"""What the verbs that write have in common: from what a caller asks to lines in one transaction.

request        what callers ask of the ledger, and its receipt
intent         what a caller means to spend, and what came of it
promise        a catalogue's plans in the ledger's terms
plan_rules     which guardrails hold for an account
terms          an account's plan, meters and guardrails, as they are now
answering      one request, answered once: repeats, what is due, the entry, its receipt
recording      openings, debits, grants and refunds: what `record` does inside a transaction
opening        the first entries of a stream
planned_change changes of plan that wait for a boundary
alerting       what an owner is told once
stream_writer  draft to entry to event to signature to line
"""
