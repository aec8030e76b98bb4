"""What an account's own actions were charged: entries ─▶ samples ─▶ what the next one is expected to use."""

from __future__ import annotations

from nostr_usage.ledger.entry import Entry
from nostr_usage.nostr.event import event_from_json
from nostr_usage.pricing.catalogue import Catalogue
from nostr_usage.pricing.expectation import HISTORY_MIN, Expected, Sample, expected_from_history
from nostr_usage.pricing.tables import Activity, ChargeMode
from nostr_usage.pricing.usage import INPUT_BUCKETS, Bucket
from nostr_usage.store import Reader, StreamRow
from nostr_usage.wire.entry_event import entry_from_event

SAMPLES_MAX = 200
"""More say little more, and those from long ago say it about another time."""
ENTRIES_READ_MAX = 5_000
"""So a quote costs the same after a million entries as after five thousand."""


def expected_from_own(
    reader: Reader, stream: StreamRow, catalogue: Catalogue, rule: Activity, *, model: str | None
) -> Expected | None:
    """What the newest actions of a stream say about the next one; None where they are too few.

    With a model, those that used it. Where the model's price decides the charge, no others will do; else all
    of the activity are taken if those are too few.
    """
    if ChargeMode.FIXED in rule.accepts:
        return None
    found = expected_from_history(_samples(reader, stream, catalogue, rule, model=model))
    if found is not None or model is None or ChargeMode.MEASURED in rule.accepts:
        return found
    return expected_from_history(_samples(reader, stream, catalogue, rule, model=None))


def _samples(
    reader: Reader, stream: StreamRow, catalogue: Catalogue, rule: Activity, *, model: str | None
) -> list[Sample]:
    rows = reader.newest_debits(
        stream.stream_no,
        after_seq=max(stream.seq - ENTRIES_READ_MAX, 0),
        activity=rule.name,
        model=model,
        limit=SAMPLES_MAX,
    )
    if len(rows) < HISTORY_MIN:
        return []
    entries = (entry_from_event(event_from_json(event_json)) for _, event_json in rows)
    samples = (_sample(entry, catalogue, rule) for entry in entries)
    return [sample for sample in samples if sample is not None]


def _sample(entry: Entry, catalogue: Catalogue, rule: Activity) -> Sample | None:
    options = catalogue.add_ons_charged(rule, entry.prices)
    if options is None:
        return None
    units_in = sum(line.units for line in entry.usage if line.bucket in INPUT_BUCKETS)
    units_out = sum(line.units for line in entry.usage if line.bucket in {Bucket.OUTPUT, Bucket.REASONING})
    return Sample(
        tokens=max(entry.tokens - sum(option.tokens for option in options), 0),
        units_in=units_in if entry.usage else None,
        units_out=units_out if entry.usage else None,
    )
