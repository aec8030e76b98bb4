"""A program that reads a ledger in workers, however short it is; run, and ended, by a test."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from random import Random

import pytest

from nostr_usage.clock import SystemClock
from nostr_usage.relays.policy import ConnectionPolicy
from nostr_usage.store import Store
from nostr_usage.sync import sync_ledger
from tests.shared_passes import share_out


def main(path: str, relay: str, pubkey: str) -> None:
    """One pass, of a reader who has a minute."""
    share_out(pytest.MonkeyPatch())
    with Store.open(Path(path), create=True) as store:
        asyncio.run(
            sync_ledger(
                store,
                relays=(relay,),
                ledger_pubkey=pubkey,
                kinds=(30078,),
                account=None,
                policy=ConnectionPolicy(allow_local=True, silence_timeout_s=60),
                clock=SystemClock(),
                random=Random(1),
            )
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
