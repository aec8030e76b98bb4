"""Delays grow, stay bounded, and differ."""

from __future__ import annotations

from random import Random

import pytest

from nostr_usage.relays.backoff import Backoff


@pytest.mark.parametrize(
    ("attempts", "shortest_s", "longest_s"),
    [(0, 1, 2), (1, 1, 2), (2, 2, 4), (3, 4, 8), (6, 30, 60), (1_000_000, 30, 60)],
)
def test_a_delay_doubles_up_to_its_bound(attempts: int, shortest_s: float, longest_s: float) -> None:
    """A delay lies between half of its full length and all of it, and never beyond the longest."""
    backoff = Backoff(first_s=2.0, longest_s=60.0)
    delays = [backoff.delay_s(attempts, random=Random(seed)) for seed in range(50)]
    assert shortest_s <= min(delays)
    assert longest_s >= max(delays)


def test_those_who_fail_together_return_apart() -> None:
    """Jitter makes every delay another one."""
    random = Random(1)
    backoff = Backoff(first_s=2.0, longest_s=60.0)
    assert 20 == len({backoff.delay_s(3, random=random) for _ in range(20)})
