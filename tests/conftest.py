"""What many tests use: repeatable chance, a clock that stands still, a signer, and three sorts of relay.

Hypothesis runs the same examples every time: a failure that one run finds, every run finds.
"""

from __future__ import annotations

import random
import signal
from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from nostr_usage.clock import ManualClock
from nostr_usage.nostr.signer import Signer
from tests.signed_events import NOW, signer_of

# Relays are imported by whoever uses one: most tests need none.
if TYPE_CHECKING:
    from nostr_usage.embedded import EmbeddedRelay
    from tests.scripted_relay import ScriptedRelay

# No deadline: on a busy machine the first example of a strategy can take a second.
settings.register_profile("repeatable", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("repeatable")

# A shell that starts the tests in the background has these ignored, and so would every process they start.
for interrupt in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(interrupt) is signal.SIG_IGN:
        signal.signal(interrupt, signal.default_int_handler if interrupt is signal.SIGINT else signal.SIG_DFL)


@pytest.fixture
def entropy() -> Callable[[int], bytes]:
    """Bytes by chance that are the same in every run."""
    return random.Random(1).randbytes


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands at 2 February 2026."""
    return ManualClock(NOW)


@pytest.fixture
def signer() -> Signer:
    """A key that signs any kind, so that tests can play an operator who cheats."""
    return signer_of(1)


@pytest.fixture
async def embedded_relay(clock: ManualClock) -> AsyncGenerator[EmbeddedRelay]:
    """The project's own relay, with a temporary database."""
    from nostr_usage.embedded import EmbeddedRelay

    async with EmbeddedRelay(None, clock=clock) as relay:
        yield relay


@pytest.fixture
async def scripted_relay() -> AsyncGenerator[ScriptedRelay]:
    """A relay that is honest until the test says otherwise."""
    from tests.scripted_relay import ScriptedRelay

    async with ScriptedRelay() as relay:
        yield relay


@pytest.fixture
async def sdk_relay() -> AsyncGenerator[str]:
    """The URL of an independent relay, that of nostr-sdk."""
    from tests.sdk_relay import running_sdk_relay

    async with running_sdk_relay() as url:
        yield url
