"""Asking for a balance loads nothing heavy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from nostr_usage.store import Store

ROOT = Path(__file__).parents[2]
HEAVY = ("pydantic", "orjson", "asyncio", "concurrent.futures", "logging", "nostr_usage.nostr", "coincurve")

ASK = """
import sys
from pathlib import Path
from nostr_usage.store import Store
with Store.open(Path(sys.argv[1])) as store, store.read() as reader:
    assert reader.stream("ab" * 32, "tokens") is None
"""
WRITE = """
store = Store.open(Path(sys.argv[1]))
store.submit(lambda transaction: None).result()
"""


def loaded(script: str, path: Path) -> list[str]:
    """Which of the heavy modules a program ends with."""
    listing = f"{script}\nprint([name for name in {HEAVY!r} if name in sys.modules])"
    run = subprocess.run(
        [sys.executable, "-c", listing, str(path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [name for name in HEAVY if repr(name) in run.stdout]


@pytest.mark.parametrize(
    ("script", "expected"), [(ASK, []), (ASK + WRITE, ["concurrent.futures", "logging"])]
)
def test_balance_loads_nothing_heavy(store_path: Path, script: str, expected: list[str]) -> None:
    """The second case is the control: futures do load logging."""
    Store.open(store_path, create=True).close()
    assert expected == loaded(script, store_path)
