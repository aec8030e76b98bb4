"""Proof: store ─▶ raw events ─▶ every check again, for one entry or for all that is held.

    one_entry     every check of one entry, its text where a key opens it, and who has it
    opening_key   what opens the sealed texts of a stream, if anything here does
    everything    every stream folded again from zero, and compared with all that the store says
    past          the balance after an earlier entry, folded from the events up to it
    stored        what the store says beside an event, compared with the event
    coverage      which relays hold which entries of a stream, month by month
    relay_health  how the relays fare, and who can read what they accept (loads the relay client)

Nothing that the store says is believed: not an id, not a signature, not a balance, not a sum by month. All of
it is computed again from the signed events.
"""

from nostr_usage.proof.coverage import Coverage, MonthCoverage, coverage_of, missing_entries
from nostr_usage.proof.everything import AuditReport, Finding, Ledger, audit_store, ledger_of
from nostr_usage.proof.one_entry import EntryProof, Holder, authority_of, prove_entry
from nostr_usage.proof.opening_key import opening_key
from nostr_usage.proof.past import Past, PastView

__all__ = [
    "AuditReport",
    "Coverage",
    "EntryProof",
    "Finding",
    "Holder",
    "Ledger",
    "MonthCoverage",
    "Past",
    "PastView",
    "audit_store",
    "authority_of",
    "coverage_of",
    "ledger_of",
    "missing_entries",
    "opening_key",
    "prove_entry",
]
