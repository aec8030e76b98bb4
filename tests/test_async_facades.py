"""What waits for the disk has its form for event loops, with the same parameters."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import pytest

from nostr_usage.record import AsyncRecorder, Recorder
from nostr_usage.spend import AsyncSpender, Spender

ONLY_ONE_HAS = {"metered_stream"}


def methods(facade: type) -> Iterator[str]:
    """The names of its public methods."""
    yield from (
        name for name, _ in inspect.getmembers(facade, inspect.isfunction) if not name.startswith("_")
    )


@pytest.mark.parametrize(("waiting", "awaited"), [(Recorder, AsyncRecorder), (Spender, AsyncSpender)])
def test_both_facades_offer_the_same(waiting: type, awaited: type) -> None:
    """Whoever changes to an event loop finds every call, spelled alike."""
    assert set(methods(waiting)) - ONLY_ONE_HAS == set(methods(awaited)) - ONLY_ONE_HAS
    for name in set(methods(waiting)) - ONLY_ONE_HAS:
        expected, found = (inspect.signature(getattr(facade, name)) for facade in (waiting, awaited))
        assert list(expected.parameters) == list(found.parameters), name
