"""Sync: relays ─▶ message ─▶ verify ─▶ store.

    ledger      the pass over a ledger, and what it reports
    accounts    which accounts there are
    account     one account: pages, then slots, until nothing is missing that anybody shows
    copies      what the relays showed of one account: entries, sightings, evidence
    keeping     copies ─▶ chain ─▶ fold ─▶ store
    readers     the relays being read; one that fails does not stop the others
    account_queue, workers, worker, work
                a long pass shared out: who takes which account, the processes that do, what they are told
    following   the same again whenever something new arrives
    manifests   what the root key says about the ledger
    taking_in   events from a file, kept in the same way

Relays are not trusted and neither is the operator: what is stored is linked to a signature, what is missing
is named, what contradicts is kept as evidence, and no answer is never taken for an empty one.
"""

from nostr_usage.sync.account_queue import SyncProgress
from nostr_usage.sync.following import follow_forever
from nostr_usage.sync.ledger import SyncReport, sync_ledger
from nostr_usage.sync.manifests import ManifestReading, read_manifest
from nostr_usage.sync.outcome import RelayReading, StreamReading
from nostr_usage.sync.taking_in import FileReading, take_in

__all__ = [
    "FileReading",
    "ManifestReading",
    "RelayReading",
    "StreamReading",
    "SyncProgress",
    "SyncReport",
    "follow_forever",
    "read_manifest",
    "sync_ledger",
    "take_in",
]
