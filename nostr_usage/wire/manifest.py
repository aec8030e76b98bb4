"""The manifest: what the root key says about the ledger (PROTOCOL.md, "Manifest").

A reader pins the root key and learns from here which ledger key signs entries, in which kind, on which
relays. The id of the first manifest is the ledger id; it never changes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nostr_usage.errors import EventError
from nostr_usage.nostr.event import Event, Tag, UnsignedEvent
from nostr_usage.nostr.filter import Filter
from nostr_usage.nostr.tags import first_tag_value, tag_values
from nostr_usage.wire.seal import VERSION, is_sealed, sealed_event

MANIFEST_TYPE = "ul1-manifest"
MANIFESTS_MAX = 500
_PREFIX = "ai-manifest:"
_PUBKEY = re.compile(r"[0-9a-f]{64}", re.ASCII)
_NO_MANIFEST = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One manifest; `ledger_pubkey` and `prev` are 64 hex digits, `catalogue` is name, version, digest."""

    ledger_pubkey: str
    entry_kind: int
    relays: tuple[str, ...]
    catalogue: tuple[str, str, str]
    prev: str = _NO_MANIFEST


def manifest_event(manifest: Manifest, *, root_pubkey: str, created_at: int) -> UnsignedEvent:
    """The unsigned event, for the root key to sign."""
    tags: list[Tag] = [
        ("t", MANIFEST_TYPE),
        ("v", VERSION),
        ("prev", manifest.prev),
        ("key", manifest.ledger_pubkey, "", ""),
        ("kind", str(manifest.entry_kind)),
        *(("relay", relay) for relay in manifest.relays),
        ("catalogue", *manifest.catalogue),
    ]
    return sealed_event(
        kind=manifest.entry_kind,
        pubkey=root_pubkey,
        created_at=created_at,
        prefix=_PREFIX,
        tags=tags,
        content="",
    )


def manifest_filter(root_pubkey: str, *, kinds: Sequence[int]) -> Filter:
    """What asks a relay for the manifests of a root key."""
    return Filter(
        kinds=tuple(kinds),
        authors=(root_pubkey,),
        tags=(("t", (MANIFEST_TYPE,)),),
        limit=MANIFESTS_MAX,
    )


def manifest_from_event(event: Event) -> Manifest:
    """The manifest that an event carries; its signature is checked elsewhere.

    Raises:
        EventError: if it is not a well-formed manifest.
    """
    keys = [tag for tag in event.tags if tag[0] == "key"]
    catalogues = [tag[1:] for tag in event.tags if tag[0] == "catalogue"]
    if (
        not is_sealed(event, prefix=_PREFIX)
        or first_tag_value(event.tags, "t") != MANIFEST_TYPE
        or len(keys) != 1
        or len(keys[0]) != 4
        or not _PUBKEY.fullmatch(keys[0][1])
        or len(catalogues) != 1
        or len(catalogues[0]) != 3
    ):
        raise EventError(f"event {event.id} is no well-formed manifest")
    name, version, digest = catalogues[0]
    return Manifest(
        ledger_pubkey=keys[0][1],
        entry_kind=event.kind,
        relays=tag_values(event.tags, "relay"),
        catalogue=(name, version, digest),
        prev=first_tag_value(event.tags, "prev") or _NO_MANIFEST,
    )


def newest_manifest(events: Sequence[Event]) -> tuple[str, Manifest] | None:
    """The ledger id and the manifest in force, from verified manifests of one root key; None without any.

    Manifests are chained by `prev`. Where the chain is broken or forked there is no answer to trust.

    Raises:
        EventError: if the manifests contradict each other.
    """
    by_prev: dict[str, tuple[str, Manifest]] = {}
    for event in {event.id: event for event in events}.values():
        manifest = manifest_from_event(event)
        if manifest.prev in by_prev:
            raise EventError(f"two manifests follow {manifest.prev}: the root key contradicts itself")
        by_prev[manifest.prev] = (event.id, manifest)
    first = by_prev.get(_NO_MANIFEST)
    if first is None:
        return None
    current = first
    for _ in by_prev:
        current = by_prev.get(current[0], current)
    return first[0], current[1]
