"""A quote as a product shows it while somebody types: with a long history behind it, and against `check`."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from nostr_usage.ledger.entry import AccountId
from nostr_usage.spend import Spender
from nostr_usage.writing.intent import Intent
from scripts.benchmarks.ledgers import SPAN_S, START, fill, new_ledger
from scripts.benchmarks.measuring import Row, compare

LOOKS = 100
SMALL = 1_000


def rows(entries: int, *, rounds: int = 3) -> list[Row]:
    """A quote from history at `entries` against one at a thousand, and against the yes or no alone."""
    with tempfile.TemporaryDirectory() as directory:
        large, small = Path(directory) / "large", Path(directory) / "small"
        for path, count in ((large, entries), (small, SMALL)):
            path.mkdir()
            with new_ledger(path, accounts=1) as ledger:
                fill(ledger, count)
        return [
            compare(
                "quote, as it grows",
                lambda: _look_us(large, _quote),
                lambda: _look_us(small, _quote),
                entries=entries,
                peer_name=f"{SMALL:,} entries",
                unit="µs of CPU",
                goal="≤ 1.5",
                rounds=rounds,
            ),
            compare(
                "quote",
                lambda: _look_us(large, _quote),
                lambda: _look_us(large, _check),
                entries=entries,
                peer_name="check",
                unit="µs of CPU",
                rounds=rounds,
            ),
        ]


def _quote(spender: Spender, account: AccountId) -> None:
    view = spender.quote(Intent(account=account, activity="magic-mentor"))
    assert view.quote.samples, "the history is read"


def _check(spender: Spender, account: AccountId) -> None:
    spender.check(Intent(account=account, activity="magic-mentor"))


def _look_us(directory: Path, look: Callable[[Spender, AccountId], None]) -> float:
    with new_ledger(directory, accounts=1) as ledger:
        ledger.clock.set(START + SPAN_S)
        spender = Spender(store=ledger.store, operator=ledger.operator, catalogue=ledger.catalogue)
        look(spender, ledger.accounts[0])
        started = time.process_time()
        for _ in range(LOOKS):
            look(spender, ledger.accounts[0])
        return (time.process_time() - started) * 1e6 / LOOKS
