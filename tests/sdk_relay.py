"""An independent relay, written in Rust by other people: what it agrees with is not our invention."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import nostr_sdk


@asynccontextmanager
async def running_sdk_relay() -> AsyncGenerator[str]:
    """The URL of nostr-sdk's relay, in memory, with its limits on volume raised."""
    limit = nostr_sdk.RateLimit(max_reqs=1_000, notes_per_minute=1_000_000)
    builder = nostr_sdk.RelayBuilder().rate_limit(limit).max_filter_limit(500).default_filter_limit(500)
    relay = nostr_sdk.LocalRelay(builder)
    await relay.run()
    try:
        yield str(await relay.url()).rstrip("/") + "/"
    finally:
        relay.shutdown()
