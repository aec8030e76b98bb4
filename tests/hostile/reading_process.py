"""Reads a ledger in a process of its own, and tells how much memory that took; run with its arguments.

The relay is in another process, so what grows here is the reader's. `VmHWM` is the most that the process ever
had in memory; unlike `ru_maxrss`, it does not begin with what the parent had.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from random import Random

from nostr_usage.clock import ManualClock
from nostr_usage.relays import dialing
from nostr_usage.relays.policy import ConnectionPolicy
from nostr_usage.store import Store
from nostr_usage.sync import SyncReport, sync_ledger

FRAME_LIMIT = "NOSTR_USAGE_TEST_FRAME_BYTES_MAX"
STATUS = Path("/proc/self/status")
PATIENT = ConnectionPolicy(
    allow_local=True, silence_timeout_s=1.0, request_timeout_s=3.0, relay_timeout_s=4.0, connect_timeout_s=5.0
)


def peak_bytes() -> int:
    """The most memory that this process ever had."""
    line = next(line for line in STATUS.read_text("ascii").splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


async def read(path: Path, pubkey: str, *relays: str) -> SyncReport:
    """One pass into a new store."""
    with Store.open(path, create=True) as store:
        return await sync_ledger(
            store,
            relays=relays,
            ledger_pubkey=pubkey,
            kinds=(30078,),
            account=None,
            policy=PATIENT,
            clock=ManualClock(1_770_000_000),
            random=Random(1),
        )


def main(directory: str, pubkey: str, honest: str, hostile: str) -> None:
    """Read from the honest relay first, which loads all that reading needs; then from the hostile one."""
    dialing._is_loopback = lambda _url: False  # pyright: ignore[reportPrivateUsage]  # compression as on the internet
    # The control of the test: a reader that takes any frame.
    dialing.MESSAGE_BYTES_MAX = int(os.environ.get(FRAME_LIMIT, dialing.MESSAGE_BYTES_MAX))
    asyncio.run(read(Path(directory) / "first.sqlite", pubkey, honest))
    before = peak_bytes()
    report = asyncio.run(read(Path(directory) / "second.sqlite", pubkey, hostile))
    growth = peak_bytes() - before
    sys.stdout.write(json.dumps({"growth_bytes": growth, "received": report.relays[0].score.received}))


if __name__ == "__main__":
    main(*sys.argv[1:])
