"""Publish: outbox ─▶ relays ─▶ OK per relay ─▶ read back ─▶ outbox.

    runs       one run over what is due, or for ever
    publisher  delivers to one relay: send, settle, read back, confirm
    answers    what a relay's answers mean for the events
    outcome    what a run reports
    handing_on what a relay lacks, given to it by somebody who only follows
    queue      what stands in the queue of a relay, and putting events there by hand

A relay's OK is no proof that it stored anything, so an event counts for a relay once somebody anonymous can
read it there. All state is in the outbox: whatever interrupts this, the next run goes on where it ended.
"""

from nostr_usage.publish.handing_on import HandedOn, hand_on
from nostr_usage.publish.outcome import PublishReport, RelayOutcome
from nostr_usage.publish.publisher import NOT_SERVED
from nostr_usage.publish.queue import QueuedAgain, RelayQueue, queue_again, relay_queue
from nostr_usage.publish.runs import DEFAULT_QUORUM, publish_due, publish_forever

__all__ = [
    "DEFAULT_QUORUM",
    "NOT_SERVED",
    "HandedOn",
    "PublishReport",
    "QueuedAgain",
    "RelayOutcome",
    "RelayQueue",
    "hand_on",
    "publish_due",
    "publish_forever",
    "queue_again",
    "relay_queue",
]
